"""A folder with one small product of every kind, made without any technique."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import uvicorn
from fastapi.testclient import TestClient

from vestige.capture import Capture, Frame, Thing, coordinates, save
from vestige.contract.kinds import Kind
from vestige.contract.report import ProductRecord, Report, Software, to_json

HOME = "http://127.0.0.1:8765"
SIDE = 1300
CHROMIUM_FLAGS = (
    "--no-sandbox --no-first-run --disable-background-networking --disable-component-update --disable-sync "
    "--use-angle=swiftshader --enable-unsafe-swiftshader"
)


@pytest.fixture(scope="module")
def browser(chromium):
    """Chromium, for the tests of one module: while it is open, no other event loop can run."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not here: pip install playwright"
    )
    with playwright.sync_playwright() as run:
        started = run.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS.split())
        yield started
        started.close()


@pytest.fixture(scope="session")
def served():
    """`with served(app) as address`: an application on a port of its own (or `port`) while the block runs."""
    return _served


@contextmanager
def _served(app: Any, port: int = 0, **settings: Any) -> Iterator[str]:
    config = uvicorn.Config(app, **{"log_level": "error", "timeout_graceful_shutdown": 1} | settings)
    server = uvicorn.Server(config)
    if hasattr(app, "state"):
        app.state.stopping = lambda: server.should_exit
    with closing(socket.create_server(("127.0.0.1", port))) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server does not start"
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def _hill(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    rings = 0.06 * np.sin(14 * np.hypot(x, y)) + 0.04 * np.sin(9 * x + 3 * y)
    return (np.exp(-2.2 * (x**2 + y**2)) + rings * np.exp(-(x**2 + y**2))).astype(np.float32)


def _normals(height: np.ndarray, strength: float = 220.0) -> np.ndarray:
    down, across = np.gradient(height * strength)
    normals = np.dstack([-across, down, np.ones_like(height)])
    return normals / np.linalg.norm(normals, axis=2, keepdims=True)


def _colour(height: int, width: int) -> np.ndarray:
    hill = _hill(height, width)
    shade = 0.35 + 0.65 * np.clip(_normals(hill) @ np.array([-0.5, 0.5, 0.7]), 0, 1)
    tint = np.dstack([0.82 - 0.2 * hill, 0.7 - 0.1 * hill, 0.5 + 0.1 * hill])
    return np.clip(tint * shade[..., None], 0, 1).astype(np.float32)


def _image(folder: Path) -> dict[str, Any]:
    pixels = (_colour(SIDE, SIDE + 200) * 65535).astype(np.uint16)
    tifffile.imwrite(folder / "image.tif", pixels, photometric="rgb")
    return {}


def _depth(folder: Path) -> dict[str, Any]:
    depth = 4 * _hill(900, 1000)
    depth[:40, :60] = np.nan
    tifffile.imwrite(folder / "depth.tif", depth, tile=(256, 256))
    return {"unit": "mm"}


def _bands(folder: Path) -> dict[str, Any]:
    hill, colour = _hill(600, 800), _colour(600, 800)
    cube = np.stack(
        [np.clip(colour.mean(2) * (0.4 + 0.1 * band) + 0.05 * band * hill, 0, 1) for band in range(6)]
    )
    with tifffile.TiffWriter(folder / "bands.ome.tif", ome=True) as writer:
        options = {"tile": (256, 256), "photometric": "minisblack"}
        writer.write(cube.astype(np.float32), subifds=1, metadata={"axes": "CYX"}, **options)
        writer.write(cube[:, ::2, ::2].astype(np.float32), subfiletype=1, **options)
    return {"wavelengths": [400, 450, 540, 620, 750, 940]}


def _relightable(folder: Path) -> dict[str, Any]:
    import cv2

    target = folder / "relight"
    target.mkdir()
    normals = _normals(_hill(256, 320))
    albedo = np.array([0.8, 0.7, 0.55])
    terms = np.stack(
        [
            0.75 * normals[..., 2],
            0.6 * normals[..., 0],
            0.6 * normals[..., 1],
            *(0 * normals[..., :3].transpose(2, 0, 1)),
        ]
    )
    planes = (terms[:, None] * albedo[None, :, None, None]).reshape(18, 256, 320)
    low, high = planes.min((1, 2)), planes.max((1, 2))
    scale = np.maximum(high - low, 1e-3)
    bias = -low / scale
    for number in range(6):
        part = slice(3 * number, 3 * number + 3)
        codes = planes[part] / scale[part, None, None] + bias[part, None, None]
        pixels = (codes.transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)
        cv2.imwrite(str(target / f"plane_{number}.jpg"), pixels[..., ::-1])
    info = {
        "width": 320,
        "height": 256,
        "format": "jpg",
        "type": "ptm",
        "colorspace": "rgb",
        "nplanes": 18,
        "lights": [],
    }
    info["materials"] = [{"scale": scale.tolist(), "bias": bias.tolist()}]
    (target / "info.json").write_text(json.dumps(info))
    return {}


def _normals_product(folder: Path) -> dict[str, Any]:
    codes = (_normals(_hill(500, 620)) + 1) / 2 * 65535
    tifffile.imwrite(folder / "normals.tif", codes.astype(np.uint16), photometric="rgb")
    return {}


def _mesh(folder: Path) -> dict[str, Any]:
    import trimesh

    mesh = trimesh.creation.icosphere(subdivisions=4)
    mesh.vertices *= 1 + 0.12 * np.sin(6 * mesh.vertices[:, [1]])
    mesh.visual.vertex_colors = (
        np.c_[128 + 90 * mesh.vertices, np.full(len(mesh.vertices), 255)].clip(0, 255).astype(np.uint8)
    )
    (folder / "model.glb").write_bytes(
        trimesh.exchange.gltf.export_glb(trimesh.Scene(mesh), include_normals=True)
    )
    return {}


WORDS = [
    "Habe",
    "nun",
    "ach",
    "Philosophie",
    "Juristerei",
    "und",
    "Medizin",
    "durchaus",
    "studiert",
    "mit",
    "heißem",
    "Bemühn",
]


def _page(folder: Path) -> dict[str, Any]:
    (folder / "pages").mkdir()
    for number in (1, 2, 3):
        paper = np.full((900, 640, 3), (250, 244, 230), np.uint8)
        for place in range(len(WORDS)):
            left, top = 60 + 130 * (place % 4), 100 + 60 * (place // 4)
            paper[top : top + 24, left : left + 100] = (60, 50, 40)
        tifffile.imwrite(folder / f"pages/{number:04d}.tif", paper, photometric="rgb", tile=(256, 256))
    return {}


def _text(folder: Path) -> dict[str, Any]:
    (folder / "text").mkdir()
    for number in (1, 2, 3):
        lines = []
        for row in range(0, len(WORDS), 4):
            strings = "".join(
                f'<String CONTENT="{word}" HPOS="{60 + 130 * n}" VPOS="{100 + 15 * row}" WIDTH="100" HEIGHT="24" WC="0.{4 + n}"/>'
                for n, word in enumerate(WORDS[row : row + 4])
            )
            lines.append(f"<TextLine>{strings}</TextLine>")
        alto = '<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout><Page WIDTH="640" HEIGHT="900"><PrintSpace>'
        alto += f"<TextBlock>{''.join(lines)}</TextBlock></PrintSpace></Page></Layout></alto>"
        (folder / f"text/{number:04d}.xml").write_text(alto, encoding="utf-8")
    return {}


def _document(folder: Path) -> dict[str, Any]:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(folder / "volume.pdf"))
    canvas.drawString(72, 700, " ".join(WORDS))
    canvas.save()
    return {}


def _field() -> np.ndarray:
    y, x = np.mgrid[0:200, 0:260]
    ring = np.exp(-((np.hypot(x - 90, y - 100) - 40) ** 2) / 18) * 4
    line = np.exp(-((x - 1.2 * y - 60) ** 2) / 30) * 2
    return (ring + line + 0.6 * np.random.default_rng(1).standard_normal(ring.shape)).astype(np.float32)


def _georeferenced(path: Path, values: np.ndarray, nodata: float | None) -> None:
    import rasterio
    from affine import Affine

    shape = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype.name}
    place = Affine(0.5, 0.0, 480000, 0.0, -0.5, 5260000)
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:31256", transform=place, nodata=nodata, **shape
    ) as raster:
        raster.write(values, 1)


