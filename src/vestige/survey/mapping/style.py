"""How QGIS shows features when it opens them: one colour a class, a dashed line where the ring is broken."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

__all__ = ["embed_style", "style"]

#: Colours that people with any colour vision tell apart (Okabe and Ito 2008), red, green, blue.
COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))
#: QGIS wants this time in a style; the same run must give the same bytes.
TIME = "2000-01-01T00:00:00.000Z"


def style(classes: Sequence[str]) -> str:
    """The QML style of a layer of features: a colour for each class, its number as label.

    >>> style(["feature"]).startswith("<!DOCTYPE qgis")
    True
    """
    categories = "".join(
        f'<category type="string" value={quoteattr(name)} symbol="{number}" label={quoteattr(name)} '
        'render="true"/>'
        for number, name in enumerate(classes)
    )
    symbols = "".join(_symbol(number) for number in range(len(classes)))
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.22.0" styleCategories="Symbology|Labeling" labelsEnabled="1">'
        '<renderer-v2 type="categorizedSymbol" attr="class" forceraster="0" symbollevels="0" '
        f'enableorderby="0"><categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>'
        '<labeling type="simple"><settings><text-style fieldName="id" fontSize="8" textColor="40,40,40,255" '
        'fontFamily="Sans"><text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" '
        'bufferColor="255,255,255,255"/></text-style><placement placement="0"/></settings></labeling>'
        "<layerGeometryType>2</layerGeometryType></qgis>"
    )


def _symbol(number: int) -> str:
    """A translucent fill with an outline."""
    red, green, blue = COLOURS[number % len(COLOURS)]
    options = {
        "color": f"{red},{green},{blue},70",
        "style": "solid",
        "outline_color": f"{red},{green},{blue},255",
        "outline_style": "solid",
        "outline_width": "0.4",
        "outline_width_unit": "MM",
        "joinstyle": "round",
    }
    said = "".join(
        f'<Option type="QString" name="{name}" value="{value}"/>' for name, value in options.items()
    )
    return (
        f'<symbol type="fill" name="{number}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">{said}</Option>'
        "</layer></symbol>"
    )


def embed_style(path: Path, layer: str, classes: Sequence[str]) -> None:
    """Keep the style in the GeoPackage: table ``layer_styles``, found by QGIS when the layer is opened.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "empty.gpkg")
    >>> embed_style(path, "features", ["feature"])
    Traceback (most recent call last):
    ...
    sqlite3.OperationalError: no such table: gpkg_contents
    """
    database = sqlite3.connect(path)
    try:
        with database:
            database.execute(
                "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "
                "f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), "
                "f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, "
                "useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)"
            )
            database.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
                "VALUES ('layer_styles', 'attributes', 'layer_styles', 'QGIS styles', ?)",
                (TIME,),
            )
            column = database.execute(
                "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (layer,)
            ).fetchone()[0]
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
                "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
                "update_time) VALUES ('', '', ?, ?, 'vestige', ?, '', 1, 'Features by class', '', ?)",
                (layer, column, style(classes), TIME),
            )
    finally:
        database.close()
