"""The manual is a contract: what exists stands in it, and what stands in it exists."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

import vestige
from vestige.cli.reference import pages
from vestige.cli.root import COMMANDS
from vestige.contract import Kind
from vestige.contract.names import BUILT_IN
from vestige.contract.registry import technique

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = Path(vestige.__file__).parent
FOUNDATION = ["capture", "contract", "imaging", "quality", "testing", "errors"]


def test_reference_pages_are_those_of_the_code():
    made = pages()
    for name, text in made.items():
        path = DOCS / "reference" / name
        assert path.is_file(), f"docs/reference/{name} is missing: make docs"
        assert path.read_text(encoding="utf-8") == text, f"docs/reference/{name} is out of date: make docs"
    assert {path.name for path in (DOCS / "reference").iterdir()} == set(made)


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_technique_has_a_page_that_names_all_it_does(name):
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for operation in technique(name).operations:
        assert operation.name in text
        for output in operation.outputs:
            assert output.path.rstrip("/") in text, f"{name}.md does not tell of {output.path}"
    assert "## Limits" in text


def test_each_command_is_in_the_manual():
    text = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"vestige {name}" in text


def test_each_kind_of_product_is_in_the_manual():
    text = (DOCS / "products.md").read_text(encoding="utf-8")
    for kind in Kind:
        assert f"`{kind.value}`" in text


@pytest.mark.parametrize("path", sorted([*DOCS.rglob("*.md"), ROOT / "README.md"]), ids=lambda p: p.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def _exported(package: str) -> dict[str, ast.AST | None]:
    """Public names of a package and the definition of each, from its table of contents."""
    folder = SOURCE / package
    if not folder.is_dir():
        table = {None: [(n.name, n.name) for n in _definitions(SOURCE / f"{package}.py").values()]}
        return {name: _definitions(SOURCE / f"{package}.py")[name] for name, _ in table[None]}
    stub = folder / "__init__.pyi" if (folder / "__init__.pyi").exists() else folder / "__init__.py"
    found: dict[str, ast.AST | None] = {}
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("vestige.")):
            module = (node.module or "").removeprefix(f"vestige.{package}").lstrip(".")
            file = folder / f"{module.replace('.', '/')}.py"
            for alias in node.names:
                if file.is_file():
                    found[alias.asname or alias.name] = _definitions(file).get(alias.name)
    return found


def _definitions(path: Path) -> dict[str, ast.AST]:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    kinds = ast.FunctionDef | ast.ClassDef
    return {node.name: node for node in body if isinstance(node, kinds) and not node.name.startswith("_")}


@pytest.mark.parametrize("package", [*FOUNDATION, *BUILT_IN])
def test_public_names_are_documented_with_an_example(package):
    exported = _exported(package)
    assert exported
    bare = [
        name
        for name, node in exported.items()
        if node is not None and ">>>" not in (ast.get_docstring(node) or "") and not _plain_record(node)
    ]
    assert bare == [], f"vestige.{package}: no runnable example for {', '.join(bare)}"


def _plain_record(node: ast.AST) -> bool:
    """A record, protocol or test suite: a docstring says all, there is nothing to run."""
    return isinstance(node, ast.ClassDef) and bool(ast.get_docstring(node))


def test_every_public_name_is_importable():
    for package in [*FOUNDATION, *BUILT_IN]:
        module = importlib.import_module(f"vestige.{package}")
        for name in _exported(package):
            assert hasattr(module, name), f"vestige.{package}.{name}"


def test_no_module_is_past_four_hundred_lines():
    spec = importlib.util.spec_from_file_location("measure", ROOT / "tools" / "measure.py")
    measure = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["measure"] = measure
    spec.loader.exec_module(measure)
    size = measure.measure()
    long = {name: lines for name, lines in size.modules.items() if lines > 400}
    assert long == {}
