"""Real captures through their commands, as a person would run them; what can be asserted is asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vestige.contract.report import load_report

pytestmark = pytest.mark.real

#: Technique, input beneath the folder of real captures, options, products that must be there.
RUNS = {
    "focus pcb7": ("focus", ["focus/pcb7"], [], {"image", "depth"}),
    "spectral palette": (
        "spectral", ["spectral/vis_ir_pairs/a002_palette.jpg", "spectral/vis_ir_pairs/a002_s002__TL.jpg"],
        ["--set", 'wavelengths={"a002_s002__TL.jpg": 900}'],
        {"bands", "colour", "falsecolour", "components"},
    ),
    "relight bunny": (
        "relight", ["relight/bunny_ps/lambert"],
        ["--lights", "relight/bunny_ps/lights.lp", "--set", "encoding=linear", "--set", "white_level=4095"],
        {"relight", "normals", "albedo", "height"},
    ),
    "relight leaves": (
        "relight", ["relight/leaves_tdm"], ["--preset", "raking", "--set", "frames=*_TL.jpg"],
        {"relight", "normals", "albedo", "height"},
    ),
    "pages kant": ("pages", ["pages/ocrd-kant-fraktur"], [], {"pages", "text", "volume"}),
    "pages registers": ("pages", ["pages/timeus-register-spreads"], ["--preset", "pictures"], {"pages"}),
    "turntable skull": ("turntable", ["turntable/skull66"], ["--set", "resolution=96"], {"model"}),
    "survey bradford": ("survey", ["survey/archaeopy_geoplot/28m9.CMP"], [], {"processed", "classes", "features"}),
    "survey fm256": ("survey", ["survey/archaeopy_geoplot/test_c.CMP"], [], {"processed", "classes", "features"}),
    "survey g858": ("survey", ["survey/geophpy_g858"], [], {"processed", "classes", "features"}),
    "survey duhnen": ("survey", ["survey/magaar_duhnen"], [], {"processed", "classes", "features"}),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_real_capture_through_its_command(name, real_data, tmp_path):
    technique, inputs, options, products = RUNS[name]
    named = [str(real_data / word) if word.endswith(".lp") else word for word in options]
    paths = [str(real_data / path) for path in inputs]
    command = [
        Path(sys.executable).with_name("vestige"),
        technique,
        "run",
        *paths,
        "--out",
        tmp_path / "out",
        *named,
    ]
    run = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stderr
    report = load_report(tmp_path / "out")
    assert json.loads(run.stdout)["key"] == report.key
    assert products <= {product.name for product in report.products}
    assert (tmp_path / "out" / "report.html").read_text().count("data:image/jpeg") > 0
