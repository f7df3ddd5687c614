"""Books and newspapers: double pages to single pages, cropped and upright, with text and a searchable PDF."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
