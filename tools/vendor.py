"""Fetch the browser libraries of the page and put them into ``src/vestige/web/static/vendor``.

Each library comes from the npm registry at the version named below. esbuild cuts it to the parts the page
imports and minifies them into one ES module, so that nothing has to be built when Vestige is installed.
``vendor.json`` records version, registry integrity, SHA-256 of the committed file, and licence. What only the
tests use (axe-core, which looks for what shuts people out) lies in ``tests/web/vendor`` and is in no wheel.

    python tools/vendor.py            fetch, cut, write
    python tools/vendor.py --check    compare the committed files with vendor.json (no network)
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "src/vestige/web/static/vendor"
TESTING = ROOT / "tests/web/vendor"
ESBUILD = "esbuild@0.28.2"


@dataclass(frozen=True)
class Library:
    """One package: what the page takes from it."""

    package: str
    version: str
    licence: str
    entry: str = ""
    files: dict[str, str] = field(default_factory=dict)
    licence_file: str = "LICENSE"
    folder: Path = VENDOR

    @property
    def name(self) -> str:
        """The name of its files in the vendor folder."""
        return self.package.rsplit("/", 1)[-1].removesuffix(".org")


LIBRARIES = (
    Library(
        "openseadragon",
        "6.1.1",
        "BSD-3-Clause",
        "export { default } from 'openseadragon';",
        licence_file="LICENSE.txt",
    ),
    Library(
        "three",
        "0.187.0",
        "MIT",
        "export { ACESFilmicToneMapping, Box3, Color, DirectionalLight, HemisphereLight, "
        "MeshStandardMaterial, PerspectiveCamera, Scene, Sphere, Vector3, WebGLRenderer } from 'three';\n"
        "export { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';\n"
        "export { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';",
    ),
    Library(
        "ol",
        "10.10.0",
        "BSD-2-Clause",
        "export { default as Map } from 'ol/Map.js';\n"
        "export { default as View } from 'ol/View.js';\n"
        "export { default as Feature } from 'ol/Feature.js';\n"
        "export { default as ImageLayer } from 'ol/layer/Image.js';\n"
        "export { default as TileLayer } from 'ol/layer/Tile.js';\n"
        "export { default as VectorLayer } from 'ol/layer/Vector.js';\n"
        "export { default as ImageCanvas } from 'ol/source/ImageCanvas.js';\n"
        "export { default as ImageStatic } from 'ol/source/ImageStatic.js';\n"
        "export { default as TileImage } from 'ol/source/TileImage.js';\n"
        "export { default as VectorSource } from 'ol/source/Vector.js';\n"
        "export { default as GeoJSON } from 'ol/format/GeoJSON.js';\n"
        "export { default as TileGrid } from 'ol/tilegrid/TileGrid.js';\n"
        "export { MultiPolygon, Point } from 'ol/geom.js';\n"
        "export { default as Projection } from 'ol/proj/Projection.js';\n"
        "export { default as ScaleLine } from 'ol/control/ScaleLine.js';\n"
        "export { Circle, Fill, Stroke, Style, Text } from 'ol/style.js';",
        files={"ol.css": "ol.css"},
        licence_file="LICENSE.md",
    ),
    Library(
        "htmx.org",
        "2.0.11",
        "0BSD",
        "import htmx from 'htmx.org';\nglobalThis.htmx = htmx;\nexport default htmx;",
    ),
    Library("axe-core", "4.14.1", "MPL-2.0", files={"axe.min.js": "axe.js"}, folder=TESTING),
    Library(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        files={"files/inter-latin-wght-normal.woff2": "inter.woff2"},
    ),
    Library(
        "@fontsource-variable/source-serif-4",
        "5.3.1",
        "OFL-1.1",
        files={"files/source-serif-4-latin-wght-normal.woff2": "source-serif-4.woff2"},
    ),
)


def fetch(folder: Path) -> None:
    """Install every package at its version into `folder`, without running any script of theirs."""
    wanted = [f"{library.package}@{library.version}" for library in LIBRARIES]
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", ESBUILD, *wanted]
    subprocess.run(command, cwd=folder, check=True)


def build(library: Library, folder: Path) -> dict[str, object]:
    """Write one library's files into the vendor folder; its row of the record."""
    package = folder / "node_modules" / library.package
    written, within = [], []
    licence = library.folder / f"{library.name}.LICENCE.txt"
    shutil.copyfile(package / library.licence_file, licence)
    if library.entry:
        out, bundled = bundle(library, folder)
        written.append(out)
        for name in bundled:
            within.append(describe(folder / "node_modules" / name))
            text = next((folder / "node_modules" / name).glob("[Ll][Ii][Cc][Ee][Nn][SsCc]*")).read_text()
            with licence.open("a") as stream:
                stream.write(f"\n\n---- within: {name} ----\n\n{text}")
    for source, target in library.files.items():
        written.append(Path(shutil.copyfile(package / source, library.folder / target)))
    lock = json.loads((folder / "package-lock.json").read_text())["packages"]
    return {
        "package": library.package,
        "version": library.version,
        "licence": library.licence,
        "licence_file": licence.name,
        "integrity": lock[f"node_modules/{library.package}"]["integrity"],
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written},
        "within": within,
    }


def bundle(library: Library, folder: Path) -> tuple[Path, list[str]]:
    """One minified ES module, and the names of other packages that went into it."""
    entry, notes = folder / f"{library.name}.entry.js", folder / f"{library.name}.json"
    entry.write_text(library.entry)
    out = library.folder / f"{library.name}.js"
    command = ["npx", "esbuild", str(entry), "--bundle", "--minify", "--format=esm", "--target=es2022"]
    command += ["--legal-comments=inline", f"--outfile={out}", f"--metafile={notes}", "--log-level=warning"]
    subprocess.run(command, cwd=folder, check=True)
    inputs = json.loads(notes.read_text())["inputs"]
    used = [re.match(r"node_modules/((?:@[^/]+/)?[^/]+)/", name) for name in inputs]
    return out, sorted({found[1] for found in used if found} - {library.package})


def describe(package: Path) -> dict[str, str]:
    """Name, version and licence of an installed package."""
    told = json.loads((package / "package.json").read_text())
    return {"package": told["name"], "version": told["version"], "licence": told["license"]}


def check() -> list[str]:
    """What differs between the committed files and the records."""
    return [
        f"{name} is not the file recorded in vendor.json"
        for folder in (VENDOR, TESTING)
        for row in json.loads((folder / "vendor.json").read_text())["libraries"]
        for name, digest in row["files"].items()
        if not (folder / name).is_file() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
    ]


def main() -> int:
    """Fetch, or check with ``--check``."""
    if "--check" in sys.argv[1:]:
        problems = check()
        print("\n".join(problems) or "vendored files are as recorded")
        return 1 if problems else 0
    with tempfile.TemporaryDirectory() as temporary:
        fetch(Path(temporary))
        for folder in (VENDOR, TESTING):
            folder.mkdir(parents=True, exist_ok=True)
            rows = [build(library, Path(temporary)) for library in LIBRARIES if library.folder == folder]
            record = {"made_by": "tools/vendor.py", "bundler": ESBUILD, "libraries": rows}
            (folder / "vendor.json").write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
