"""An archive, and frames to take in."""

import io

import numpy as np
import pytest
from PIL import Image

from vestige.archive import Archive
from vestige.web import create_app


def picture(seed: int = 0, side: int = 48) -> bytes:
    """A small PNG."""
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="session")
def frames():
    """Four frames of a focus series, by the path a browser gives them."""
    return {f"coin/frame_{number}_{number}.5mm.png": picture(number) for number in range(1, 5)}


@pytest.fixture
def museum(tmp_path):
    """A new archive."""
    Archive.make(tmp_path / "museum").close()
    return tmp_path / "museum"


@pytest.fixture
def app(museum):
    made = create_app(museum)
    yield made
    made.state.bench.close()


@pytest.fixture
def client(app, browse):
    return browse(app)


@pytest.fixture
def send(client):
    """``send(key, name, data)``: a file in pieces of 1000 bytes, as the page sends it."""

    def sent(key, name, data, size=1000):
        answer = None
        for start in range(0, len(data), size):
            query = {"name": name, "size": len(data), "offset": start, "modified": 7}
            answer = client.post(f"/intake/{key}/piece", params=query, content=data[start : start + size])
            if answer.status_code != 200:
                break
        return answer

    return sent


@pytest.fixture
def begun(client):
    """The key of a new tray."""
    answer = client.post("/intake", data={"identifier": "Coin 7"}, headers={"accept": "application/json"})
    assert answer.status_code == 201
    return answer.json()["key"]
