#!/usr/bin/env python3
"""The sentences of errors, as the source can say them, and which of them a language lacks.

    python tools/phrases.py de            # what src/vestige/web/languages/phrases/de.json does not know
    python tools/phrases.py de --stale    # what it knows and nobody says any more

A sentence is a template: what is put in while the program runs stands as ``{}``. Python's ``ast`` reads them
from the places where errors are raised; those of pydantic come from its own list. The command line's own
errors never reach a page and are left out.
"""

from __future__ import annotations

import ast
import errno
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "vestige"
LANGUAGES = SOURCE / "web" / "languages"
#: These never speak to a page.
SILENT = ("cli", "testing")
#: Errors that are made of a name, what was found, what was expected and what to do.
PARTED = ("InputError", "FrameError")
PLAIN = (
    "_refusal",
    "warn",
    "noted",
    "RefusedError",
    "UnsupportedError",
    "UsageError",
    "MissingError",
    "BudgetError",
    "OutputError",
    "BusyError",
    "Cancelled",
    "ValueError",
)
_PARTS = ("path", "found", "expected", "action")
Constants = Mapping[str, ast.expr]
#: What the system says of files most often; the rest of its words stay as they are.
SYSTEM = ("EACCES", "EBUSY", "EIO", "EISDIR", "ENOENT", "ENOSPC", "ENOTDIR", "EPERM", "EROFS")


def sentences(source: Path = SOURCE) -> set[str]:
    """All templates of sentences that an error of the family can have."""
    found: set[str] = set()
    for path in sorted(source.rglob("*.py")):
        if path.relative_to(source).parts[0] in SILENT:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            found.update(_said(node, constants))
    return {text for text in found if _wordy(text)}


def of_pydantic() -> set[str]:
    """The templates of what pydantic says of a value."""
    from pydantic_core._pydantic_core import list_all_errors

    told = {error["message_template_python"] for error in list_all_errors()}
    return {text for text in (re.sub(r"\{\w+\}", "{}", one) for one in told) if _wordy(text)}


def of_the_system() -> set[str]:
    """What the operating system says of a file."""
    return {os.strerror(getattr(errno, name)) for name in SYSTEM}


def all_sentences() -> set[str]:
    """All that a page may have to say in another language."""
    return sentences() | of_pydantic() | of_the_system()


def known(language: str) -> dict[str, str]:
    """The phrase table of a language."""
    table: dict[str, str] = json.loads(
        (LANGUAGES / "phrases" / f"{language}.json").read_text(encoding="utf-8")
    )
    return table


def _said(node: ast.AST, constants: Constants) -> Iterator[str]:
    """What a place in the source says: an error, the last words of a job, a sentence that is handed on."""
    match node:
        case ast.Call():
            yield from _raised(node, constants)
        case (
            ast.Assign(targets=[ast.Name(id="sentence" | "hint")], value=value)
            | ast.keyword(arg="sentence", value=value)
        ):
            yield from _texts(value, constants)
        case ast.FunctionDef(name="_sentence"):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return):
                    yield from _texts(inner.value, constants)
        case ast.FunctionDef(name="sentences"):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Assign):
                    yield from _texts(inner.value, constants)
                if isinstance(inner, ast.List):
                    for element in inner.elts:
                        yield from _texts(element, constants)


def _raised(call: ast.Call, constants: Constants) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in PARTED:
        given = dict(zip(_PARTS, call.args, strict=False))
        given |= {word.arg: word.value for word in call.keywords if word.arg}
        told = (_texts(given.get(part), constants) for part in _PARTS)
        for path, found, expected, action in product(*told):
            rest = f"; expected {expected}" if expected else ""
            yield f"{path} {found}{rest}" + (f": {action}" if action else "")
    elif name in PLAIN and call.args:
        yield from _texts(call.args[0], constants)
    elif name == "HTTPException" and len(call.args) > 1:
        yield from _texts(call.args[1], constants)


def _texts(node: ast.expr | None, constants: Constants) -> list[str]:
    """What an expression can say, with ``{}`` for what only the running program knows."""
    match node:
        case None:
            return [""]
        case ast.Constant(value=str(text)):
            return [text.replace("\n", " ")]
        case ast.JoinedStr(values=parts):
            return ["".join(one) for one in product(*(_texts(part, constants) for part in parts))]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return ["".join(one) for one in product(_texts(left, constants), _texts(right, constants))]
        case ast.IfExp(body=body, orelse=other):
            return [*_texts(body, constants), *_texts(other, constants)]
        case ast.Name(id=name) if isinstance(constants.get(name), ast.Constant | ast.JoinedStr):
            return _texts(constants[name], {})
    return ["{}"]


def _wordy(text: str) -> bool:
    """Whether there is a word to translate."""
    return re.search(r"[A-Za-z]{2}", text) is not None


def main() -> int:
    """List what is missing, or what is stale; 1 where there is any."""
    language, stale = sys.argv[1], "--stale" in sys.argv
    said, table = all_sentences(), known(language)
    rows = sorted(set(table) - said) if stale else sorted(said - set(table))
    print("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return 1 if rows else 0


if __name__ == "__main__":
    sys.exit(main())
