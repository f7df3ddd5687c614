"""The settings of page capture and of its forward model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vestige.contract import Recipe, setting

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Angle = Annotated[float, Field(ge=-180.0, le=180.0)]
FoldLine = tuple[Share, Share]
CropBox = tuple[Share, Share, Share, Share]


class PagesRecipe(Recipe):
    """How frames of a book become single pages with their text.

    Every number that is found by itself can be set by hand, for all frames or by `overrides` for one.

    >>> recipe = PagesRecipe(overrides={"0007.jpg": {"fold": [0.42, 0.44]}})
    >>> recipe.for_frame("0007.jpg").fold, recipe.for_frame("0008.jpg").fold
    ((0.42, 0.44), None)
    """

    presets = {
        "newspaper": {"split": "never"},
        "cradle": {"split": "never"},
        "scan": {"cropping": "frame", "split": "never"},
        "pictures": {"language": "none"},
    }

    split: Literal["auto", "never", "always"] = setting(
        "auto", "Whether a frame is a double page: found by itself, never, or always"
    )
    fold: FoldLine | None = setting(
        None,
        "The fold: its x at the upper and the lower edge of the frame; found where not given",
        unit="share of the width",
    )
    fold_threshold: float = setting(
        0.03, "How clear a fold must be: difference of tone across it (log of brightness)", ge=0, le=2
    )
    cropping: Literal["page", "frame"] = setting(
        "page", "Cut to the edges of the page, or keep the whole frame"
    )
    crop: CropBox | None = setting(
        None,
        "Left, top, right and bottom of the left or only page in the upright frame; found where not given",
        unit="share of the frame",
    )
    crop_right: CropBox | None = setting(
        None, "The same for the right page of a double page", unit="share of the frame"
    )
    angle: Angle | None = setting(
        None,
        "Slope of the lines of the left or only page, positive where they sink; found where not given",
        unit="deg",
    )
    angle_right: Angle | None = setting(None, "The same for the right page of a double page", unit="deg")
    order: Literal["left first", "right first"] = setting(
        "left first", "Which page of a double page is read first"
    )
    language: str = setting(
        "auto", "Tesseract data to read with, such as deu+eng; auto looks at the script, none reads nothing"
    )
    layout: Literal["auto", "column", "block", "sparse"] = setting(
        "auto", "How text stands on the page: columns found, one column, one block, words anywhere"
    )
    ppi: float | None = setting(
        None,
        "Resolution of the frames; what the file says where not given",
        unit="pixels an inch",
        gt=0,
        le=20000,
    )
    pdf_side: int = setting(2400, "Longest side of a picture in the PDF", unit="px", ge=200, le=20000)
    pdf_quality: int = setting(80, "Quality of the pictures in the PDF (JPEG)", ge=10, le=100)

    @model_validator(mode="after")
    def _boxes_have_an_inside(self) -> PagesRecipe:
        for name in ("crop", "crop_right"):
            box = getattr(self, name)
            if box is not None and not (box[0] < box[2] and box[1] < box[3]):
                raise ValueError(f"{name} must be left < right and top < bottom, not {box}")
        return self


class SceneRecipe(Recipe):
    """A book on a table beneath a camera: a title page, then double pages.

    >>> SceneRecipe.make("flat").slope
    0.0
    """

    presets = {
        "flat": {"slope": 0.0, "shadow": 0.0, "tilt": 0.0, "skew": 0.0, "keystone": 0.0},
        "hard": {"slope": 70.0, "skew": 4.0, "offset": 18.0, "keystone": 2.0, "full_well": 3000.0},
    }

    spreads: int = setting(3, "Double pages", ge=0, le=2000)
    singles: int = setting(1, "Single pages before them; the first is the title page", ge=0, le=2000)
    width: int = setting(1800, "Width of the frames; the height is 13/18 of it", unit="px", ge=200, le=20000)
    skew: float = setting(1.2, "Largest turn of a frame, each way", unit="deg", ge=0, le=7)
    offset: float = setting(
        4.0, "Largest shift of the book, each way, in parts of the width", unit="%", ge=0, le=20
    )
    keystone: float = setting(0.5, "Largest tilt of the camera", unit="deg", ge=0, le=5)
    slope: float = setting(48.0, "How steeply the pages sink into the fold", unit="deg", ge=0, le=75)
    tilt: float = setting(2.5, "How far the two pages lie from level", unit="deg", ge=0, le=10)
    shadow: float = setting(0.45, "Depth of the shadow in the fold: 0 none, 1 black", ge=0, le=1)
    table: Literal["oak", "felt"] = setting("oak", "What the book lies on")
    full_well: float = setting(16000.0, "Electrons of a full pixel: fewer means more noise", gt=10)
    format: Literal["jpeg", "tiff"] = setting("jpeg", "Files of the frames; TIFF has 16 bits")
