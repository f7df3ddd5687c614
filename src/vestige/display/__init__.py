"""What a screen shows of captures and products: pyramids, tones, pictures, words.

It switches on the kind of a product, never on a technique; pages and publications both draw from it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
