"""Datasets, networks, training, and what a trained network is worth."""
