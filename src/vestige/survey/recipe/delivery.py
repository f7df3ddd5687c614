"""Where results go: an archaeological archive, a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator

from vestige.contract import Recipe, setting
from vestige.survey.recipe.mapping import ReadingRecipe

#: Fields of the Archaeology Data Service's guide to geophysical data, sections 5.2 to 5.5, by file.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "project_metadata": (
        "Survey name",
        "Survey index",
        "Survey purpose",
        "Report summary",
        "Bibliographic references",
        "Survey keywords",
        "Spatial coverage",
        "Administrative area",
        "State",
        "Country",
        "Solid geology",
        "Drift geology",
        "Duration",
        "Weather",
        "Soil condition",
        "Land use",
        "Monument type",
        "Monument period",
        "Scheduled Ancient Monument (SAM) number",
        "Surveyor",
        "Client",
        "Depositor",
        "Primary archive",
        "Related archives",
        "Copyright",
        "Term list",
    ),
    "geophysics_metadata": (
        "Survey type",
        "Instrumentation",
        "Reasons for choice of survey technique",
        "Area surveyed",
        "Method of coverage",
        "Traverse separation",
        "Line separation",
        "Reading interval",
        "Sampling position",
        "Data grid size",
        "Accuracies",
        "Additional remarks",
        "Magnetic north",
        "Instrument drift",
    ),
    "survey_methodology": (
        "Data grid layout",
        "Resolution",
        "Survey direction",
        "Line sequence",
        "Drift value",
        "Bias value",
    ),
    "report": ("Report title", "Report reference number", "Report author", "Report holder"),
}


class ArchiveRecipe(ReadingRecipe):
    """A deposit for an archive of archaeological data: what its levels are called, and what nobody but a
    person knows.
    """

    project: str = setting("Project", "Name of the project", min_length=1, max_length=80)
    site: str = setting("Site", "Name of the site", min_length=1, max_length=80)
    block: str = setting("Block_1", "Name of the survey block", min_length=1, max_length=80)
    metadata: dict[str, str] = setting(
        {}, "Values of the guide's fields by their names, such as Surveyor, Duration, Magnetic north"
    )

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        names = [name for names in FIELDS.values() for name in names]
        for name in self.metadata:
            if name not in names:
                raise ValueError(f"metadata has no field '{name}'; fields: {', '.join(names)}")
        return self


class PostgisRecipe(Recipe):
    """Where in a PostGIS database features go. A password has no place here: recipes are kept."""

    database: str = setting(
        "",
        "postgresql://USER@HOST/NAME without a password (that comes from PGPASSWORD or ~/.pgpass); "
        "empty: what PGSERVICE or PGHOST and PGDATABASE say",
    )
    db_schema: str = setting("public", "Schema of the table", min_length=1, max_length=63)
    table: str = setting("features", "Table to be made", min_length=1, max_length=63)
    existing: Literal["refuse", "replace"] = setting("refuse", "What is done where the table exists")

    @model_validator(mode="after")
    def _keeps_no_secret(self) -> Self:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            said = conninfo_to_dict(self.database)
        except ProgrammingError:
            raise ValueError("database is no address of the form postgresql://USER@HOST/NAME") from None
        if said.get("password") or said.get("sslpassword"):
            raise ValueError(
                "database holds a password, and recipes are kept: give it by PGPASSWORD or ~/.pgpass"
            )
        return self
