"""The archive: captures and products kept for good, with proof of how each was made."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
