"""Focus stacking: one sharp picture and its depth from frames of different focus."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
