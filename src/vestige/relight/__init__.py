"""Relighting: pictures whose light moves, normals, albedo and height from frames lit from all sides."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
