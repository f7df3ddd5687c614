"""ZIP and PDF that are never written: other programs read them whole, and any part is the part of the whole."""

import contextlib
import io
import random
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestige.deliver import Parcel, Scan, Span, asked_span, document, parcel, prepared
from vestige.deliver.pages import jpeg_head
from vestige.deliver.parcel import Stored, _central, _end, _local
from vestige.errors import InputError
from vestige.imaging import write_image

MADE = datetime(2026, 11, 23, 14, 5, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    made = []
    for number, (name, shape) in enumerate(
        [("a.jpg", (60, 40, 3)), ("b.png", (30, 50, 3)), ("c.tif", (20, 30, 3))], 1
    ):
        path = folder / name
        write_image(path.with_suffix(".tif"), np.random.default_rng(number).random(shape).astype(np.float32))
        if path.suffix != ".tif":
            import cv2

            pixels = np.random.default_rng(number).integers(0, 255, shape, np.uint8)
            cv2.imwrite(str(path), pixels)
        made.append(prepared(path, folder, number, MADE))
    return made


def whole(made: Parcel) -> bytes:
    return b"".join(made.read(Span(0, made.size)))


def test_the_zip_is_read_by_others(scans):
    made = parcel(scans)
    data = whole(made)
    assert len(data) == made.size
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["scan-01.jpg", "scan-02.png", "scan-03.jpg"]
        assert archive.getinfo("scan-01.jpg").date_time == (2026, 11, 23, 14, 5, 6)
        assert all(archive.read(scan.name) == scan.file.read_bytes() for scan in scans)


def test_any_part_is_the_part_of_the_whole(scans):
    chance = random.Random(7)
    for made in (parcel(scans), document(scans)):
        data = whole(made)
        for _ in range(200):
            start = chance.randrange(made.size)
            stop = chance.randrange(start, made.size) + 1
            assert b"".join(made.read(Span(start, stop))) == data[start:stop]


def test_the_pdf_is_read_by_others(scans):
    pikepdf = pytest.importorskip("pikepdf", reason="pikepdf is not here: pip install pikepdf")
    data = whole(document(scans))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert len(pdf.pages) == 3
        for page, scan in zip(pdf.pages, scans, strict=True):
            image = page.Resources.XObject.S
            assert image.read_raw_bytes() == scan.sheet.read_bytes()
            assert (int(image.Width), int(image.Height)) == (scan.width, scan.height)


def test_a_zip_beyond_four_gigabytes(tmp_path):
    """Two files of 3 GiB and one of 5, none of which is ever read: the heads say what ZIP64 asks for."""
    path = tmp_path / "large.jpg"
    path.touch()
    sizes = [3 << 30, 3 << 30, 5 << 30]
    large = [
        Scan(number, path, path, path, "image/jpeg", size, 0, 1, 1, MADE)
        for number, size in enumerate(sizes, 1)
    ]
    made = parcel(large)
    tail = b"".join(made.read(Span(sum(sizes) + sum(len(_local(scan)) for scan in large), made.size)))

    class Sparse(io.RawIOBase):
        """The ZIP with empty pictures in it."""

        place = 0

        def seekable(self):
            return True

        def readable(self):
            return True

        def seek(self, offset, whence=0):
            self.place = offset + (self.place if whence == 1 else made.size if whence == 2 else 0)
            return self.place

        def tell(self):
            return self.place

        def read(self, count=-1):
            end = made.size if count < 0 else min(made.size, self.place + count)
            begins = made.size - len(tail)
            assert self.place >= begins
            data = tail[self.place - begins : end - begins]
            self.place = end
            return data

    with zipfile.ZipFile(Sparse()) as archive:
        found = archive.infolist()
    assert [item.file_size for item in found] == sizes
    assert found[2].header_offset > 4 << 30
    assert b"PK\6\6" in _end(1, 1, 5 << 30)
    assert len(_central(large[2], 6 << 30)) > len(_central(large[0], 0))


def test_a_mark_changes_with_the_scans(scans):
    assert parcel(scans).etag != parcel(scans[:2]).etag != document(scans[:2]).etag


def test_what_is_no_jpeg_makes_no_page(tmp_path):
    path = tmp_path / "no.jpg"
    for data in (
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe1\x00",
        b"\xff\xd8" + b"\xff\xc0\x00\x04\x00\x00",
        b"GIF89a",
    ):
        path.write_bytes(data)
        with pytest.raises(InputError):
            jpeg_head(path)


@given(st.binary(max_size=300))
def test_no_head_of_a_jpeg_breaks_the_reader(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("heads") / "a.jpg"
    path.write_bytes(b"\xff\xd8" + data)
    with contextlib.suppress(InputError):
        jpeg_head(path)


@given(
    st.integers(0, 300),
    st.one_of(st.none(), st.text(max_size=30), st.from_regex(r"\Abytes=[0-9]{0,4}-[0-9]{0,4}\Z")),
)
def test_a_range_is_within_the_file(size, wanted):
    span = asked_span(size, wanted, None, '"x"')
    assert span is None or 0 <= span.start <= span.stop <= size


def test_sums_are_those_of_the_file(scans):
    assert all(scan.crc == zlib.crc32(scan.file.read_bytes()) for scan in scans)
    assert Stored(Path("x"), 3).size == 3
