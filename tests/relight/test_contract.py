"""Relighting fits the house."""

from vestige.relight.technique import technique
from vestige.testing import TechniqueConformance


class TestContract(TechniqueConformance):
    technique = technique
    scene = {"size": 96, "lights": 8, "rings": 2}
    recipe = {"basis": "ptm"}
    # 10 MB of float32 a frame and the same encoded, 155 MB together, where some 32 MB are left for arrays.
    large_scene = {"size": 900, "lights": 8, "rings": 2, "shadows": False}
    small_memory = 480 * 2**20
