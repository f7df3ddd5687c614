"""Real books: hand-held photographs of registers, and two Fraktur pages with corrected text."""

import csv

import numpy as np
import pytest

from vestige.capture import capture_of
from vestige.contract import Context, Inputs
from vestige.imaging import open_image
from vestige.pages import PagesRecipe, character_error_rate, find_fold, installed, read_alto
from vestige.pages.pipeline import run


def proxy(path):
    with open_image(path) as image:
        return image.proxy(1400), image.info.width


@pytest.mark.real
def test_six_folds_and_one_single_page(real_data):
    folder = real_data / "pages" / "timeus-register-spreads"
    with (folder / "gutter.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        image, width = proxy(folder / row["file"])
        fold = find_fold(image)
        if float(row["x_top"]) < 0:
            assert fold is None, row["file"]
            continue
        found = fold.scaled(width / image.shape[1])
        assert found.top == pytest.approx(float(row["x_top"]), abs=0.03 * width), row["file"]
        assert found.bottom == pytest.approx(float(row["x_bottom"]), abs=0.03 * width), row["file"]


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    ["page-dewarp-photos/boston_cooking_a.jpg", "page-dewarp-photos/weimar_newspaper_a.tif"]
    + [f"nzz-fraktur-newspaper-gt/nzz_{day}.tif" for day in (17800719, 18200929, 18701230)],
)
def test_single_pages_are_never_split(real_data, name):
    assert find_fold(proxy(real_data / "pages" / name)[0]) is None


def closed_up(path):
    """Without spaces: the truth puts one before each comma."""
    return "".join(read_alto(path).text.split())


@pytest.mark.real
def test_fraktur_pages(real_data, tmp_path):
    if "Fraktur" not in installed():
        pytest.skip("Tesseract data for Fraktur is not installed: apt install tesseract-ocr-script-frak")
    folder = real_data / "pages" / "ocrd-kant-fraktur"
    capture = capture_of(sorted(folder.glob("*.jpg")))
    with Context(tmp_path) as context:
        outcome = run(Inputs({"capture": [capture]}), PagesRecipe(ppi=300), context)
        rates = [
            character_error_rate(
                closed_up(context.output / "text" / f"{number:04d}.xml"),
                closed_up(folder / f"{name}.alto.xml"),
            )
            for number, name in enumerate(["kant_0017", "kant_0020"], start=1)
        ]
    assert outcome.measurements["double_pages"] == 0
    assert np.mean(rates) < 0.1, rates
