"""What is written reads back: values, profile, EXIF, resolution; atomic, and nothing half-written stays."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags
from PIL import Image as Pillow

from vestige import imaging
from vestige.errors import InputError, OutputError, UsageError
from vestige.imaging import profiles, writing

Scene = Callable[..., np.ndarray]
STEP = {8: 1 / 255, 16: 1 / 65535}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("suffix", "depth"),
    [(".tif", 8), (".tif", 16), (".tif", 32), (".png", 8), (".png", 16), (".jp2", 8), (".jp2", 16)],
)
def test_round_trip(suffix: str, depth: int, channels: int, tmp_path: Path, scene: Scene) -> None:
    light = scene(np.float32, channels)
    path = tmp_path / f"a{suffix}"
    imaging.write_image(
        path, light, depth=depth, ppi=400, description="a scene" if suffix != ".jp2" else None
    )
    info = imaging.probe(path)
    assert info.shape == light.shape
    assert info.dtype == {8: "uint8", 16: "uint16", 32: "float32"}[depth]
    assert info.ppi == pytest.approx(400, abs=0.02)
    assert info.description == ("a scene" if suffix != ".jp2" else None)
    if depth == 32:
        np.testing.assert_array_equal(imaging.read_image(path), light)
        assert info.icc is None
        return
    assert info.icc == (profiles.srgb_profile() if channels == 3 else None)
    encoded = imaging.srgb_from_linear(imaging.read_image(path))
    np.testing.assert_allclose(encoded, imaging.srgb_from_linear(light), atol=0.51 * STEP[depth])


def test_jpeg_round_trip(tmp_path: Path) -> None:
    y, x = np.mgrid[0:64, 0:80].astype(np.float32)
    light = np.stack([x / 80, y / 64, 0.5 + 0 * x], axis=-1)
    imaging.write_image(tmp_path / "a.jpg", light, quality=95, ppi=300)
    info = imaging.probe(tmp_path / "a.jpg")
    assert (info.dtype, info.ppi) == ("uint8", 300)
    encoded = imaging.srgb_from_linear(imaging.read_image(tmp_path / "a.jpg"))
    np.testing.assert_allclose(encoded, imaging.srgb_from_linear(light), atol=0.03)


def test_other_programs_read_it(tmp_path: Path, scene: Scene) -> None:
    normals = scene(np.uint16)
    imaging.write_image(tmp_path / "normals.tif", normals, encoded=True, depth=16)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "normals.tif"), normals)
    imaging.write_image(tmp_path / "depth.tif", scene(np.float32, 1), depth=32, description="depth in mm")
    with tifffile.TiffFile(tmp_path / "depth.tif") as tiff:
        np.testing.assert_array_equal(tiff.asarray(), scene(np.float32, 1))
        assert tiff.pages[0].description == "depth in mm"
        assert tiff.pages[0].is_tiled
    assert imaging.probe(tmp_path / "depth.tif").icc is None


def test_no_number_of_a_float_raster_changes(tmp_path: Path) -> None:
    values = np.array([[np.nan, -np.inf, 1e30], [0.0, -0.0, 1e-30]], np.float32)
    imaging.write_image(tmp_path / "a.tif", values, depth=32)
    found = imaging.read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(found.view(np.uint32), values.view(np.uint32))


def test_out_of_range_is_cut_off_in_integers(tmp_path: Path) -> None:
    imaging.write_image(tmp_path / "a.png", np.array([[-1, 0, 1, 2, np.nan]], np.float32))
    assert imaging.read_image(tmp_path / "a.png").tolist() == [[0, 0, 1, 1, 0]]


def exif_block() -> bytes:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Vestige", "Copy stand"
    exif[ExifTags.Base.Orientation] = 1
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.ExposureTime: 0.004,
            ExifTags.Base.FNumber: 8.0,
            ExifTags.Base.ISOSpeedRatings: 100,
            ExifTags.Base.DateTimeOriginal: "2024:05:06 07:08:09",
            ExifTags.Base.FocalLength: 90.0,
            ExifTags.Base.SubjectDistance: 0.53,
        }
    )
    return b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")


@pytest.mark.parametrize("name", ["a.tif", "pyramid.tif", "a.png", "a.jpg", "a.jp2"])
def test_exif_is_kept(name: str, tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / name
    imaging.write_image(
        path,
        scene(np.float32),
        exif=exif_block(),
        pyramid=name == "pyramid.tif",
        description="fern" if name[-3:] != "jp2" else None,
    )
    info = imaging.probe(path)
    wanted = {
        "Make": "Vestige", "Model": "Copy stand", "ExposureTime": 0.004, "FNumber": 8, "ISO": 100,
        "DateTimeOriginal": "2024:05:06 07:08:09", "FocalLength": 90, "SubjectDistance": 0.53,
    }  # fmt: skip
    assert {key: info.exif.get(key) for key in wanted} == pytest.approx(wanted)
    again = tmp_path / "again.tif"
    imaging.write_image(again, scene(np.float32), exif=info.exif_bytes)
    assert {key: imaging.probe(again).exif.get(key) for key in wanted} == pytest.approx(wanted)
    if name[-3:] != "jp2":
        assert info.description == "fern"
        with Pillow.open(path) as picture:
            nested = picture.getexif().get_ifd(ExifTags.IFD.Exif)
            assert nested[ExifTags.Base.DateTimeOriginal] == "2024:05:06 07:08:09"
            assert float(nested[ExifTags.Base.FocalLength]) == 90


def test_pyramid(tmp_path: Path) -> None:
    light = np.broadcast_to(np.linspace(0, 1, 1100, dtype=np.float32), (900, 1100))
    imaging.write_image(tmp_path / "a.tif", light, pyramid=True)
    assert imaging.probe(tmp_path / "a.tif").pages == 1
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert [level.shape for level in tiff.series[0].levels][:2] == [(900, 1100), (450, 550)]


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)), st.sampled_from([".tif", ".png"]))
def test_rows_in_any_order(order: list[int], suffix: str) -> None:
    import tempfile

    light = np.random.default_rng(1).random((13, 7, 3)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        whole, parts = Path(folder, f"whole{suffix}"), Path(folder, f"parts{suffix}")
        imaging.write_image(whole, light)
        with imaging.ImageWriter(parts, 13, 7, 3) as writer:
            for part in order:
                writer.write(part * 2, light[part * 2 : part * 2 + 2 + (part == 5)])
        np.testing.assert_array_equal(imaging.read_image(parts), imaging.read_image(whole))


def interrupted(path: Path, rows: int, error: type[Exception] | None) -> None:
    """Write some of three rows, then stop."""
    with imaging.ImageWriter(path, 3, 4, 1) as writer:
        writer.write(0, np.zeros((rows, 4), np.float32))
        if error:
            raise error


def test_missing_rows_and_exceptions_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"what was there before")
    with pytest.raises(OutputError, match="1 of 3 rows are missing"):
        interrupted(tmp_path / "a.tif", 2, None)
    with pytest.raises(KeyError):
        interrupted(tmp_path / "a.tif", 3, KeyError)
    assert (tmp_path / "a.tif").read_bytes() == b"what was there before"
    assert [each.name for each in tmp_path.iterdir()] == ["a.tif"]


def test_an_encoder_that_writes_zeros_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: Scene
) -> None:
    save = writing._encoders.save_tiff

    def zeros(source: object, path: Path, metadata: object, **options: object) -> None:
        save(source, path, metadata, **options)  # type: ignore[arg-type]
        with tifffile.TiffFile(path) as tiff:
            place = tiff.pages[0].dataoffsets[0]
        with path.open("r+b") as file:
            file.seek(place)
            file.write(bytes(40))

    monkeypatch.setattr(writing._encoders, "save_tiff", zeros)
    with pytest.raises(OutputError, match="did not read back"):
        imaging.write_image(tmp_path / "a.tif", scene(np.float32), compression="none")
    assert [each.name for each in tmp_path.iterdir()] == []


def test_wrong_use(tmp_path: Path, scene: Scene) -> None:
    light = scene(np.float32)
    wrong: list[tuple[str, dict[str, object]]] = [
        ("a.gif", {}), ("a", {}), ("a.jpg", {"depth": 16}), ("a.png", {"depth": 32}), ("a.tif", {"depth": 12}),
        ("a.png", {"pyramid": True}), ("a.tif", {"profile": "adobe"}), ("a.tif", {"compression": "rle"}),
        ("a.tif", {"encoded": True}), ("a.tif", {"profile": b"no profile"}),
    ]  # fmt: skip
    for name, options in wrong:
        with pytest.raises(UsageError):
            imaging.write_image(tmp_path / name, light, **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        imaging.write_image(tmp_path / "a.tif", np.zeros((4, 4, 2), np.float32))
    with imaging.ImageWriter(tmp_path / "b.tif", 4, 4, 1) as writer:
        with pytest.raises(UsageError, match="do not fit"):
            writer.write(2, np.zeros((3, 4), np.float32))
        writer.write(0, np.zeros((4, 4), np.float32))
    assert sorted([each.name for each in tmp_path.iterdir()]) == ["b.tif"]


def test_no_such_folder_and_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: Scene) -> None:
    with pytest.raises(OutputError, match="choose a folder that exists"):
        imaging.write_image(tmp_path / "gone" / "a.tif", scene(np.float32))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_rows", full)
    with pytest.raises(OutputError, match="No space left on device"):
        imaging.write_image(tmp_path / "a.tif", scene(np.float32))
    assert [each.name for each in tmp_path.iterdir()] == []


def test_one_path_written_twice_shows_the_second(tmp_path: Path) -> None:
    for value in (0.25, 0.5, 0.75):
        imaging.write_image(tmp_path / "a.tif", np.full((8, 8), value, np.float32), depth=32)
        assert float(imaging.read_image(tmp_path / "a.tif").mean()) == value


def test_memory_is_a_strip_not_the_frame(tmp_path: Path) -> None:
    program = (
        "import resource, sys, numpy as np; from vestige import imaging\n"
        "imaging.write_image(sys.argv[1], np.zeros((600, 600, 3), np.float32), pyramid=True)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "rows = np.random.default_rng(0).random((50, 5000, 3)).astype(np.float32)\n"
        "with imaging.ImageWriter(sys.argv[1], 5000, 5000, 3, pyramid=True, compression='none') as writer:\n"
        "    for first in range(0, 5000, 50): writer.write(first, rows)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.tif")]
    grown = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert grown < 120, f"a frame of 286 MiB as float took {grown} MiB"


def test_strip_store(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((10, 4, 3))
    with imaging.StripStore(tmp_path / "a.bin", 10, 4, 3, np.float64) as store:
        store[:6], store[6:] = values[:6], values[6:]
        np.testing.assert_array_equal(store[2:9], values[2:9])
        with pytest.raises(UsageError, match="have shape"):
            store[0:2] = values[:3]
        with pytest.raises(UsageError, match="step"):
            store[::2]
    with imaging.StripStore(tmp_path / "a.bin", 10, 4, 3, np.float64) as store:
        np.testing.assert_array_equal(store[:], values)
    with pytest.raises(InputError, match="delete it and run again"):
        imaging.StripStore(tmp_path / "a.bin", 11, 4, 3, np.float64)
    with pytest.raises(OutputError, match="choose another folder"):
        imaging.StripStore(tmp_path / "gone" / "a.bin", 1, 4, 3, np.float64)
