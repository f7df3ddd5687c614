"""Interpretation: what each interpreter says of the features of a map, where they differ, and what they agree on."""
