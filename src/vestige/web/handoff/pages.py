"""Templates and headers of both applications; they share nothing else, and nothing with the workbench."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse

from vestige.web.language import catalogue
from vestige.web.templating import environment

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
#: The address of a page is its key: it is never told to another page, nor kept by a cache between.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment(size=size)


def drawn(template: str, language: str, **told: Any) -> str:
    """A template in a language."""
    words = catalogue(language)
    return _environment().get_template(template).render(t=words.__getitem__, language=language, **told)


def page(request: Request, template: str, language: str, status: int = 200, **told: Any) -> HTMLResponse:
    """A page that no cache keeps."""
    text = drawn(template, language, here=request.url.path, **told)
    return HTMLResponse(text, status, headers={"Cache-Control": "no-cache, private"})


def size(count: int) -> str:
    """Bytes as people say them on a phone.

    >>> size(2_400_000), size(900)
    ('2.4 MB', '1 kB')
    """
    if count >= 1_000_000_000:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{max(1, round(count / 1000))} kB"
