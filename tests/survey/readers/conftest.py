"""A writer for each format: small files whose readings are known."""

import math
import struct

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import transform


def field(east, north):
    """nT at places in m: smooth, so that interpolation along a line finds it again."""
    return 3 * np.sin(0.5 * np.asarray(east)) + 2 * np.cos(0.3 * np.asarray(north))


HEADER = """Time = 10:51:07
Date = 09/06/2014
Grid Number = 3
Number of Sensors = {sensors}
Grid Size = 10x10
Method of Collection = {method}
Starting Direction = {direction}
Data Range = 100 nT
Line Spacing = 1.00 m
Sampling = 4
Sensor Spacing = 1.00
Mean = 0.1
Max = 5.0
Min = -5.0
"""


@pytest.fixture
def grad601(tmp_path):
    """A Grad601 grid of 10 traverses of 40 readings: XYZ or one value a line, header within or beside."""

    def write(kind="xyz", *, method="ZigZag", direction="E", sensors=2, apart=False, separator=", "):
        along, line = np.arange(40) * 0.25, np.arange(10)
        values = field(along[None, :], line[:, None])
        values[2, 5] = 2047.5
        head = HEADER.format(method=method, direction=direction, sensors=sensors)
        if kind == "xyz":
            rows = [
                f"{a:.2f}{separator}{b:.2f}{separator}{values[b, i]:.4f}"
                for b in line
                for i, a in enumerate(along)
            ]
        else:
            rows = [f"{value:.4f}" for value in values.reshape(-1)]
        body = "\r\n".join(rows) + "\r\n"
        if apart:
            (tmp_path / "grid.hdr").write_text(head)
            (tmp_path / "grid.dat").write_text(body, newline="")
            return tmp_path / "grid.dat"
        (tmp_path / "grid.xyz").write_text(head + body, newline="")
        return tmp_path / "grid.xyz"

    return write


def cart_places(tracks=3, probes=4, length=20.0, step=0.1, slant=0.4, apart=0.5):
    """Track, probe, easting and northing of a cart that goes there and back on slanting tracks."""
    way = np.array([math.sin(slant), math.cos(slant)])
    right = np.array([way[1], -way[0]])
    rows = []
    for track in range(tracks):
        along = np.arange(0, length, step)[:: -1 if track % 2 else 1]
        for at in along:
            for probe in range(probes):
                east, north = at * way + (track * probes + probe) * apart * right
                rows.append((track + 1, probe + 1, east, north))
    return np.array(rows)


@pytest.fixture
def sensys_asc(tmp_path):
    """The ASC export of a cart with four probes, zone 32 before X; three slanting tracks, there and back."""

    def write(zone="32", named=True):
        lines = [
            f"{zone}{474_000 + east:.3f}\t{5_971_000 + north:.3f}\t{field(east, north):.4f}\t"
            f"{f'track_{track:.0f}.prm' if named else int(track)}\t{probe:.0f}"
            for track, probe, east, north in cart_places()
        ]
        (tmp_path / "cart.asc").write_text("\n".join(lines) + "\n")
        return tmp_path / "cart.asc"

    return write


