"""One way in and out for every image format; linear light, strips, and the registration that techniques
share.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
