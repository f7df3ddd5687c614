"""libvips without its cache of operations.

The cache goes by file name: a file that was written anew, or a descriptor that was opened anew, would show
its old pixels. Import `pyvips` from here only.
"""

import pyvips

__all__ = ["pyvips"]

pyvips.cache_set_max(0)
