"""Vestige: from frames of a heritage object or site to finished, measured, publishable results.

>>> import vestige
>>> isinstance(vestige.__version__, str)
True
"""

__version__ = "0.1.0"
