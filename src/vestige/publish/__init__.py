"""Publication: what an archive keeps, for the web of libraries and museums.

One object as IIIF, as a static website, as a bag or a crate; rights and embargo are obeyed here.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
