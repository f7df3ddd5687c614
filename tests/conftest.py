"""Fixtures that all tests share: real captures, and what the machine must have."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from functools import partial
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


@pytest.fixture(scope="session")
def _postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this test run's own: its socket's folder."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    program = shutil.which("initdb") or (str(found[-1]) if found else "")
    if not program:
        unavailable("PostgreSQL", "apt-get install postgresql")
    # PostgreSQL refuses to run as root, and the path of a socket must be short.
    as_other = {"user": "nobody", "group": "nogroup"} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="vpg"))
    if as_other:
        shutil.chown(folder, **as_other)
    run = partial(subprocess.run, check=True, capture_output=True, cwd=folder, extra_groups=[], **as_other)
    if not as_other:
        run = partial(subprocess.run, check=True, capture_output=True, cwd=folder)
    data, control = folder / "data", Path(program).with_name("pg_ctl")
    run([program, "-D", data, "-U", "vestige", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"])
    run(
        [
            control,
            "-D",
            data,
            "-w",
            "-l",
            folder / "log",
            "-o",
            f"-k {folder} -c listen_addresses=''",
            "start",
        ]
    )
    try:
        yield str(folder)
    finally:
        run([control, "-D", data, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql(_postgresql_server: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    import psycopg

    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(
        host=_postgresql_server, user="vestige", dbname="postgres", autocommit=True
    ) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"postgresql://vestige@/{name}?host={_postgresql_server}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgis(postgresql: str) -> str:
    """The address of an empty database with PostGIS."""
    import psycopg

    with psycopg.connect(postgresql, autocommit=True) as connection:
        try:
            connection.execute("CREATE EXTENSION postgis")
        except psycopg.Error:
            unavailable("PostGIS", "apt-get install postgresql-postgis")
    return postgresql
