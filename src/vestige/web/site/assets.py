"""What every page of a site shares: styles, fonts, scripts. Made from the very files of the workbench."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import vestige
from vestige.web.site.bundle import bundle
from vestige.web.views import static_folder

#: What stands in the place of a module of the workbench.
_INSTEAD = {"js/reach.js": "js/site/reach.js"}
_SCRIPTS = {
    "zoom.js": "js/zoom.js",
    "light.js": "js/light.js",
    "mesh.js": "js/mesh.js",
    "map.js": "js/map.js",
    "page.js": "js/page.js",
    "search.js": "js/site/search.js",
}
_COPIED = {
    "mark.svg": "mark.svg",
    "js/theme.js": "js/site/theme.js",
    "vendor/ol.css": "vendor/ol.css",
    "vendor/source-serif-4.woff2": "vendor/source-serif-4.woff2",
    "vendor/inter.woff2": "vendor/inter.woff2",
    "css/looking.css": "css/looking.css",
    "css/site.css": "css/site/site.css",
}
_LICENCES = ("openseadragon", "three", "ol", "inter", "source-serif-4")


def write_assets(folder: Path) -> None:
    """Write what the pages share into `folder`."""
    static = static_folder()
    made = {name: (static / place).read_bytes() for name, place in _COPIED.items()}
    made |= {f"vendor/{name}.LICENCE.txt": _licence(static, name) for name in _LICENCES}
    styles = (static / "css/vestige.css").read_text(encoding="utf-8")
    made["css/vestige.css"] = styles.replace('url("/static/', 'url("../').encode()
    for name, entry in _SCRIPTS.items():
        made[f"js/{name}"] = bundle(entry, static, _INSTEAD).encode()
    for name, data in made.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _licence(static: Path, name: str) -> bytes:
    return (static / "vendor" / f"{name}.LICENCE.txt").read_bytes()


@lru_cache(maxsize=1)
def making() -> str:
    """A digest of what makes the pages: where it has changed, they are written anew."""
    package = Path(str(files("vestige.web")))
    found = hashlib.sha256(vestige.__version__.encode())
    for pattern in ("site/*.py", "templates/**/*.html", "languages/*.json", "[!_]*.py"):
        for path in sorted(package.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]
