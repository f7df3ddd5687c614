"""The vendored libraries are those recorded, with their licences, and small."""

import hashlib
import json
from pathlib import Path

import vestige.web

VENDOR = Path(vestige.web.__file__).parent / "static/vendor"


def test_files_are_those_recorded():
    record = json.loads((VENDOR / "vendor.json").read_text())
    listed = {"vendor.json"}
    for row in record["libraries"]:
        assert row["version"]
        assert row["integrity"].startswith("sha512-")
        assert (VENDOR / row["licence_file"]).stat().st_size > 500
        listed |= {row["licence_file"], *row["files"]}
        for name, digest in row["files"].items():
            assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
    assert {path.name for path in VENDOR.iterdir() if path.suffix != ".ts"} == listed


def test_no_file_is_larger_than_a_mebibyte():
    assert all(path.stat().st_size < 2**20 for path in VENDOR.iterdir())


def test_licences_are_permissive():
    record = json.loads((VENDOR / "vendor.json").read_text())
    allowed = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Apache-2.0", "OFL-1.1", "0BSD"}
    assert {row["licence"] for row in record["libraries"]} <= allowed
    assert {part["licence"] for row in record["libraries"] for part in row.get("within", [])} <= allowed
