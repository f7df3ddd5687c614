"""Features into a table of a PostGIS database: all of them, or none."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestige.capture.durable import write_atomically
from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import InputError, OutputError, UsageError
from vestige.survey.mapping.vectors import LAYER
from vestige.survey.recipe import PostgisRecipe

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = ["to_postgis"]

#: Columns that are no text and no real number.
TYPES = {"int32": "integer", "int64": "integer", "float64": "double precision"}


@dataclass(frozen=True)
class _Layer:
    """Features as read from a GeoPackage: geometry as hexadecimal EWKB, attributes by name."""

    shapes: list[str]
    columns: dict[str, Any]
    srid: int


def to_postgis(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Write a layer of features into a PostGIS table, in one transaction; the product is a receipt."""
    chosen = PostgisRecipe.model_validate(recipe.model_dump())
    given = inputs.product("features")
    if given is None:
        raise UsageError("postgis needs features: name a GeoPackage that run or predict made")
    layer = _layer(given.path)
    if not layer.srid:
        context.warn("The features name no coordinate reference system known to EPSG: their SRID is 0")
    with _connected(chosen.database) as connection:
        name = connection.info.dbname
        _write(connection, chosen, layer)
    told = {"database": name, "schema": chosen.db_schema, "table": chosen.table, "srid": layer.srid}
    text = io.StringIO()
    writer = csv.DictWriter(text, [*told, "features"])
    writer.writeheader()
    writer.writerow({**told, "features": len(layer.shapes)})
    path = context.output / "exported.csv"
    write_atomically(path, text.getvalue().encode())
    return Outcome(
        [Product("exported", Kind.TABLE, path)],
        {"features": len(layer.shapes), "srid": layer.srid},
        answer=[f"{len(layer.shapes)} features are in {chosen.db_schema}.{chosen.table} of {name}."],
    )


def _layer(path: Path) -> _Layer:
    import geopandas
    import pyogrio
    import shapely

    try:
        table = geopandas.read_file(path, layer=LAYER, engine="pyogrio")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(path, f"cannot be read as features ({reason})", "a features.gpkg") from None
    if table.geometry.name is None or not table.geometry.is_valid.all():
        raise InputError(path, "holds outlines that cross themselves", "valid polygons", "map it again")
    srid = (table.crs.to_epsg() or 0) if table.crs is not None else 0
    shapes = [shapely.multipolygons(shapely.get_parts(shape)) for shape in table.geometry]
    columns = {str(name): table[name] for name in table.columns if name != table.geometry.name}
    return _Layer(
        list(shapely.to_wkb(shapely.set_srid(shapes, srid), hex=True, include_srid=True)), columns, srid
    )


@contextmanager
def _connected(database: str) -> Iterator[Connection[Any]]:
    """A connection whose work is kept when the block ends well, and forgotten when not."""
    import psycopg

    try:
        with psycopg.connect(database, connect_timeout=15) as connection:
            yield connection
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise OutputError(
            f"the database cannot be written ({reason}): check its address, its rights and that it has "
            "the extension postgis; nothing was changed"
        ) from None


def _write(connection: Connection[Any], chosen: PostgisRecipe, layer: _Layer) -> None:
    from psycopg import sql

    table = sql.Identifier(chosen.db_schema, chosen.table)
    if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").fetchone():
        raise OutputError(
            "the database has no PostGIS: ask its administrator to run CREATE EXTENSION postgis in it"
        )
    there = connection.execute("SELECT to_regclass(%s)", [table.as_string(connection)]).fetchone()
    if there and there[0] is not None:
        if chosen.existing == "refuse":
            raise OutputError(
                f"the database has a table {chosen.db_schema}.{chosen.table} already: name another, or "
                "set existing=replace"
            )
        connection.execute(sql.SQL("DROP TABLE {}").format(table))
    fields = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(name),
            sql.SQL(TYPES.get(str(values.dtype), "text")),
            sql.SQL(" PRIMARY KEY" if name == "id" else ""),
        )
        for name, values in layer.columns.items()
    ]
    shape = sql.SQL("geom geometry(MultiPolygon, {})").format(sql.Literal(layer.srid))
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join([*fields, shape])))
    names = sql.SQL(", ").join(sql.Identifier(name) for name in [*layer.columns, "geom"])
    with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)) as copy:
        for row, wkb in enumerate(layer.shapes):
            copy.write_row([*(_plain(values.iloc[row]) for values in layer.columns.values()), wkb])
    connection.execute(sql.SQL("CREATE INDEX ON {} USING gist (geom)").format(table))
    _check(connection, table, layer.shapes)


def _check(connection: Connection[Any], table: Any, shapes: Sequence[str]) -> None:
    """All that was sent has come, and the server finds every outline valid."""
    from psycopg import sql

    found = connection.execute(
        sql.SQL("SELECT count(*), coalesce(bool_and(ST_IsValid(geom)), true) FROM {}").format(table)
    ).fetchone()
    if found != (len(shapes), True):
        raise OutputError(f"the database holds {found} instead of {len(shapes)} valid features: try again")


def _plain(value: Any) -> Any:
    """A value as the driver takes it; None for what is missing."""
    plain = value.item() if hasattr(value, "item") else value
    return None if plain is None or plain != plain else plain  # NaN alone differs from itself
