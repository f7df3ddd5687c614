"""Steps from readings as recorded to a grid that can be read, each a function of its own; and the depth of
what lies beneath.
"""
