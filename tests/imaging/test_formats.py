"""Names, strips, transfer curves, pictures, and EXIF blocks of any bytes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestige import imaging
from vestige.errors import UsageError
from vestige.imaging import _jpeg2000, exif, profiles


def test_the_list_of_public_names() -> None:
    assert sorted(imaging.__all__) == [
        "IMAGE_SUFFIXES", "Image", "ImageInfo", "ImageWriter", "Limits", "RAW_SUFFIXES", "Registration", "Strip",
        "StripStore", "Tile", "image_format", "jpeg_bytes", "linear_from_srgb", "open_image", "picture",
         "png_bytes", "probe", "read_image", "register", "srgb_from_linear", "strips", "tiles", "warp",
        "write_glb", "write_image",
    ]  # fmt: skip


@given(st.integers(1, 300), st.integers(1, 50), st.integers(1, 5000), st.integers(0, 20))
def test_strips_cover_every_row_once(height: int, row_bytes: int, budget: int, halo: int) -> None:
    cut = list(imaging.strips(height, row_bytes=row_bytes, budget_bytes=budget, halo=halo))
    rows = np.arange(height)
    assert np.concatenate([rows[strip.rows] for strip in cut]).tolist() == rows.tolist()
    for strip in cut:
        np.testing.assert_array_equal(rows[strip.outer][strip.inner], rows[strip.rows])
        held = (strip.outer_last - strip.outer_first) * row_bytes
        assert held <= budget or strip.last - strip.first == 1


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 25), st.integers(0, 9))
def test_tiles_cover_every_pixel_once(height: int, width: int, size: int, halo: int) -> None:
    image, seen = np.arange(height * width).reshape(height, width), np.zeros((height, width), int)
    for tile in imaging.tiles(height, width, size, halo):
        seen[tile.region] += 1
        np.testing.assert_array_equal(image[tile.outer][tile.inner], image[tile.region])
    assert (seen == 1).all()


def test_strips_and_tiles_refuse_nothing_to_cut() -> None:
    with pytest.raises(UsageError):
        list(imaging.strips(0, row_bytes=1, budget_bytes=1))
    with pytest.raises(UsageError):
        list(imaging.tiles(5, 5, 0))


@given(st.floats(-2, 2, width=32))
def test_transfer_curve_and_back(value: float) -> None:
    # The two branches of the standard meet to 3e-9 only, at its rounded constants.
    for dtype, tolerance in ((np.float32, 2e-6), (np.float64, 1e-8)):
        values = np.full(2000, value, dtype)
        back = imaging.linear_from_srgb(imaging.srgb_from_linear(values))
        assert back.dtype == dtype
        np.testing.assert_allclose(back, values, atol=tolerance)


def test_pictures() -> None:
    ramp = np.linspace(0, 1, 3000, dtype=np.float32).reshape(1, -1).repeat(100, axis=0)
    assert imaging.picture(ramp, max_side=300).shape == (10, 300, 3)
    scalar = ramp * 40 - 20
    scalar[:50] = np.nan
    shown = imaging.picture(scalar, colour_map="viridis", max_side=5000)
    assert (shown[0] == shown[0, 0]).all()
    assert (shown[-1, 0] == (68, 1, 84)).all()
    assert imaging.picture(scalar * np.nan, colour_map="magma").shape == (40, 1200, 3)
    assert imaging.jpeg_bytes(shown)[:3] == b"\xff\xd8\xff"
    assert imaging.png_bytes(shown[..., 0])[:4] == b"\x89PNG"
    for wrong in (lambda: imaging.picture(ramp, colour_map="jetlag"), lambda: imaging.picture(ramp[0])):  # type: ignore[arg-type]
        with pytest.raises(UsageError):
            wrong()
    with pytest.raises(UsageError, match="uint8"):
        imaging.png_bytes(ramp)  # type: ignore[arg-type]


@given(st.binary(max_size=300))
def test_any_bytes_as_exif(block: bytes) -> None:
    for start in (
        b"",
        b"Exif\0\0",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"II+\0\x08\0\0\0\x10" + bytes(7),
    ):
        exif.named_values(exif.parse(start + block))
        exif.upright(start + block)
        exif.build(exif.parse(start + block))


def test_a_directory_far_beyond_its_block_takes_no_room() -> None:
    block = b"Exif\0\0II*\0\xff\xff\xff\x7f" + bytes(40)
    tracemalloc.start()
    try:
        assert exif.upright(block) == block
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@given(
    st.dictionaries(
        st.sampled_from(sorted(exif.NAMES)),
        st.tuples(st.sampled_from([1, 2, 3, 4, 5]), st.binary(min_size=8, max_size=40)),
    )
)
def test_exif_blocks_come_back(values: dict[int, tuple[int, bytes]]) -> None:
    entries = {tag: exif.Entry(tag, kind, data[: len(data) // 8 * 8]) for tag, (kind, data) in values.items()}
    assert exif.parse(exif.build(entries)) == dict(sorted(entries.items()))


@given(st.binary(max_size=200))
def test_any_bytes_as_boxes_and_profiles(data: bytes) -> None:
    _jpeg2000.profile_of(data)
    _jpeg2000.ppi_of(data)
    assert not profiles.is_srgb(data)
    assert not profiles.is_srgb(profiles.srgb_profile()[:132] + data)
