"""Jobs: work that is queued, granted what it may use, and never lost."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
