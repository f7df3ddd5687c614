from .database import open_database as open_database
from .database import reading as reading
from .database import writing as writing
