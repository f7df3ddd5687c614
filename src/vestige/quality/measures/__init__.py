"""Measures: one a module, pure functions of light and geometry."""
