"""Real surveys: read right, cleaned, mapped."""

from itertools import pairwise

import numpy as np
import pytest

from vestige.capture.infer import open_capture
from vestige.contract import Budget
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.survey import destripe, process, read_survey, zero_median_traverse
from vestige.survey.recipe import RunRecipe

pytestmark = pytest.mark.real


def stripes(values):
    """The step between neighbouring traverses: the spread of the differences of their medians, nT."""
    return float(np.nanstd(np.diff(np.nanmedian(values, axis=1))))


def test_geoplot_composites(real_data):
    raw = read_survey(real_data / "survey/archaeopy_geoplot/28m9.CMP")
    assert raw.values.shape == (150, 1440)
    assert np.isnan(raw.values).mean() == pytest.approx(0.338, abs=1e-3)
    assert np.nanmin(raw.values) == pytest.approx(-98.7, abs=0.1)
    processed = read_survey(real_data / "survey/archaeopy_geoplot/test_c.CMP")
    assert (processed.values.shape, processed.instrument) == ((140, 400), "FM256")


def test_destriping_the_bartington_survey(real_data):
    raw = read_survey(real_data / "survey/archaeopy_geoplot/28m9.CMP")
    known = np.isfinite(raw.values[80:140, 120:480])
    assert known.mean() > 0.9
    before, median, ours = (
        stripes(v[80:140, 120:480]) for v in (raw.values, zero_median_traverse(raw), destripe(raw))
    )
    assert median < 0.4 * before
    assert ours < 0.8 * before


def test_destaggering_the_caesium_survey(real_data):
    """Neighbouring traverses correlate better: the mean of Pearson's r over all neighbours."""
    raw = read_survey(real_data / "survey/geophpy_g858/Mag_ex1.dat")
    cleaned = process(raw, RunRecipe())[0]
    before, after = (
        np.mean([np.corrcoef(one, other)[0, 1] for one, other in pairwise(survey.values)])
        for survey in (raw, cleaned)
    )
    assert after - before > 0.14


def test_caesium_gradiometer(real_data):
    survey = read_survey(real_data / "survey/geophpy_g858/Mag_ex1.dat")
    assert survey.unit == "VRT_GRAD"
    assert survey.values.shape[0] == 59
    assert (survey.traverse_m, survey.bearing) == (1.0, 0)
    assert 0.2 < survey.reading_m < 0.28
    assert 1.4826 * np.nanmedian(np.abs(survey.values - np.nanmedian(survey.values))) == pytest.approx(
        3.75, abs=0.3
    )


def test_saga_grid(real_data):
    survey = read_survey(real_data / "survey/magaar_duhnen/Example_Clip.sgrd")
    assert survey.values.shape == (98, 245)
    assert survey.crs == "EPSG:25832"
    assert np.nanmax(survey.values) == pytest.approx(24.8, abs=0.1)
    assert survey.west == pytest.approx(474768.46, abs=0.01)


@pytest.mark.parametrize(
    ("path", "hectares"),
    [
        ("archaeopy_geoplot/28m9.CMP", 3.577),
        ("archaeopy_geoplot/test_c.CMP", 1.4),
        ("geophpy_g858", 0.295),
        ("magaar_duhnen", 0.054),
    ],
)
def test_runs_to_products(real_data, tmp_path, path, hectares):
    capture = open_capture(real_data / "survey" / path)
    report = execute(
        technique("survey"), "run", {"capture": [capture]}, None, tmp_path / "out", budget=Budget(cores=1)
    )
    assert report.measurements["surveyed_ha"] == pytest.approx(hectares, rel=0.03)
    assert {record.name for record in report.products} == {
        "processed",
        "classes",
        "confidence",
        "features",
        "exchange",
    }