@pytest.fixture
def sensys_prm(tmp_path):
    """A PRM track of two probes 0.5 m apart to the north in UTM 32, twelve records; readings rise by 0.7 nT."""
    probes, records = 2, 12
    header = bytearray(339)
    header[8] = probes
    for probe, across in enumerate((-25, 25)):
        struct.pack_into("<2h", header, 28 + 6 * probe, across, 0)
    north = 5_600_000 + 0.8 * np.arange(records + 1)
    longitude, latitude = transform("EPSG:32632", "EPSG:4326", [500_000.0] * len(north), north.tolist())
    places = np.radians(np.column_stack([latitude, longitude]))
    struct.pack_into("<3d", header, 275, *places[0], 100.0)
    body = bytearray()
    steps = 10 * np.arange(records * 50) + 60_000
    for record in range(records):
        for probe in range(probes):
            phase = steps[record * 50 : record * 50 + 50] + 1000 * probe
            body += ((phase % 256) * 256 + (phase // 256) % 256).astype("<u2").tobytes()
        body += struct.pack("<3d", *places[record + 1], 100.0)
        body += bytes(8) + int(record * 0.5 * 2**24).to_bytes(6, "little") + bytes(26)
    (tmp_path / "track.prm").write_bytes(bytes(header + body))
    return tmp_path / "track.prm"


@pytest.fixture
def xgd(tmp_path):
    """A TerraSurveyor grid of 5 traverses of 20 readings; one dummy, one left out."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<Survey>",
        '<Log Instrument="Grad601" Sensors="2" Operator="a" Mode="ZigZag"/>',
        '<Grid TraverseLength="5" IntervalLength="10" TraverseSeparation="1" IntervalSeparation="0.5"/>',
    ]
    for line in range(5):
        for at in range(20):
            if (line, at) != (4, 19):
                value = 2047.5 if (line, at) == (1, 3) else field(at, line)
                lines.append(f'<XYV X="{at}" Y="{line}" V="{value:.3f}"/>')
    (tmp_path / "01.xgd").write_text("\n".join([*lines, "</Survey>"]))
    return tmp_path / "01.xgd"


@pytest.fixture
def mgr(tmp_path):
    """A GEOMAR export with headings: line, place, reading, time."""
    rows = [
        f"{line} {line * 0.5:.2f} {at * 0.2:.2f} {field(line, at):.3f} 10:00:{line * 9 + order * 0.3:05.2f}"
        for line in range(6)
        for order, at in enumerate(range(25) if line % 2 == 0 else range(24, -1, -1))
    ]
    (tmp_path / "a.mgr").write_text("LINE X Y nT TIME\n" + "\n".join(rows) + "\n")
    return tmp_path / "a.mgr"


@pytest.fixture
def surfer(tmp_path):
    """A Surfer grid of 6 columns and 5 rows in any of its three kinds; one cell blank."""

    def write(kind="DSAA", turned=0.0):
        values = np.arange(30, dtype=np.float64).reshape(5, 6)
        values[1, 2] = 1.70141e38
        bounds = (100.0, 102.5, 200.0, 204.0)
        path = tmp_path / f"{kind}.grd"
        if kind == "DSAA":
            rows = "\n".join(" ".join(f"{value:g}" for value in row) for row in values)
            path.write_text("DSAA\n6 5\n100 102.5\n200 204\n0 29\n" + rows + "\n")
        elif kind == "DSBB":
            path.write_bytes(
                b"DSBB" + struct.pack("<2h6d", 6, 5, *bounds, 0, 29) + values.astype("<f4").tobytes()
            )
        else:
            head = struct.pack("<3i", 0x42525344, 4, 1)
            grid = struct.pack("<2i", 0x44495247, 72) + struct.pack(
                "<2i8d", 5, 6, 100, 200, 0.5, 1.0, 0, 29, turned, 1.70141e38
            )
            data = values.astype("<f8").tobytes()
            path.write_bytes(head + grid + struct.pack("<2i", 0x41544144, len(data)) + data)
        return path

    return write


@pytest.fixture
def cog(tmp_path):
    """A cloud-optimised GeoTIFF with overviews and a nodata value."""
    values = np.tile(np.arange(600, dtype=np.float32), (700, 1))
    values[:, :5] = -9999
    profile = {"height": 700, "width": 600, "count": 1, "dtype": "float32", "crs": "EPSG:25832"}
    with rasterio.open(
        tmp_path / "a.tif",
        "w",
        driver="COG",
        nodata=-9999,
        transform=Affine(0.25, 0, 474_000, 0, -0.25, 5_971_000),
        **profile,
    ) as raster:
        raster.write(values, 1)
    return tmp_path / "a.tif"
