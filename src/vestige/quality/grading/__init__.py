"""Grades by the standards of the field, from thresholds in data files that name their sources."""
