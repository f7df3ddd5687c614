"""Small sites and files that the survey tests share."""

from pathlib import Path

import numpy as np
import pytest

from vestige.survey.forward.simulate import make
from vestige.survey.recipe import SceneRecipe


@pytest.fixture(scope="session")
def scene(tmp_path_factory):
    """A small simulated site: its folder and its truth."""
    folder = tmp_path_factory.mktemp("site")
    make(SceneRecipe(width=60, height=60, rings=2, cell=0.25, missing=0.1), folder, seed=5)
    return folder, np.load(folder / "truth" / "truth.npz")


@pytest.fixture
def geoplot(tmp_path):
    """A good Geoplot composite of 4 traverses of 8 readings."""

    def write(folder: Path = tmp_path, end: str = "\r\n") -> Path:
        lengths = ["4 m", "4 m", "1 m", ".5 m"]
        lines = [
            "s",
            "c",
            "",
            "",
            "E",
            *lengths,
            "Gradiom.",
            "FM36",
            "",
            "2 m",
            "2 m",
            "On",
            "Data",
            "1",
            "nT",
            "3",
        ]
        (folder / "a.CMD").write_bytes("".join(f'"{line}"{end}' for line in lines).encode())
        values = np.arange(32, dtype="<f4")
        values[5] = 2047.5
        (folder / "a.CMP").write_bytes(values.tobytes())
        return folder / "a.CMP"

    return write


@pytest.fixture
def xyz(tmp_path):
    """A good XYZ file: three zig-zag traverses to the east, with headings."""
    rows = [
        (100 + x, 50 - line, line + 0.1 * x)
        for line in range(3)
        for x in (np.arange(8) * 0.5)[:: -1 if line % 2 else 1]
    ]
    path = tmp_path / "site.csv"
    path.write_text("X,Y,TOP,GRAD\n" + "".join(f"{x:.2f},{y:.2f},49000,{v:.3f}\n" for x, y, v in rows))
    return path


@pytest.fixture
def saga(tmp_path):
    """A good SAGA grid of 3 rows of 4."""
    (tmp_path / "g.sgrd").write_text(
        "NAME = g\nDATAFORMAT = FLOAT\nBYTEORDER_BIG = FALSE\nDATAFILE_OFFSET = 0\nPOSITION_XMIN = 10.25\n"
        "POSITION_YMIN = 20.25\nCELLCOUNT_X = 4\nCELLCOUNT_Y = 3\nCELLSIZE = 0.5\nZ_FACTOR = 1\n"
        "NODATA_VALUE = -99999\nTOPTOBOTTOM = FALSE\n"
    )
    values = np.arange(12, dtype="<f4")
    values[3] = -99999
    (tmp_path / "g.sdat").write_bytes(values.tobytes())
    return tmp_path / "g.sgrd"
