"""IIIF: images, manifests, collections, search and content state of what an archive keeps."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
