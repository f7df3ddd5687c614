"""Interpretation: what interpreters say of the features of a map, where they differ, what they agree on."""
