"""Chains: what does not fit is named before anything runs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vestige.capture import Capture, Frame, Thing, check, coordinates, open_capture
from vestige.contract import (
    Kind,
    Outcome,
    Output,
    Product,
    load_chain,
    register,
    run_chain,
    simulate,
    unregister,
)
from vestige.contract.chain import split
from vestige.contract.staging import alone
from vestige.errors import InputError, OutputError, VestigeError
from vestige.imaging import write_image
from vestige.testing import mutants

GOOD = """name = "Twice"
[[step]]
name = "once"
operation = "toy.run"
each = "page"
[[step]]
name = "twice"
operation = "toy.run"
input = "once.image"
recipe = {gain = 1.0}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "Twice"', "name = ", "is no TOML"),
        ("toy.run", "tyo.run", "there is no technique 'tyo'"),
        ("toy.run", "toy.fly", "has no operation 'fly'"),
        ("gain = 1.0", "gian = 1.0", "did you mean 'gain'"),
        ("gain = 1.0", "gain = -1", "greater than 0"),
        ("once.image", "once.mesh", "takes 'once.mesh'"),
        ("once.image", "later.image", "takes 'later.image'"),
        ('name = "twice"', 'name = "once"', "two steps called 'once'"),
        ('name = "twice"', 'name = "../x"', "step.1.name"),
        ("each", "eahc", "eahc"),
        ("gain = 1.0", "gain = " + "9" * 5000, "is no TOML"),
        ("gain = 1.0", "gain = " + "[" * 50_000, "is no TOML"),
        (
            'operation = "toy.run"\neach',
            'operation = "survey.evaluate"\neach',
            "dataset: a product of kind .table. is needed, not the capture",
        ),
        (
            'input = "once.image"',
            'input = "once.image"\nproducts = {nonsense = "once.image"}',
            "no input 'nonsense'",
        ),
        ('input = "once.image"', 'input = ""', "expected 'capture' or one of once.image"),
    ],
)
def test_what_does_not_fit_is_named(toy, tmp_path, old, new, words):
    path = tmp_path / "chain.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError, match=words) as caught:
        load_chain(path)
    assert "\n" not in str(caught.value)


def test_a_product_that_is_no_frame_is_told_before_anything_runs(toy, tmp_path):
    path = tmp_path / "chain.toml"
    path.write_text(
        'name = "x"\n[[step]]\nname = "solid"\noperation = "turntable.run"\n'
        '[[step]]\nname = "flat"\noperation = "toy.run"\ninput = "solid.model"\n'
    )
    with pytest.raises(
        InputError, match=r"'solid\.model', which is of kind 'mesh'; expected one of bands, depth"
    ):
        load_chain(path)


def axes_capture(tmp_path, lights=2, focuses=3):
    tmp_path.mkdir(exist_ok=True)
    frames = []
    for light in range(lights):
        for focus in range(focuses):
            name = f"l{light}f{focus}.tif"
            write_image(tmp_path / name, np.full((16, 16, 3), 0.1 + 0.1 * light, np.float32), depth=8)
            at = coordinates(light=(0.0, 0.6, 0.8) if light else (0.0, 0.0, 1.0), focus=focus, page=1.0)
            frames.append(Frame(file=name, coordinates=at))
    return Capture(thing=Thing(title="Leaf"), frames=frames).at(tmp_path)


def test_parts_keep_the_coordinates_that_their_frames_share(tmp_path):
    capture = axes_capture(tmp_path)
    capture.frames.append(Frame(file="dark.tif", role="dark"))
    capture.frames.append(Frame(file="flat.tif", role="flat", coordinates=coordinates(light=(0.0, 0.0, 1.0))))
    parts = split(capture, "light")
    assert [list(shared) for shared, _ in parts] == [["light", "page"]] * 2
    assert [len(part.select()) for _, part in parts] == [3, 3]
    assert [[f.file for f in part.frames if f.role != "object"] for _, part in parts] == [
        ["dark.tif", "flat.tif"],
        ["dark.tif"],
    ]
    assert len(split(capture, "light", "focus")) == 6
    assert all(part.root == tmp_path for _, part in parts)
    with pytest.raises(InputError, match=r"l0f0\.tif has no wavelength"):
        split(capture, "light", "wavelength")


def test_for_each_combination_of_two_axes(toy, tmp_path):
    capture = axes_capture(tmp_path / "in")
    path = tmp_path / "chain.toml"
    path.write_text(GOOD.replace('each = "page"', 'each = ["light", "focus"]'))
    reports = run_chain(load_chain(path), capture, tmp_path / "out")
    assert len(reports["once"]) == 6
    made = open_capture(tmp_path / "out" / "once.image")
    assert made.thing.title == "Leaf"
    assert made.frames[4].coordinates == capture.frames[4].coordinates
    assert check(made) == []


