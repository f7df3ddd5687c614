"""Conformance suites: what passes them fits the house. Needs pytest (``pip install 'vestige[test]'``)."""

from vestige.testing.mutants import mutants
from vestige.testing.technique import TechniqueConformance

__all__ = ["TechniqueConformance", "mutants"]
