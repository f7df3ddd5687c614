"""The lab: its devices by their daily charts, what drifts, and since when."""
