"""The page: captures and products of a folder, one viewer for each kind of product."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
