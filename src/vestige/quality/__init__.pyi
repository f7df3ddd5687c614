from .exposure import Exposure as Exposure
from .exposure import exposure as exposure
from .noise import noise as noise
from .sharpness import sharpness_map as sharpness_map
