"""From files of several makers to a map, and real files."""

import numpy as np
import pytest
import rasterio

from vestige.capture.infer import open_capture
from vestige.contract import Budget
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.survey import read_survey
from vestige.survey.recipe import RunRecipe


def processed(folder, out, **settings):
    recipe = RunRecipe(**settings)
    report = execute(
        technique("survey"), "run", {"capture": [open_capture(folder)]}, recipe, out, budget=Budget(cores=1)
    )
    with rasterio.open(out / "processed.tif") as raster:
        return raster.read(1), raster, report


def test_a_cart_is_mapped(sensys_asc, tmp_path):
    path = sensys_asc()
    folder = tmp_path / "site"
    folder.mkdir()
    path.rename(folder / path.name)
    values, raster, report = processed(folder, tmp_path / "out", crs="EPSG:25832")
    assert raster.crs.to_epsg() == 25832
    assert np.isfinite(values).sum() * 0.25**2 == pytest.approx(120, rel=0.15)
    assert report.frames[0]["probes"] == 4
    assert raster.bounds.left == pytest.approx(474_000, abs=1)


def test_readings_in_no_order_are_points(tmp_path):
    random = np.random.default_rng(1)
    places = random.uniform(0, 20, (500, 2))
    rows = "\n".join(f"{1 + (x > 10)},{x:.3f},{y:.3f},{x + y:.3f}" for x, y in places)
    (tmp_path / "a.csv").write_text("line,x,y,nT\n" + rows)
    survey = read_survey(tmp_path / "a.csv")
    assert survey.places is None
    assert not survey.walked


@pytest.mark.real
def test_real_files_tell_how_they_were_walked(real_data):
    processed = read_survey(real_data / "survey/archaeopy_geoplot/test_c.CMP")
    assert len(processed.history) == 70
    assert processed.history[0] == "Zero Mean Traverse, Grid=All LMS=On"
    caesium = read_survey(real_data / "survey/geophpy_g858/Mag_ex1.dat")
    assert caesium.pattern == "zig-zag"
    assert caesium.directions.tolist() == [-1 if line % 2 == 0 else 1 for line in range(59)]
