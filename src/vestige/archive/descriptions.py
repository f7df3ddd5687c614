"""What is said of objects, projects and captures: the models, and spreadsheets of objects."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from vestige.errors import InputError, UsageError

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _plain(value: Any) -> Any:
    if isinstance(value, str) and _CONTROL.search(value):
        raise ValueError("holds a control character")
    return value


def _line(value: Any) -> Any:
    if isinstance(value, str) and ("\n" in value or _CONTROL.search(value)):
        raise ValueError("holds a line break or a control character")
    return value


def _embargo(value: Any) -> Any:
    return None if value == "" else value


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), BeforeValidator(_line)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50_000), BeforeValidator(_plain)]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), BeforeValidator(_line)
]


class Description(BaseModel):
    """An object of the collection, as its catalogue describes it.

    `identifier` is the inventory number, shelf mark or barcode: unique in the archive. `taxon`,
    `collector` and `number` are for specimens. `other` takes what an institution adds.

    >>> Description(identifier="MS 42", title="Psalter").title
    'Psalter'
    """

    model_config = ConfigDict(extra="forbid")

    identifier: Name
    title: Line = Field(default="", description="What the object is called")
    description: Prose = Field(default="", description="What is said of it, in prose")
    collection: Line = Field(default="", description="The collection it belongs to")
    project: Line = Field(default="", description="The project it is digitised in")
    institution: Line = Field(default="", description="The institution that holds it")
    person: Line = Field(default="", description="Who made, wrote or owned it")
    place: Line = Field(default="", description="Where it is from")
    date: Line = Field(default="", description="When it was made, as the field writes it")
    rights: Prose = Field(default="", description="What others may do with it")
    embargo: Annotated[dt.date | None, BeforeValidator(_embargo)] = Field(
        default=None, description="Not to be published before this day"
    )
    taxon: Line = Field(default="", description="Scientific name of a specimen")
    collector: Line = Field(default="", description="Who collected the specimen")
    number: Line = Field(default="", description="The collector's or a second number")
    other: dict[Name, Line] = Field(default_factory=dict, description="Further fields of the institution")


#: The fields that an edit may set.
FIELDS = tuple(name for name in Description.model_fields if name != "identifier")
#: The fields whose values are counted as they change.
FACETS = ("collection", "project", "institution", "person", "place", "taxon", "collector")


class Quota(BaseModel):
    """How many objects an institution may bring."""

    model_config = ConfigDict(extra="forbid")

    institution: Name
    objects: int = Field(ge=0)


class Project(BaseModel):
    """A campaign: which institutions bring how many objects, which checks each must pass, by when.

    `stops` are the checks without which no capture is published; 'target' is the one that
    ``vestige quality check`` makes.

    >>> Project(name="herbarium", checks=["sharpness"]).checks
    ['sharpness']
    """

    model_config = ConfigDict(extra="forbid")

    name: Name
    title: Line = ""
    target: Annotated[dt.date | None, BeforeValidator(_embargo)] = None
    quotas: list[Quota] = Field(default_factory=list)
    checks: list[Name] = Field(default_factory=list)
    stops: list[Name] = Field(default_factory=list)


class Annotation(BaseModel):
    """A remark on an object, or on a part of a picture of it.

    `target` is the file in the capture's object that it is about; `region` left, top, width and
    height in pixels of that picture, `svg` the path of an outline in it; `replaces` the number of the
    annotation of which this is a later wording.

    >>> Annotation(text="A crack").region is None
    True
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    text: Annotated[Prose, StringConstraints(min_length=1)]
    target: Line = ""
    region: tuple[float, float, float, float] | None = None
    svg: Annotated[Line, StringConstraints(pattern=r"^[MLHVCSQTAZmlhvcsqtaz0-9 ,.eE+-]*$")] = ""
    replaces: int | None = None


class Withdrawal(BaseModel):
    """An annotation taken back by its number; it stays in the history."""

    model_config = ConfigDict(extra="forbid")

    annotation: int


class Repetition(BaseModel):
    """A result that was made again: whether each product was the same."""

    model_config = ConfigDict(extra="forbid")

    run: Name
    equal: bool
    products: dict[str, bool] = Field(default_factory=dict)
    software: dict[str, tuple[str, str]] = Field(default_factory=dict)


