"""Every format and depth against another decoder, linear light against the formula, headers, pages, orientation."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from vestige import imaging
from vestige.errors import InputError, UsageError
from vestige.imaging import profiles

Make = Callable[[str], Path]
Scene = Callable[..., np.ndarray]


def linear(values: np.ndarray) -> np.ndarray:
    """The sRGB curve as IEC 61966-2-1 writes it, for one channel value at a time."""
    return np.array(
        [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values.ravel()]
    ).reshape(values.shape)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("png8", np.uint8), ("png16", np.uint16), ("tiff8", np.uint8), ("tiff16", np.uint16), ("bigtiff", np.uint16),
     ("jp2_16", np.uint16)],
)  # fmt: skip
def test_stored_values_and_linear_light_are_exact(
    kind: str, dtype: type, tmp_path: Path, make_sample: Make, scene: Scene
) -> None:
    path = make_sample(kind)
    with imaging.open_image(path) as image:
        np.testing.assert_array_equal(image.pixels(), scene(dtype))
        np.testing.assert_allclose(image.read(), linear(scene(dtype) / np.iinfo(dtype).max), atol=2e-7)
        assert image.info.encoding == "srgb"


def test_float_tiff_is_linear_as_it_is(tmp_path: Path, make_sample: Make, scene: Scene) -> None:
    make_sample("tiff32")
    np.testing.assert_array_equal(imaging.read_image(tmp_path / "c.tiff"), scene(np.float32))


def test_jpeg_agrees_with_another_decoder(tmp_path: Path, make_sample: Make) -> None:
    make_sample("jpeg")
    with imaging.open_image(tmp_path / "a.jpg") as image:
        difference = image.pixels().astype(int) - imagecodecs.jpeg8_decode((tmp_path / "a.jpg").read_bytes())
    assert np.abs(difference).max() <= 3


def test_raw_is_linear_in_the_light(tmp_path: Path, make_sample: Make) -> None:
    make_sample("raw")
    with imaging.open_image(tmp_path / "a.dng") as image:
        light = image.read()
        assert image.info.format == "raw"
        assert image.info.encoding == "linear"
        assert image.info.exif["Make"] == "Vestige"
        assert image.info.exif["FNumber"] == 8
        assert image.info.exif["ExposureTime"] == pytest.approx(1 / 125)
    dark, bright = light[20:40, 10:30].mean(axis=(0, 1)), light[20:40, 60:80].mean(axis=(0, 1))
    np.testing.assert_allclose(bright / dark, 2, rtol=0.01)


def test_rows_equal_the_whole(sample: Path) -> None:
    with imaging.open_image(sample) as image:
        whole, stored = image.read(), image.pixels()
        assert whole.shape == image.shape == image.info.shape
        assert whole.dtype == np.float32
        for rows in (slice(0, 5), slice(3, 11), slice(-4, None), slice(5, 5)):
            np.testing.assert_array_equal(image.read(rows), whole[rows])
            np.testing.assert_array_equal(image.pixels(rows), stored[rows])


def test_proxy_is_the_area_average(sample: Path) -> None:
    with imaging.open_image(sample) as image:
        whole, small = image.read(), image.proxy(max(image.shape[:2]) // 4)
    blocks = whole.reshape(whole.shape[0] // 4, 4, whole.shape[1] // 4, 4, -1).mean(axis=(1, 3))
    np.testing.assert_allclose(small.reshape(blocks.shape), blocks, atol=1e-5)


def test_proxy_in_strips_with_an_uneven_ratio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_sample: Make
) -> None:
    make_sample("tiff32")
    with imaging.open_image(tmp_path / "c.tiff") as image:
        whole = image.proxy(21)
        monkeypatch.setattr("vestige.imaging.reading.PROXY_STRIP_BYTES", 12 * 32 * 3)
        np.testing.assert_allclose(image.proxy(21), whole, atol=1e-5)
        assert abs(whole.mean() - image.read().mean()) < 1e-5


def test_a_missing_value_stays_where_it_is_in_a_proxy(tmp_path: Path) -> None:
    values = np.ones((64, 64), np.float32)
    values[20, 30] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", values)
    with imaging.open_image(tmp_path / "a.tif") as image:
        small = image.proxy(16)
    assert np.isnan(small).sum() == 1
    assert np.isnan(small[5, 7])
    assert np.nanmin(small) == np.nanmax(small) == 1


def test_white_level_and_encoding_overrule_the_file(tmp_path: Path) -> None:
    values = np.array([[0, 1000, 4095]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", values)
    light = imaging.read_image(tmp_path / "a.tif", encoding="linear", white_level=4095)
    np.testing.assert_allclose(light, values / 4095, atol=1e-7)
    with pytest.raises(UsageError, match="white_level"):
        imaging.open_image(tmp_path / "a.tif", white_level=0)
    with pytest.raises(UsageError, match="encoding"):
        imaging.open_image(tmp_path / "a.tif", encoding="gamma")  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["1", "P", "L", "LA", "RGBA"])
def test_odd_png_modes(mode: str, tmp_path: Path, scene: Scene) -> None:
    Pillow.fromarray(scene(np.uint8)).convert(mode).save(tmp_path / "a.png")
    pixels = imaging.read_image(tmp_path / "a.png")
    assert pixels.shape == ((24, 32, 3) if mode in ("P", "RGBA") else (24, 32))


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32, bool])
def test_odd_tiff_numbers(dtype: type, tmp_path: Path, scene: Scene) -> None:
    light = scene(np.float32, 1)
    values = light > 0.5 if dtype is bool else (light * (1 if dtype is not np.int32 else 1e5)).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack")
    np.testing.assert_allclose(imaging.read_image(tmp_path / "a.tif"), values.astype(np.float32), rtol=1e-6)


@pytest.mark.parametrize("compression", ["lzma", "zstd", "lerc", "jpegxl", "packbits", "lzw"])
def test_rare_compressions(compression: str, tmp_path: Path, scene: Scene) -> None:
    pixels = scene(np.uint8)
    options = {"compressionargs": {"lossless": True}} if compression == "jpegxl" else {}
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression=compression, photometric="rgb", **options)
    with imaging.open_image(tmp_path / "a.tif") as image:
        np.testing.assert_array_equal(image.pixels(), pixels)


def test_pages(tmp_path: Path) -> None:
    stack = np.stack([np.full((5, 6), value, np.uint8) for value in (10, 20, 30)])
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack")
    assert imaging.probe(tmp_path / "a.tif").pages == 3
    with imaging.open_image(tmp_path / "a.tif", page=2) as image:
        assert image.pixels().max() == 30
    with pytest.raises(InputError, match="has no page 3"):
        imaging.probe(tmp_path / "a.tif", page=3)
    with pytest.raises(UsageError, match="page"):
        imaging.probe(tmp_path / "a.tif", page=-1)


def test_orientation_is_obeyed(tmp_path: Path, scene: Scene) -> None:
    values = scene(np.uint8)
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Vestige"
    Pillow.fromarray(values).save(tmp_path / "a.png", exif=exif)
    with imaging.open_image(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(image.pixels(), np.rot90(values, -1))
        assert image.info.shape == (32, 24, 3)
        upright = Pillow.Exif()
        upright.load(image.info.exif_bytes)
        assert (upright[0x0112], upright[0x010F]) == (1, "Vestige")


@pytest.mark.parametrize(("mode", "word"), [("CMYK", "CMYK"), ("LAB", "LAB|Lab")])
def test_other_colour_spaces_are_refused(mode: str, word: str, tmp_path: Path, scene: Scene) -> None:
    picture = Pillow.fromarray(scene(np.uint8))
    picture = (
        picture.convert("CMYK")
        if mode == "CMYK"
        else Pillow.frombytes("LAB", picture.size, picture.tobytes())
    )
    picture.save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=word):
        imaging.read_image(tmp_path / "a.tif")


def test_five_channels_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", np.zeros((4, 6, 5), np.uint8), photometric="minisblack", planarconfig="contig"
    )
    with pytest.raises(InputError, match="5 channels"):
        imaging.probe(tmp_path / "a.tif")


def p3_profile() -> bytes:
    import pyvips

    return bytes(pyvips.Operation.call("profile_load", "p3"))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jp2"])
def test_wide_profile_becomes_linear_srgb_and_is_kept(suffix: str, tmp_path: Path) -> None:
    light = np.zeros((4, 5, 3), np.float32)
    light[..., 0], light[2:] = 0.5, (0.2, 0.4, 0.8)
    path = tmp_path / f"a{suffix}"
    imaging.write_image(path, light, depth=16, profile=p3_profile())
    info = imaging.probe(path)
    assert info.encoding == "icc"
    assert info.icc == p3_profile()
    np.testing.assert_allclose(imaging.read_image(path), light, atol=2e-3)
    # Display P3 to sRGB by its published primaries: pure P3 red is more than red.
    raw = imaging.read_image(path, encoding="srgb")
    assert np.abs(raw - light).max() > 0.02


def test_profile_of_pure_p3_red(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Pillow.new("RGB", (4, 4), (255, 0, 0)).save(buffer, "PNG", icc_profile=p3_profile())
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    np.testing.assert_allclose(
        imaging.read_image(tmp_path / "a.png")[0, 0], (1.2249, -0.0420, -0.0197), atol=3e-3
    )


def test_srgb_profile_takes_the_quick_way(tmp_path: Path, scene: Scene) -> None:
    Pillow.fromarray(scene(np.uint8)).save(tmp_path / "a.png", icc_profile=profiles.srgb_profile())
    info = imaging.probe(tmp_path / "a.png")
    assert info.encoding == "srgb"
    assert info.icc == profiles.srgb_profile()


def test_unusable_profile_is_one_sentence(tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, scene(np.uint8), photometric="rgb", iccprofile=b"no profile" * 20)
    with pytest.raises(
        InputError, match=r"a\.tif has a colour profile that cannot be used: pass encoding='srgb'"
    ):
        imaging.read_image(path)
    assert imaging.read_image(path, encoding="srgb").shape == (24, 32, 3)


def test_memory_is_a_strip_not_the_frame(tmp_path: Path, scene: Scene) -> None:
    height = width = 6000
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        rows = (np.full((100, width, 3), index, np.uint16) for index in range(height // 100))
        tiff.write(rows, shape=(height, width, 3), dtype=np.uint16, rowsperstrip=100, photometric="rgb")
    program = (
        "import resource, sys; from vestige import imaging\n"
        "imaging.read_image(sys.argv[2]); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with imaging.open_image(sys.argv[1]) as image:\n"
        "    total = sum(float(image.read(slice(y, y + 64)).sum()) for y in range(0, 6000, 64))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,"
        " resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    )
    tifffile.imwrite(tmp_path / "small.tif", scene(np.uint16), photometric="rgb")
    command = [sys.executable, "-c", program, str(tmp_path / "a.tif"), str(tmp_path / "small.tif")]
    grown = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()[0])
    assert grown < 60, f"a frame of 206 MiB as stored took {grown} MiB"


def test_the_child_stays_small_too(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", np.zeros((6000, 6000, 3), np.uint16), rowsperstrip=100, photometric="rgb"
    )
    tight = imaging.Limits(bytes=900 << 20)
    with imaging.open_image(tmp_path / "a.tif", limits=tight) as image:
        assert image.read(slice(0, 2)).shape == (2, 6000, 3)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0


def test_threads_share_the_pool(make_sample: Make, scene: Scene) -> None:
    path = make_sample("png16")
    found: list[bool] = []

    def read() -> None:
        for _ in range(5):
            with imaging.open_image(path) as image:
                found.append(bool(np.array_equal(image.pixels(), scene(np.uint16))))

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 30


def test_relative_paths_follow_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("one", 0.2), ("two", 0.8)):
        (tmp_path / name).mkdir()
        imaging.write_image(tmp_path / name / "x.tif", np.full((4, 4), value, np.float32), depth=32)
    for name, value in (("one", 0.2), ("two", 0.8)):
        monkeypatch.chdir(tmp_path / name)
        assert imaging.read_image("x.tif").mean() == pytest.approx(value)
