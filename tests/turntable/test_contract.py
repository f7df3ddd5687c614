"""The turntable keeps the contract of a technique."""

from vestige.testing import TechniqueConformance
from vestige.turntable.technique import technique


class TestContract(TechniqueConformance):
    technique = technique
    scene = {"views": 8, "width": 140, "height": 150, "truth_mm": 2.0}
    recipe = {"resolution": 64}
    large_scene = {"views": 8, "width": 800, "height": 860, "truth_mm": 2.0}
    small_memory = 520 * 2**20