class Clearance(BaseModel):
    """An object let pass to publication although captures lack checks: why, and which (capture, check)."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Prose, StringConstraints(min_length=1)]
    missing: list[tuple[Name, Name]] = Field(min_length=1)


class Review(BaseModel):
    """A verdict on one of the checks that a project requires."""

    model_config = ConfigDict(extra="forbid")

    check: Name
    verdict: Literal["passed", "failed"]
    note: Prose = ""


#: An outline as GeoJSON writes a MultiPolygon: polygons, each of rings, each of points (x, y).
Outline = list[list[list[tuple[float, float]]]]
#: A record has room for an outline of so many points.
MOST_POINTS = 4000


class Judgement(BaseModel):
    """What an interpreter says of one feature of a result, added to what was said before.

    `features` is the BLAKE3 of the file of features that it is about, so that it holds for that file wherever
    it lies; `feature` the name of the feature in it, or ``d`` and the number of the record that drew it.
    `seen` is the number of this person's last record on the feature that they knew of, 0 for none.

    >>> Judgement(features="0" * 64, entry="accept", feature="7").seen
    0
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    features: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    entry: Literal["accept", "reject", "edit", "draw", "class", "remark", "undo"]
    feature: Annotated[str, StringConstraints(pattern=r"^(d?\d{1,15})?$")] = ""
    seen: int = Field(default=0, ge=0)
    outline: Outline = Field(default_factory=list)
    text: Prose = ""
    undone: int = Field(default=0, ge=0, description="The number of the record that is taken back")

    @model_validator(mode="after")
    def _complete(self) -> Judgement:
        points = [point for polygon in self.outline for ring in polygon for point in ring]
        if self.entry in ("edit", "draw"):
            if not points or any(len(ring) < 4 for polygon in self.outline for ring in polygon):
                raise ValueError("an outline has three corners or more, and ends where it begins")
            if len(points) > MOST_POINTS:
                raise ValueError(f"an outline has at most {MOST_POINTS} points, not {len(points)}")
        elif points:
            raise ValueError("only what is edited or drawn has an outline")
        if self.entry == "class" and not self.text:
            raise ValueError("the class is not named")
        if (self.entry == "undo") != bool(self.undone):
            raise ValueError("what is taken back is named by the number of its record")
        if (self.entry in ("draw", "undo")) == bool(self.feature):
            raise ValueError("every entry but draw and undo names its feature")
        return self


def described(model: type[BaseModel], values: Mapping[str, Any], where: str) -> Any:
    """A model of `values`; a UsageError that names the first field at fault.

    >>> described(Project, {"name": ""}, "project")
    Traceback (most recent call last):
    ...
    vestige.errors.UsageError: project: name: String should have at least 1 character
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{where}: {field}: {first['msg']}") from None


def read_table(path: Path) -> list[dict[str, Any]]:
    """The objects of a CSV file: a line of headings with ``identifier``; only columns present are set.

    A column that is no known field goes into ``other``.

    Raises
    ------
    InputError
        naming the line that is wrong; then nothing should be imported.

    >>> read_table(Path("none.csv"))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.csv cannot be read (No such file or directory)
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(path, "is not in UTF-8", action="save it as CSV UTF-8") from None
    try:
        lines = list(csv.reader(io.StringIO(text), strict=True, delimiter=_delimiter(text)))
    except csv.Error as error:
        raise InputError(path, f"is no table ({error})") from None
    headings = [name.strip() for name in lines[0]] if lines else []
    if "identifier" not in headings:
        raise InputError(path, "has no column 'identifier'", "a line of headings: identifier, title, …")
    if doubled := sorted({name for name in headings if headings.count(name) > 1}):
        raise InputError(path, f"has two columns '{doubled[0]}'")
    return [
        _row(path, number, headings, cells) for number, cells in enumerate(lines[1:], start=2) if any(cells)
    ]


def _row(path: Path, number: int, headings: list[str], cells: list[str]) -> dict[str, Any]:
    if len(cells) != len(headings):
        raise InputError(
            path, f"has {len(cells)} cells on line {number}", f"{len(headings)}, as the headings"
        )
    values: dict[str, Any] = {}
    other: dict[str, str] = {}
    for name, cell in zip(headings, cells, strict=True):
        if name == "identifier" or name in FIELDS:
            values[name] = cell
        elif name:
            other[name] = cell
    if other:
        values["other"] = other
    try:
        Description.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(path, f"is wrong on line {number}: {field}: {first['msg']}") from None
    return values


def write_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Objects as CSV, the fields of `other` in columns of their own.

    >>> print(write_table([{"identifier": "a", "other": {"shelf": "3"}}]).splitlines()[1])
    a,,,,,,,,,,,,,,3
    """
    listed = list(rows)
    extra = sorted({name for row in listed for name in row.get("other", {})})
    known = ["identifier", *(name for name in FIELDS if name != "other")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*known, *extra])
    for row in listed:
        values = [row.get(name) for name in known]
        writer.writerow(
            ["" if v is None else v for v in values] + [row.get("other", {}).get(n, "") for n in extra]
        )
    return out.getvalue()


def _delimiter(text: str) -> str:
    """Spreadsheets of some countries write semicolons."""
    head = text.split("\n", 1)[0]
    return ";" if head.count(";") > head.count(",") else ","