def test_the_first_light_alone(toy, tmp_path):
    capture = axes_capture(tmp_path / "in")
    path = tmp_path / "chain.toml"
    path.write_text(GOOD.replace('each = "page"', 'first = "light"\neach = "focus"'))
    reports = run_chain(load_chain(path), capture, tmp_path / "out")
    assert [report.measurements["mean"] for report in reports["once"]] == pytest.approx([0.15] * 3, abs=0.01)
    path.write_text(GOOD.replace('each = "page"', 'first = "wavelength"'))
    with pytest.raises(InputError, match="has no wavelength"):
        run_chain(load_chain(path), capture, tmp_path / "other")


def test_another_recipe_needs_replace_and_takes_the_place(toy, tmp_path):
    path = tmp_path / "chain.toml"
    path.write_text(GOOD)
    capture = axes_capture(tmp_path / "in")
    before = run_chain(load_chain(path), capture, tmp_path / "out")
    path.write_text(GOOD.replace("each", "recipe = {gain = 3.0}\neach"))
    with pytest.raises(OutputError, match="not empty"):
        run_chain(load_chain(path), capture, tmp_path / "out")
    after = run_chain(load_chain(path), capture, tmp_path / "out", replace=True)
    assert after["twice"][0].inputs[0].blake3 != before["twice"][0].inputs[0].blake3


def test_a_foreign_folder_in_the_place_of_a_derived_capture_is_left_alone(toy, tmp_path):
    path = tmp_path / "chain.toml"
    path.write_text(GOOD)
    (tmp_path / "out" / "once.image").mkdir(parents=True)
    (tmp_path / "out" / "once.image" / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="no capture that this chain made"):
        run_chain(load_chain(path), axes_capture(tmp_path / "in"), tmp_path / "out")
    assert (tmp_path / "out" / "once.image" / "letter.txt").read_text() == "mine"


def test_a_folder_of_pages_becomes_a_frame_a_page(toy, tmp_path):
    def split_pages(inputs, recipe, context):
        (context.output / "pages").mkdir()
        for number in (2, 10, 1):
            write_image(context.output / "pages" / f"{number}.tif", np.full((8, 8), number / 20, np.float32))
        return Outcome([Product("pages", Kind.PAGE, Path("pages"), {"pixel_mm": 0.1})])

    operation = replace(
        toy.operations[0], name="split", run=split_pages, outputs=(Output("pages", Kind.PAGE, "pages"),)
    )
    unregister("toy")
    register(replace(toy, operations=(*toy.operations, operation)))
    path = tmp_path / "chain.toml"
    path.write_text(
        GOOD.replace('"toy.run"\neach = "page"', '"toy.split"').replace("once.image", "once.pages")
    )
    run_chain(load_chain(path), axes_capture(tmp_path / "in"), tmp_path / "out")
    made = open_capture(tmp_path / "out" / "once.pages")
    assert [frame.file for frame in made.sorted_by("page")] == ["000_1.tif", "000_2.tif", "000_10.tif"]
    assert made.settings["pixel_mm"] == 0.1


def test_two_runs_of_a_chain_in_one_folder(toy, tmp_path):
    path = tmp_path / "chain.toml"
    path.write_text(GOOD)
    with alone(tmp_path / "out"), pytest.raises(OutputError, match="another run"):
        run_chain(load_chain(path), axes_capture(tmp_path / "in"), tmp_path / "out")


def test_mutants_of_a_chain(toy, tmp_path):
    path = tmp_path / "chain.toml"
    refused = 0
    for mutant in mutants(GOOD.encode(), 300):
        path.write_bytes(mutant)
        try:
            load_chain(path)
        except VestigeError as error:
            refused += 1
            assert str(path) in str(error)
    assert refused > 100


def test_a_chain_goes_on_where_it_stopped(toy, tmp_path):
    path = tmp_path / "chain.toml"
    path.write_text(GOOD)
    simulate(toy, tmp_path / "in", seed=2)
    capture = open_capture(tmp_path / "in")
    told = []

    def stop(done, total, label):
        told.append(label)
        if len(told) == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_chain(load_chain(path), capture, tmp_path / "out", progress=stop)
    done = sorted((tmp_path / "out" / "once").glob("[0-9]*"))
    assert 0 < len(done) < 4
    before = [(folder / "report.json").stat().st_mtime_ns for folder in done]
    reports = run_chain(load_chain(path), capture, tmp_path / "out")
    assert [(folder / "report.json").stat().st_mtime_ns for folder in done] == before
    assert len(reports["once"]) == 4
    assert len(open_capture(tmp_path / "out" / "once.image").axes()) == 1
