"""Modules become classic scripts."""

import pytest

from vestige.errors import InputError
from vestige.web.site.bundle import bundle
from vestige.web.views import static_folder


@pytest.fixture
def static(tmp_path):
    (tmp_path / "near").mkdir()
    (tmp_path / "near/a.js").write_text('import { b as c } from "../b.js";\nexport const a = c + 1;\n')
    (tmp_path / "b.js").write_text("const b = 1;\nexport { b };\nexport function late() {}\n")
    (tmp_path / "other.js").write_text("export const b = 41;\n")
    return tmp_path


def test_each_module_stands_once_before_those_that_need_it(static):
    (static / "main.js").write_text(
        'import { a } from "./near/a.js";\nimport { b, late } from "./b.js";\nlate(a + b);\n'
    )
    made = bundle("main.js", static, {})
    assert made == bundle("main.js", static, {})
    assert made.count("// b.js") == 1
    assert made.index("// b.js") < made.index("// near/a.js") < made.index("// main.js")
    assert "import" not in made
    assert "export" not in made
    assert "// other.js" in bundle("main.js", static, {"b.js": "other.js"})


@pytest.mark.parametrize(
    "text", ['import * as all from "./b.js";\n', 'import "./b.js";\n', 'export * from "./b.js";\n']
)
def test_what_is_not_understood_is_refused(static, text):
    (static / "main.js").write_text(text)
    with pytest.raises(InputError, match=r"main\.js says"):
        bundle("main.js", static, {})


def test_modules_that_import_each_other_are_refused(static):
    (static / "b.js").write_text('import { a } from "./near/a.js";\nexport const b = a;\n')
    with pytest.raises(InputError, match="imports itself"):
        bundle("near/a.js", static, {})


@pytest.mark.parametrize("name", ["zoom", "light", "mesh", "map", "site/search"])
def test_our_viewers_are_understood(name):
    made = bundle(f"js/{name}.js", static_folder(), {"js/reach.js": "js/site/reach.js"})
    assert "// js/site/reach.js" in made
    assert "// js/reach.js" not in made