def _grid(folder: Path) -> dict[str, Any]:
    values = _field()
    values[:20, :30] = np.nan
    _georeferenced(folder / "processed.tif", values, np.nan)
    return {"unit": "nT"}


def _classes(folder: Path) -> dict[str, Any]:
    _georeferenced(folder / "classes.tif", (_field() > 2).astype(np.uint8), None)
    return {"classes": ["background", "feature"]}


def _features(folder: Path) -> dict[str, Any]:
    import geopandas
    from shapely.geometry import Point

    ring = Point(480045, 5259950).buffer(22).difference(Point(480045, 5259950).buffer(18))
    pit = Point(480110, 5259930).buffer(4)
    rows = {"class": ["ring", "pit"], "confidence": [0.93, 0.61], "geometry": [ring, pit]}
    geopandas.GeoDataFrame(rows, crs="EPSG:31256").to_file(
        folder / "features.gpkg", layer="features", engine="pyogrio"
    )
    return {}


def _model(folder: Path) -> dict[str, Any]:
    onnx = pytest.importorskip("onnx")
    port = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 1, None, None]) for name in "xy"
    ]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "small", port[:1], port[1:])
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.helper.set_model_props(made, {"classes": "background, feature"})
    onnx.save(made, folder / "model.onnx")
    return {}


