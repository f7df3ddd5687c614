"""The survey technique fits the house."""

from vestige.survey.technique import technique
from vestige.testing import TechniqueConformance


class TestContract(TechniqueConformance):
    technique = technique
    scene = {"width": 40, "height": 40, "rings": 1, "cell": 0.25}
    # 2.9 million readings on 11.6 million cells: with its intermediates far more than is left of the memory.
    large_scene = {"width": 850, "height": 850, "rings": 5, "cell": 0.5, "ferrous": 5}
    small_memory = 600 * 2**20
