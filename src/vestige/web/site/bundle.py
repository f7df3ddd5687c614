"""Our ES modules as one classic script each: a browser loads no module from a file.

Each module becomes a function that gives what it exports; the modules it imports stand before it. The same
modules make the same bytes. Nothing is cut and nothing renamed: the parsing is of our own way of writing
(`import {…} from`, `export const`, `export {…}` at the beginning of a line), which a test holds.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from vestige.errors import InputError

_IMPORT = re.compile(r'^import\s+(?:(\w+)|\{([^}]*)\})\s+from\s+"([^"]+)";?[ \t]*$', re.MULTILINE)
_DECLARED = re.compile(r"^export (?=(?:async )?(?:const|function|class)\b)", re.MULTILINE)
_NAME = re.compile(r"^export (?:async )?(?:const|function|class) (\w+)", re.MULTILINE)
_LISTED = re.compile(r"(?:^|;|\})export ?\{([^}]*)\};?\s*$", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b", re.MULTILINE)


def bundle(entry: str, static: Path, instead: Mapping[str, str]) -> str:
    """The script of `entry` (its place under `static`) with all it imports; `instead` replaces modules.

    Raises
    ------
    InputError
        where a module is written in a way that is not understood.
    """
    order: list[str] = []
    _visit(entry, static, instead, order, ())
    names = {module: f"m{number}" for number, module in enumerate(order)}
    parts = [_module(module, static, instead, names) for module in order]
    return f'(() => {{\n"use strict";\n{"".join(parts)}}})();\n'


def _visit(
    module: str, static: Path, instead: Mapping[str, str], order: list[str], above: tuple[str, ...]
) -> None:
    if module in order:
        return
    if module in above:
        raise InputError(static / module, "imports itself by way of others")
    for found in _IMPORT.finditer(_text(static / module)):
        _visit(_place(module, found[3], instead), static, instead, order, (*above, module))
    order.append(module)


def _module(module: str, static: Path, instead: Mapping[str, str], names: Mapping[str, str]) -> str:
    text = _text(static / module)
    given = {name: name for name in _NAME.findall(text)}
    for listed in _LISTED.findall(text):
        for part in filter(None, (item.strip() for item in listed.split(","))):
            inner, _, outer = part.partition(" as ")
            given[outer or inner] = inner
    body = _IMPORT.sub(lambda found: _taken(module, found, instead, names), text)
    body = _LISTED.sub(lambda found: found[0][: found[0].index("export")], _DECLARED.sub("", body))
    if left := _LEFT.search(body):
        line = body[left.start() :].splitlines()[0][:60]
        raise InputError(static / module, f"says '{line}'", "imports and exports of named things")
    told = ", ".join(f"{outer}: {inner}" for outer, inner in sorted(given.items()))
    return f"// {module}\nconst {names[module]} = (() => {{\n{body}\nreturn {{ {told} }};\n}})();\n"


def _taken(module: str, found: re.Match[str], instead: Mapping[str, str], names: Mapping[str, str]) -> str:
    name = names[_place(module, found[3], instead)]
    if found[1]:
        return f"const {{ default: {found[1]} }} = {name};"
    return f"const {{{found[2].replace(' as ', ': ')}}} = {name};"


def _place(module: str, asked: str, instead: Mapping[str, str]) -> str:
    place = posixpath.normpath(posixpath.join(posixpath.dirname(module), asked))
    return instead.get(place, place)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
