"""Imported by worker processes only: makes the drill known there."""

from vestige.contract.registry import register
from vestige.testing.drill import technique

register(technique)
