"""Operator mode: one picture, large buttons, nothing that can be lost."""
