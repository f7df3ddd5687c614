from .canvas import Canvas as Canvas
from .canvas import Layer as Layer
from .canvas import Painting as Painting
from .canvas import Point as Point
from .catalogue import SCENES as SCENES
from .catalogue import Scene as Scene
