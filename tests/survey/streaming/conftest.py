"""A small site, and its lines as a logger would send them."""

import numpy as np
import pytest

from vestige.survey import Survey
from vestige.survey.streaming.replay import sent


@pytest.fixture(scope="session")
def lines():
    """24 lines of 30 m, half a metre apart, with stripes, a spike and a gap: their texts."""
    random = np.random.default_rng(7)
    values = random.normal(0, 0.4, (24, 120)).astype(np.float32) + random.normal(0, 1, (24, 1)).astype("f4")
    values[5, 40] += 60
    values[8:12, 50:90] += 4
    values[15, 20:26] = np.nan
    survey = Survey(values, 0.5, 0.25, easting=431000.125, northing=287011.75)
    return [text for _, text in sent(survey)]


@pytest.fixture(scope="session")
def one_file(lines):
    """The same readings as one delimited file."""
    rows = [row.split(b",", 1)[1] for text in lines for row in text.splitlines()[:-1]]
    return b"easting,northing,nT\n" + b"\n".join(rows) + b"\n"
