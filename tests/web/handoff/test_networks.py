"""In two network namespaces: from 'to my phone' to the first file in a phone's browser, and nothing else to reach."""

import hashlib

import cv2
import numpy as np
import pytest

from vestige.errors import MissingError
from vestige.testing import networks

PICTURE = cv2.imencode(".jpg", np.full((600, 400, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture
def world():
    pytest.importorskip("playwright.sync_api", reason="playwright is not here: pip install playwright")
    made = networks.scanner_and_phone()
    try:
        made.__enter__()
    except MissingError as error:
        pytest.skip(f"network namespaces are not here: {error}")
    yield
    made.__exit__(None, None, None)


def test_a_phone_gets_its_first_file_and_reaches_nothing_else(world, chromium, tmp_path):
    (tmp_path / "picture.jpg").write_bytes(PICTURE)
    with networks.service(tmp_path):
        told = networks.visit(tmp_path, tmp_path / "picture.jpg", chromium)
        assert told["codes"][0] == "WIFI:T:WPA;S:Scans;P:abcd2345efgh;;"
        assert told["digest"] == hashlib.sha256(PICTURE).hexdigest()
        assert told["seconds"] < 30
        assert networks.reaches(80)
        assert not [port for port in (8770, 8765, 443) if networks.reaches(port)]
