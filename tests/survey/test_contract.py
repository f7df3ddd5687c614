"""The survey technique fits the house."""

from vestige.survey.technique import technique
from vestige.testing import TechniqueConformance


class TestContract(TechniqueConformance):
    technique = technique
    scene = {"width": 40, "height": 40, "rings": 1, "cell": 0.25}
    # 410,000 readings on 1.6 million cells; interpreter and libraries take about 300 MiB of the memory granted.
    large_scene = {"width": 320, "height": 320, "rings": 5, "cell": 0.5, "ferrous": 5}
    small_memory = 512 * 2**20
