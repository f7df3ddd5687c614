"""What every technique must do."""

from vestige.pages.technique import technique
from vestige.testing import TechniqueConformance


class TestContract(TechniqueConformance):
    technique = technique
    scene = {"spreads": 1, "singles": 1, "width": 420}
    recipe = {"language": "eng", "pdf_side": 600}
    large_scene = {"spreads": 1, "singles": 0, "width": 3600}
