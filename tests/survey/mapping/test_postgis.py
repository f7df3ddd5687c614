"""Features to PostGIS and back, on a real server of the tests' own."""

import psycopg
import pyogrio
import pytest
import shapely

from vestige.contract import Context, Inputs, Kind, Product
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.errors import InputError, OutputError, UsageError
from vestige.survey.mapping.features import Feature
from vestige.survey.mapping.postgis import to_postgis
from vestige.survey.mapping.vectors import write_features
from vestige.survey.recipe import PostgisRecipe


@pytest.fixture
def layer(tmp_path):
    """A GeoPackage of two features."""
    ring = shapely.Point(431000, 287000).buffer(10).difference(shapely.Point(431000, 287000).buffer(8))
    told = ("feature", "ring ditch", 0.93, 0.51)
    features = [
        Feature(ring, *told, 113.0, 18.0, 1.0, (431000.0, 287000.0), 4.2, "rings-0a1b2c3d", 1),
        Feature(ring.buffer(-0.5), *told, 60.0, 4.0, float("nan"), (431000.0, 287000.0), 9.9, "m", 2),
    ]
    path = write_features(tmp_path / "features.gpkg", features, "EPSG:27700", ["feature"])
    return Product("features", Kind.FEATURES, path)


def test_features_come_back_as_they_went(layer, postgis, tmp_path):
    report = execute(
        technique("survey"),
        "postgis",
        {"features": [layer]},
        PostgisRecipe(database=postgis),
        tmp_path / "out",
    )
    assert report.measurements == {"features": 2, "srid": 27700}
    sent = pyogrio.read_dataframe(layer.path, layer="features")
    names = [name for name in sent.columns if name != "geometry"]
    quoted = ", ".join(f'"{name}"' for name in names)
    with psycopg.connect(postgis) as connection:
        rows = connection.execute(
            f"SELECT ST_AsBinary(geom), ST_SRID(geom), {quoted} FROM features ORDER BY id"
        ).fetchall()
        kind = connection.execute("SELECT type, srid FROM geometry_columns").fetchall()
    assert kind == [("MULTIPOLYGON", 27700)]
    for row, wanted in zip(rows, sent.itertuples(), strict=True):
        assert shapely.equals(shapely.from_wkb(bytes(row[0])), wanted.geometry)
        assert row[1] == 27700
        values = dict(zip(names, row[2:], strict=True))
        assert values["complete"] == (1.0 if values["id"] == 1 else None)
        del values["complete"]
        assert values == {name: sent[name][wanted.Index] for name in values}


def test_an_existing_table_is_kept_unless_it_is_to_be_replaced(layer, postgis, tmp_path):
    given = Inputs({"features": [layer]})
    recipe = PostgisRecipe(database=postgis, table="map")
    to_postgis(given, recipe, Context(tmp_path / "a"))
    with pytest.raises(OutputError, match=r"public\.map already"):
        to_postgis(given, recipe, Context(tmp_path / "b"))
    to_postgis(
        given, PostgisRecipe(database=postgis, table="map", existing="replace"), Context(tmp_path / "c")
    )
    with psycopg.connect(postgis) as connection:
        assert connection.execute("SELECT count(*) FROM map").fetchone() == (2,)


def test_a_failure_leaves_the_table_that_was_there(layer, postgis, tmp_path, monkeypatch):
    given = Inputs({"features": [layer]})
    to_postgis(given, PostgisRecipe(database=postgis), Context(tmp_path / "a"))

    def failing(*_):
        raise OutputError("the network went away")

    monkeypatch.setattr("vestige.survey.mapping.postgis._check", failing)
    with pytest.raises(OutputError, match="went away"):
        to_postgis(given, PostgisRecipe(database=postgis, existing="replace"), Context(tmp_path / "b"))
    with psycopg.connect(postgis) as connection:
        assert connection.execute("SELECT count(*) FROM features").fetchone() == (2,)


def test_a_database_that_cannot_take_them_is_one_sentence(layer, postgresql, tmp_path):
    given = Inputs({"features": [layer]})
    with pytest.raises(OutputError, match="has no PostGIS"):
        to_postgis(given, PostgisRecipe(database=postgresql), Context(tmp_path / "a"))
    nowhere = PostgisRecipe(database="postgresql://someone@127.0.0.1:9/none")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        to_postgis(given, nowhere, Context(tmp_path / "b"))
    assert "\n" not in str(caught.value)


def test_a_password_is_never_kept_or_told(layer, tmp_path):
    for address in (
        "postgresql://me:hush@host/db",
        "host=h password=hush",
        "postgresql://h/db?password=hush",
    ):
        with pytest.raises(UsageError, match="PGPASSWORD") as caught:
            PostgisRecipe.make(values={"database": address})
        assert "hush" not in str(caught.value)
    with pytest.raises(UsageError, match="no address"):
        PostgisRecipe.make(values={"database": "postgresql://[bad"})
    (tmp_path / "text.gpkg").write_text("no features")
    broken = Inputs({"features": [Product("features", Kind.FEATURES, tmp_path / "text.gpkg")]})
    with pytest.raises(InputError, match="cannot be read as features"):
        to_postgis(broken, PostgisRecipe(), Context(tmp_path / "c"))
