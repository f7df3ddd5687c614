"""What a folder without a manifest tells."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestige.capture import (
    Capture,
    Frame,
    coordinates,
    infer_capture,
    natural_order,
    open_capture,
    open_frames,
    read_light_file,
    save,
)
from vestige.capture.infer import IMAGES
from vestige.errors import InputError, VestigeError
from vestige.testing import mutants


def folder_of(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_natural_order_gives_the_page(tmp_path):
    capture = infer_capture(folder_of(tmp_path, "p10.jpg", "p9.jpg", "p1.jpg", ".hidden.jpg", "notes.txt"))
    assert [(f.file, f.number("page")) for f in capture.frames] == [
        ("p1.jpg", 1),
        ("p9.jpg", 2),
        ("p10.jpg", 3),
    ]


@pytest.mark.parametrize(
    ("name", "wavelength"),
    [
        ("leaf_550nm.tif", 550),
        ("ir 940 nm.tif", 940),
        ("b_365.5nm_2.tif", 365.5),
        ("f_2000.tif", None),
        ("5nm.tif", None),
    ],
)
def test_wavelength_from_the_name(tmp_path, name, wavelength):
    (frame,) = infer_capture(folder_of(tmp_path, name)).frames
    assert (frame.coordinates["wavelength"].number if wavelength else None) == wavelength
    assert ("wavelength" in frame.coordinates) == (wavelength is not None)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("dark.tif", "dark"), ("flat_550nm.tif", "flat"), ("white-1.tif", "white"), ("a_target.tif", "target"),
        ("flatware.tif", "object"), ("darkness.tif", "object"), ("plain.tif", "object"),
    ],
)  # fmt: skip
def test_role_from_the_name(tmp_path, name, role):
    (frame,) = infer_capture(folder_of(tmp_path, name)).frames
    assert frame.role == role


def test_focus_and_side_from_the_name(tmp_path):
    capture = infer_capture(folder_of(tmp_path, "z_-1.5mm.tif", "x_left.tif", "y_rechts.tif"))
    found = {f.file: f.coordinates for f in capture.frames}
    assert found["z_-1.5mm.tif"]["focus"].number == -1.5
    assert found["x_left.tif"]["side"].value == "left"
    assert found["y_rechts.tif"]["side"].value == "right"


def test_coordinates_table(tmp_path):
    folder_of(tmp_path, "a.tif", "b.tif")
    (tmp_path / "coordinates.csv").write_text("file,focus,side\na.tif,1.5,left\nb.tif,2,\n")
    a, b = infer_capture(tmp_path).frames
    assert a.number("focus") == 1.5
    assert a.coordinates["side"].value == "left"
    assert "side" not in b.coordinates


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column 'file'"),
        ("name,focus\na.tif,1\n", "no column 'file'"),
        ("file,focus\nc.tif,1\n", "names 'c.tif' on line 2"),
        ("file,focus\na.tif,nan\n", "a finite number"),
        ("file,focus\na.tif," + "9" * 5000 + "\n", "a finite number"),
        ("file,focus\n../b.tif,1\n", "names '../b.tif' on line 2"),
        ('file,focus\n"a.tif,1\n' + "x" * 200_000, "cannot be read"),
    ],
)
def test_bad_coordinates_table(tmp_path, text, words):
    folder_of(tmp_path, "a.tif")
    (tmp_path / "coordinates.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        infer_capture(tmp_path)


def test_sidecars_that_are_no_text(tmp_path):
    folder_of(tmp_path, "a.tif")
    (tmp_path / "coordinates.csv").write_bytes(b"file,focus\na.tif,\xff\n")
    with pytest.raises(
        InputError, match=r"coordinates\.csv holds bytes at 17 that are no UTF-8 text: save it as UTF-8"
    ):
        infer_capture(tmp_path)
    (tmp_path / "x.lp").write_bytes(b"1\n\xff.tif 0 0 1\n")
    with pytest.raises(InputError, match=r"x\.lp holds bytes at 2"):
        read_light_file(tmp_path / "x.lp")


def test_some_frames_of_a_folder_with_a_table(tmp_path):
    folder_of(tmp_path, "a.tif", "b.tif")
    (tmp_path / "coordinates.csv").write_text("file,focus\na.tif,1.5\nb.tif,2\n")
    (frame,) = open_frames([tmp_path / "b.tif"]).frames
    assert frame.number("focus") == 2


def test_some_frames_of_a_folder_with_a_manifest(tmp_path):
    folder_of(tmp_path, "a.tif", "b.tif", "c.tif")
    frames = [Frame(file=name, coordinates=coordinates(focus=n)) for n, name in enumerate(("a.tif", "b.tif"))]
    save(Capture(settings={"encoding": "linear"}, frames=frames).at(tmp_path), tmp_path)
    some = open_frames([tmp_path / "b.tif", tmp_path / "a.tif"])
    assert [frame.number("focus") for frame in some.frames] == [1, 0]
    assert some.settings == {"encoding": "linear"}
    assert some.path(some.frames[0]).is_file()
    assert open_capture(tmp_path / "a.tif").settings == {"encoding": "linear"}
    assert open_frames([tmp_path / "a.tif", tmp_path / "c.tif"]).settings == {}


def test_a_frame_given_twice(tmp_path):
    folder_of(tmp_path, "a.tif")
    with pytest.raises(InputError, match=r"a\.tif is given twice: name each frame once"):
        open_frames([tmp_path / "a.tif"] * 2)


@pytest.mark.parametrize("name", [b"w\xff.tif", b"a\nb.tif", b"a\x1b[31m.tif"])
def test_names_that_are_no_text_are_told(tmp_path, name):
    with open(os.fsencode(tmp_path) + b"/" + name, "wb") as stream:
        stream.write(b"x")
    with pytest.raises(InputError, match="cannot be printed: rename it") as caught:
        infer_capture(tmp_path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["Käfer 1.tif", "  two  spaces.tif", "甲虫.tif", "a'b\"c.tif", "--json.tif"])
def test_names_that_are_odd_are_kept(tmp_path, name):
    (frame,) = infer_capture(folder_of(tmp_path, name)).frames
    assert frame.file == name
    save(infer_capture(tmp_path), tmp_path)
    assert open_capture(tmp_path).frames[0].file == name


@pytest.mark.parametrize("path", ["x" * 300, "a\0b", "", "/dev/null/x"])
def test_paths_that_cannot_be(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        open_capture(path)
    assert "\n" not in str(caught.value)


def test_two_light_files_are_told(tmp_path):
    folder_of(tmp_path, "a.tif")
    for name in ("x.lp", "y.lp"):
        (tmp_path / name).write_text("1\na.tif 0 0 1\n")
    capture = infer_capture(tmp_path)
    assert capture.calibration == []
    assert any("2 light files (x.lp, y.lp)" in note for note in capture.notes)


def test_every_picture_that_can_be_read_is_a_frame():
    from vestige.imaging.formats import IMAGE_SUFFIXES

    assert IMAGES == IMAGE_SUFFIXES


def test_lights(tmp_path):
    folder_of(tmp_path, "a.tif", "b.tif")
    (tmp_path / "dome.lp").write_text("2\nC:\\dome\\a.tif 0 0 1\nb.tif 0.6 0 0.8\n")
    a, b = infer_capture(tmp_path).frames
    assert a.coordinates["light"].vector == (0, 0, 1)
    assert math.isclose(math.hypot(*b.coordinates["light"].vector), 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not begin"), ("a.tif 0 0 1\n", "does not begin"), ("2\na.tif 0 0 1\n", "says 2 lights and lists 1"),
        ("9" * 5000 + "\na.tif 0 0 1\n", "does not begin"), ("٣\na.tif 0 0 1\n", "says"), ("1\na.tif 0 0\n", "line 2"), ("1\na.tif 0 nan 1\n", "line 2"), ("1\na.tif 0 0 0\n", "line 2"), ("1\na.tif x y z\n", "line 2"),
    ],
)  # fmt: skip
def test_bad_light_file(tmp_path, text, words):
    path = tmp_path / "x.lp"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_light_file(path)


def test_mutants_of_a_light_file(tmp_path):
    path = tmp_path / "x.lp"
    good = b"3\na.tif 0 0 1\nb.tif 0.6 0 0.8\nc.tif -0.6 0 0.8\n"
    for mutant in mutants(good, 300):
        path.write_bytes(mutant)
        try:
            lights = read_light_file(path)
            assert all(math.isfinite(value) for _, light in lights for value in light)
        except VestigeError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("names", [(), ("notes.txt",)])
def test_a_folder_without_frames(tmp_path, names):
    with pytest.raises(InputError, match="holds no frame"):
        open_capture(folder_of(tmp_path, *names))


def test_survey_data_are_frames_where_there_is_no_image(tmp_path):
    assert [f.file for f in infer_capture(folder_of(tmp_path, "grid.CMP", "grid.CMD")).frames] == ["grid.CMP"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "frames", "kinds"),
    [("focus/pcb7", 7, []), ("turntable/skull66", 66, ["cameras"]), ("survey/archaeopy_geoplot", 2, [])],
)
def test_real_folders(real_data, name, frames, kinds):
    capture = open_capture(real_data / name)
    assert len(capture.frames) == frames
    assert [item.kind for item in capture.calibration] == kinds


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbers_in_names_count(numbers: list[int]) -> None:
    names = [f"shot {number}b.tif" for number in numbers]
    assert sorted(names, key=natural_order) == [f"shot {number}b.tif" for number in sorted(numbers)]


@given(st.lists(st.text(max_size=8), max_size=8))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    sorted(names, key=natural_order)
