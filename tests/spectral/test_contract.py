"""Spectral imaging fits the house."""

from vestige.spectral.technique import technique
from vestige.testing import TechniqueConformance


class TestContract(TechniqueConformance):
    technique = technique
    scene = {"height": 96, "lamps": [450, 540, 620, 900]}
    recipe = {"components": 3}
    # 2 MP x (1 raw + dark + flat) x float32 x 5 lamps, several times over in work: more than is left.
    large_scene = {"height": 1400, "lamps": [450, 540, 620, 900]}
    small_memory = 600 * 2**20
