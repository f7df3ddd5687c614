"""Targets: how they look, rendered frames of them, and finding them in a frame."""
