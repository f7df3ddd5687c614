"""The templates of all pages: one way to read and to fill them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vestige.web.language import LANGUAGES


def environment(**filters: Callable[..., Any]) -> Environment:
    """Jinja templates of the web package that escape what they are told and refuse what they are not told.

    >>> environment(loud=str.upper).from_string("{{ word | loud }}").render(word="<hill>")
    '&lt;HILL&gt;'
    """
    made = Environment(
        loader=PackageLoader("vestige.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named: Mapping[str, Callable[..., Any]] = filters
    made.filters |= named
    made.globals["languages"] = LANGUAGES
    return made
