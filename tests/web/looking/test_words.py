"""The viewers ask for no word that the catalogues lack, also where a key is put together."""

import re
from pathlib import Path

import vestige.web
from vestige.display.tone import LOOKS
from vestige.web.language import catalogue

SCRIPTS = Path(vestige.web.__file__).parent / "static/js"
ASKED = (
    r'\bword\("([a-z_]+)"\)',
    r'\b(?:button|toggle)\("([a-z_]+)"',
    r'\["[^"]{1,12}", "([a-z_]+)", \(',
    r'\["[^"]{1,12}", "((?:key_)?[a-z]+)"\],',
)


def test_words_of_scripts():
    known = set(catalogue("en"))
    for path in [*SCRIPTS.glob("*.js"), *(SCRIPTS / "looking").glob("*.js")]:
        found = {key for pattern in ASKED for key in re.findall(pattern, path.read_text())}
        assert {f"view_{key}" for key in found} <= known, path


def test_words_that_are_put_together():
    known = set(catalogue("en"))
    shapes = ("distance", "angle", "area")
    made = {f"view_{what}_{shape}" for what in ("measure", "hint") for shape in shapes}
    made |= {f"view_column_{name}" for name in ("measure", "value", "height")}
    made |= {f"view_{mode}" for mode in ("curtain", "side_by_side", "blink", "overlay", "difference")}
    made |= {f"looking_align_{how}" for how in ("pixels", "size", "scale", "width")}
    made |= {f"view_look_{look}" for look in LOOKS if look not in ("picture", "normals", "classes")}
    assert made <= known
