"""libvips without its cache of operations, and without Python listening to its log.

The cache goes by file name: a file that was written anew, or a descriptor that was opened anew, would show
its old pixels. A log handler written in Python swallows a Ctrl-C that comes while it runs. Import `pyvips`
from here only.
"""

import os

os.environ.setdefault("VIPS_WARNING", "0")  # what is wrong with a file is said by our own errors

import pyvips

__all__ = ["pyvips"]

pyvips.cache_set_max(0)
pyvips._remove_log_handler()
