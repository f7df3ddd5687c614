"""Relighting fits the house."""

from vestige.relight.technique import technique
from vestige.testing import TechniqueConformance


class TestContract(TechniqueConformance):
    technique = technique
    scene = {"size": 96, "lights": 8, "rings": 2}
    recipe = {"basis": "ptm"}
    # 30 MB of float32 a frame, 250 MB together with the encoded copy as much again: more than is left.
    large_scene = {"size": 1600, "lights": 8, "rings": 2, "shadows": False}
    small_memory = 600 * 2**20
