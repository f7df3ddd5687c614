from .images import Answer as Answer
from .images import ImageService as ImageService
from .names import Picture as Picture
from .wishes import Unsupported as Unsupported
from .wishes import Wish as Wish
from .wishes import wish as wish
