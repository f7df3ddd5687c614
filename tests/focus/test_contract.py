"""Focus stacking fits the house."""

from vestige.focus.technique import technique
from vestige.testing import TechniqueConformance


class TestContract(TechniqueConformance):
    technique = technique
    scene = {"height": 96, "frames": 5}
    recipe = {"proxy": 512}
    # 10 MB of float32 a frame, ten times that in work: more than is left of the memory granted.
    large_scene = {"height": 800, "frames": 8, "blur": 0.4}
    small_memory = 600 * 2**20