def _table(folder: Path) -> dict[str, Any]:
    rows = "\n".join(f"{number},{number / 7:.3f},<b>not bold</b>" for number in range(40))
    (folder / "table.csv").write_text(f"site,score,remark\n{rows}\n", encoding="utf-8")
    return {}


def _report(folder: Path) -> dict[str, Any]:
    (folder / "notes.html").write_text("<h1>Notes</h1><script>document.title='ran'</script>")
    return {}


MADE = [
    ("picture", Kind.IMAGE, "image.tif", _image),
    ("depth", Kind.DEPTH, "depth.tif", _depth),
    ("bands", Kind.BANDS, "bands.ome.tif", _bands),
    ("light", Kind.RELIGHTABLE, "relight", _relightable),
    ("normals", Kind.NORMALS, "normals.tif", _normals_product),
    ("model", Kind.MESH, "model.glb", _mesh),
    ("leaves", Kind.PAGE, "pages", _page),
    ("words", Kind.TEXT, "text", _text),
    ("volume", Kind.TEXT, "volume.pdf", _document),
    ("processed", Kind.GRID, "processed.tif", _grid),
    ("classes", Kind.CLASSES, "classes.tif", _classes),
    ("outlines", Kind.FEATURES, "features.gpkg", _features),
    ("network", Kind.MODEL, "model.onnx", _model),
    ("scores", Kind.TABLE, "table.csv", _table),
    ("notes", Kind.REPORT, "notes.html", _report),
]


def write_report(folder: Path, records: list[ProductRecord], title: str = "One of every kind") -> None:
    """A report over products that lie in `folder`."""
    report = Report(
        technique="toy",
        operation="run",
        operation_version="1",
        title=title,
        key="0" * 16,
        inputs=[],
        recipe={"levels": 4, "overrides": {}},
        seed=7,
        started=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        seconds=3.25,
        peak_mib=210.0,
        budget={"cores": 2},
        software=Software(
            vestige="0.1.0", commit="", python="3.11", machine="x86_64", libraries={"numpy": "2"}
        ),
        products=records,
        measurements={"residual_px": 0.12, "frames": {"used": 7, "left_out": 1}},
        warnings=["frame_03.tif was <left out>: it is blurred"],
    )
    (folder / "report.json").write_bytes(to_json(report))
    (folder / "report.html").write_text(
        "<!doctype html><title>Report</title><style>h1{color:teal}</style><h1>Report</h1>"
    )


def record(name: str, kind: Kind, path: str, about: dict[str, Any] | None = None) -> ProductRecord:
    """One line of a report."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return ProductRecord(name=name, kind=kind, path=path, bytes=1, blake3=digest, about=about or {})


def write_capture(folder: Path, frames: int = 4) -> None:
    """A capture of small PNG frames along two axes."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for number in range(frames):
        pixels = (_colour(120, 160) * (0.5 + 0.12 * number) * 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"frame_{number:02d}.png"), pixels[..., ::-1])
        light = (0.6, 0.0, 0.8)
        listed.append(
            Frame(
                file=f"frame_{number:02d}.png",
                coordinates=coordinates(wavelength=400 + 50 * number, light=light),
            )
        )
    capture = Capture(thing=Thing(title="A <coin> & its case"), frames=listed)
    save(capture, folder)


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as first made; tests take a copy where they change something."""
    root = tmp_path_factory.mktemp("page") / "Collection"
    made = root / "products" / "every-kind"
    made.mkdir(parents=True)
    records = [record(name, kind, path, make(made)) for name, kind, path, make in MADE]
    write_report(made, records)
    write_capture(root / "captures" / "coin")
    return root


def meant(app: Any) -> TestClient:
    """A browser without a window whose changes are meant: it shows the token of the page with each."""
    client = TestClient(app, base_url=HOME, follow_redirects=False)
    answer = client.get("/")
    client.headers["x-csrf"] = re.search(r'name="csrf" content="(\w+)"', answer.text)[1]
    return client


@pytest.fixture(scope="session")
def browse() -> Callable[[Any], TestClient]:
    """``browse(app)``: a client on an application, whose POSTs pass the gate."""
    return meant


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy of the folder that a test may spoil."""
    return Path(shutil.copytree(original, tmp_path / "Collection"))


@pytest.fixture(scope="session")
def client(original: Path) -> TestClient:
    """A browser without a window, on the folder that nothing changes."""
    from vestige.web import create_app

    return TestClient(create_app(original), base_url=HOME, raise_server_exceptions=True)


@pytest.fixture
def started() -> Iterator[Callable[[Path, int], subprocess.Popen[bytes]]]:
    """``started(museum, port)``: a server of its own, which a test may kill; it answers when this returns."""
    running = []

    def start(museum: Path, port: int) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "vestige.cli",
            "serve",
            str(museum),
            "--port",
            str(port),
            "--no-open",
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(process)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/jobs", timeout=5).close()
                return process
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server does not answer")

    yield start
    for process in running:
        process.terminate()
        process.wait()


@pytest.fixture
def port() -> int:
    """A port that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
