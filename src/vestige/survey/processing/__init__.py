"""Steps from readings as recorded to a grid that can be read."""
