"""Relighting fits the house."""

from vestige.relight.technique import technique
from vestige.testing import TechniqueConformance


class TestContract(TechniqueConformance):
    technique = technique
    scene = {"size": 96, "lights": 8, "rings": 2}
    recipe = {"basis": "ptm"}
    # 17 MB of float32 a frame and the same encoded, 270 MB together: more than is left of the memory granted.
    large_scene = {"size": 1200, "lights": 8, "rings": 2, "shadows": False}
    small_memory = 480 * 2**20
