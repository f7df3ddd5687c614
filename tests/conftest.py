"""Fixtures that all tests share: real captures, and what the machine must have."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples at every run, and no clock: a busy machine is no fault of the code.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

REQUIRE_ALL = os.environ.get("VESTIGE_REQUIRE_ALL") == "1"


def unavailable(what: str, how: str) -> None:
    """Skip with words that say what is missing; a failure where everything is required."""
    sentence = f"{what} is not here: {how}"
    if REQUIRE_ALL:
        pytest.fail(sentence)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real captures."""
    folder = os.environ.get("VESTIGE_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        unavailable("the folder of real captures", "set VESTIGE_REAL_DATA")
    return Path(folder)


@pytest.fixture(scope="session")
def schemas(real_data: Path) -> Path:
    """The folder of official XML schemas, beside the real captures."""
    folder = Path(os.environ.get("VESTIGE_SCHEMAS", real_data.parent / "schemas"))
    if not folder.is_dir():
        unavailable("the folder of official schemas", "set VESTIGE_SCHEMAS")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        unavailable("Chromium", "apt-get install chromium")
    return str(found)


@pytest.fixture(scope="session")
def fraktur() -> str:
    """Tesseract's data for Fraktur, from the system."""
    for folder in [
        os.environ.get("TESSDATA_PREFIX", ""),
        *Path("/usr/share/tesseract-ocr").glob("*/tessdata"),
    ]:
        for name in ("Fraktur", "script/Fraktur", "frk"):
            if folder and (Path(folder) / f"{name}.traineddata").is_file():
                return name
    unavailable("Tesseract's Fraktur data", "apt-get install tesseract-ocr-script-frak")
    return ""


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_VESTIGE_COMPLETE", raising=False)
