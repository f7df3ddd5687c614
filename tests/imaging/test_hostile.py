"""Broken and hostile files: one sentence each, and the process lives on."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from vestige import imaging
from vestige.errors import InputError, VestigeError
from vestige.imaging import decoding

Make = Callable[[str], Path]
Scene = Callable[..., np.ndarray]
MUTANTS = 300
QUICK = imaging.Limits(pixels=10_000_000, seconds=2, bytes=4 << 30)


def read(path: Path, limits: imaging.Limits = QUICK) -> bool:
    """True where the file was read; False where it was refused in one sentence that names it."""
    try:
        with imaging.open_image(path, limits=limits) as image:
            assert image.read().shape == image.shape
    except InputError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
        return False
    return True


def test_mutants_read_or_are_refused(sample: Path) -> None:
    path, sound = sample, sample.read_bytes()
    random = np.random.default_rng(zlib.crc32(sound))
    refused = 0
    for _ in range(MUTANTS):
        path.write_bytes(mutant(sound, random))
        refused += not read(path)
    path.write_bytes(sound)
    assert read(path), "the reader no longer reads a sound file after the mutants"
    assert refused > 10


def mutant(sound: bytes, random: np.random.Generator) -> bytes:
    """Bits flipped, bytes replaced by extreme ones, a piece cut out, or the end cut off."""
    data = bytearray(sound)
    kind = random.integers(5)
    # Headers are short: half of the blows fall on the first 400 bytes.
    reach = len(data) if random.random() < 0.5 else min(len(data), 400)
    for _ in range(int(random.integers(1, 6))):
        place = int(random.integers(reach))
        if kind <= 1:
            data[place] ^= 1 << int(random.integers(8))
        elif kind == 2:
            data[place : place + 4] = random.choice(
                [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\1\0\0"]
            )
    if kind == 3:
        place = int(random.integers(reach))
        del data[place : place + int(random.integers(1, 64))]
    if kind == 4:
        del data[int(random.integers(len(data))) :]
    return bytes(data) or b"\0"


def test_cut_off_files_are_refused(sample: Path) -> None:
    data = sample.read_bytes()
    sample.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(InputError, match=r"is cut off|is damaged"):
        imaging.read_image(sample)


@pytest.mark.parametrize("kind", ["jpeg", "png8", "tiff8"])
def test_garbage_behind_the_image_is_tolerated(kind: str, make_sample: Make) -> None:
    path = make_sample(kind)
    with path.open("ab") as file:
        file.write(b"appended by a careless program" * 50)
    assert read(path)


def jpeg_bomb(scene: Scene) -> bytes:
    """A JPEG of a few kB whose header claims 64,250 x 64,250 pixels."""
    data = bytearray(imagecodecs.jpeg8_encode(scene(np.uint8)))
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">HH", 64250, 64250)
    return bytes(data)


def png_bomb(scene: Scene) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )


def jp2_bomb(scene: Scene) -> bytes:
    data = bytearray(imagecodecs.jpeg2k_encode(scene(np.uint8), codecformat="JP2"))
    place = data.index(b"\xff\x4f\xff\x51")
    data[place + 8 : place + 16] = struct.pack(">II", 90_000, 90_000)
    return bytes(data)


@pytest.mark.parametrize(("name", "bomb"), [("a.jpg", jpeg_bomb), ("a.png", png_bomb), ("a.jp2", jp2_bomb)])
def test_bombs_are_refused_on_the_header(name: str, bomb: object, tmp_path: Path, scene: Scene) -> None:
    (tmp_path / name).write_bytes(bomb(scene))  # type: ignore[operator]
    start = time.monotonic()
    with pytest.raises(
        InputError, match=r"claims [\d,]+ x [\d,]+ pixels; expected at most 1,000,000,000 in all"
    ):
        imaging.read_image(tmp_path / name)
    assert time.monotonic() - start < 30


def test_memory_limit_is_one_sentence(tmp_path: Path, make_sample: Make) -> None:
    (tmp_path / "a.jp2").write_bytes(
        imagecodecs.jpeg2k_encode(np.zeros((4000, 4000, 3), np.uint8), codecformat="JP2")
    )
    assert not read(tmp_path / "a.jp2", imaging.Limits(bytes=300 << 20))
    make_sample("png8")
    assert read(tmp_path / "a.png")


def test_time_limit_is_one_sentence(tmp_path: Path, make_sample: Make) -> None:
    make_sample("png8")
    assert read(tmp_path / "a.png")
    imagecodecs_jp2 = imagecodecs.jpeg2k_encode(
        np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), np.uint8), codecformat="JP2"
    )
    (tmp_path / "a.jp2").write_bytes(imagecodecs_jp2)
    with pytest.raises(InputError, match=r"took longer than 0\.05 s"):
        imaging.read_image(tmp_path / "a.jp2", limits=imaging.Limits(seconds=0.05))
    assert read(tmp_path / "a.png")


def test_a_crash_of_the_child_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_sample: Make
) -> None:
    make_sample("png8")
    ask = decoding._Child.ask

    def crash(self: decoding._Child, *arguments: object) -> object:
        self._process.kill()
        self._process.wait()
        return ask(self, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(decoding._Child, "ask", crash)
        with pytest.raises(InputError, match=r"a\.png crashed its decoder"):
            imaging.probe(tmp_path / "a.png")
    assert read(tmp_path / "a.png")


def test_the_child_ends_with_its_parent(tmp_path: Path, make_sample: Make) -> None:
    make_sample("png8")
    program = (
        "import os, sys; from vestige import imaging; from vestige.imaging import decoding\n"
        "imaging.probe(sys.argv[1]); print(decoding._pool._idle[0]._process.pid, flush=True); os._exit(0)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.png")]
    child = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    until = time.monotonic() + 10
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < until, "the decoding child outlives its parent"
        time.sleep(0.02)


def test_children_are_recycled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_sample: Make) -> None:
    make_sample("png8")
    monkeypatch.setattr(decoding, "DECODES_A_CHILD", 2)
    assert all(read(tmp_path / "a.png") for _ in range(4))


def test_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "empty.tif").touch()
    (tmp_path / "text.jpg").write_text("not an image, but long enough to be looked at")
    (tmp_path / "folder.tif").mkdir()
    (tmp_path / "link.tif").symlink_to(tmp_path / "gone.tif")
    os.mkfifo(tmp_path / "pipe.tif")
    (tmp_path / "one.png").write_bytes(b"\x89")
    sentences = {
        "empty.tif": "is empty; expected a JPEG, PNG, TIFF, JPEG 2000 or camera RAW image",
        "text.jpg": "holds no image that can be read",
        "folder.tif": "is a folder; expected an image file",
        "link.tif": "is a link to a file that is gone",
        "pipe.tif": "is a pipe or a device",
        "none.tif": "does not exist",
        "one.png": "holds no image",
    }
    for name, sentence in sentences.items():
        with pytest.raises(InputError) as caught:
            imaging.probe(tmp_path / name)
        assert f"{tmp_path / name} {sentence}" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "suffix", "words"),
    [("jpeg", ".tif", "is named .tif but holds a JPEG: rename it"), ("tiff8", ".PNG", "holds a TIFF: rename it"),
     ("png8", ".jp2", "holds a PNG: rename it"), ("jp2", ".jpg", "holds a JPEG 2000: rename it"),
     ("png8", ".dng", "is named .dng but holds a PNG")],
)  # fmt: skip
def test_wrong_suffix(kind: str, suffix: str, words: str, tmp_path: Path, make_sample: Make) -> None:
    path = make_sample(kind).rename(tmp_path / f"wrong{suffix}")
    with pytest.raises(InputError, match=words):
        imaging.probe(path)


def test_no_room_for_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_sample: Make) -> None:
    make_sample("png8")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(VestigeError, match="no temporary file can be made"):
        imaging.read_image(tmp_path / "a.png")
    monkeypatch.undo()
    if Path("/dev/full").exists():
        with (
            Path("/dev/full").open("r+b", buffering=0) as full,
            pytest.raises(VestigeError, match=r"no room|refused|could not|damaged"),
        ):
            decoding.decode(tmp_path / "a.png", "png", page=0, limits=QUICK, spool=full.fileno())
