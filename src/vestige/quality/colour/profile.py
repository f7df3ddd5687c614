"""The profile of a camera: made from a target in one light, and used for that camera in that light alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import InputError, UsageError
from vestige.imaging.info import ImageInfo
from vestige.quality.colour.fitting import ColourFit, Kind, LeftOut, fit_colour, left_out
from vestige.quality.colour.icc import Curve, Version, lut_profile, matrix_profile, read_meta

__all__ = [
    "CameraProfile",
    "Conditions",
    "embed_profile",
    "make_profile",
    "patch_values",
    "profile_from_frame",
    "recorded_conditions",
    "strangers",
]


@dataclass(frozen=True)
class Conditions:
    """What a profile holds for; a word that nobody said is empty.

    >>> Conditions(camera="Phase One iXH", light="LED panels, 5000 K").lens
    ''
    """

    camera: str = ""
    lens: str = ""
    light: str = ""
    date: str = ""
    target: str = ""

    @classmethod
    def of(cls, info: ImageInfo, *, light: str = "", target: str = "") -> Conditions:
        """What the EXIF of a frame says of camera, lens and date."""
        exif = info.exif
        maker, model = (str(exif.get(name, "")).strip() for name in ("Make", "Model"))
        camera = model if model.startswith(maker) else f"{maker} {model}".strip()
        lens = str(exif.get("LensModel", "")).strip()
        return cls(camera, lens, light, str(exif.get("DateTimeOriginal", "")).strip(), target)


@dataclass(frozen=True, eq=False)
class CameraProfile:
    """A fit, what it holds for, and how far it is off on patches that it has not seen.

    Attributes
    ----------
    fit : from linear camera values to XYZ under D50.
    curve : how the frames are stored: 'linear', or with the curve of 'srgb'.
    conditions : camera, lens, light, date and target.
    judged : CIEDE2000 of left-out patches.
    """

    fit: ColourFit
    curve: Curve
    conditions: Conditions
    judged: LeftOut

    def to_icc(self, *, version: Version = 4, when: datetime | None = None) -> bytes:
        """The profile as an ICC file; what it holds for stands in its dictionary 'meta'.

        >>> patches = np.random.default_rng(1).uniform(0.1, 0.9, (24, 3))
        >>> made = make_profile(patches, np.c_[100 * patches[:, :1], np.zeros((24, 2))], Conditions("A"))
        >>> recorded_conditions(made.to_icc()).camera
        'A'
        """
        known = self.conditions
        title = f"Vestige: {known.camera or 'camera'}, {known.light or 'light not named'}"
        meta = {name: value for name, value in asdict(known).items() if value}
        meta |= {"kind": self.fit.kind, "left_out_mean": f"{self.judged.mean:.3f}"}
        meta |= {"left_out_p95": f"{self.judged.p95:.3f}", "left_out_patches": str(self.judged.patches)}
        when = when or datetime.now(UTC)
        if self.fit.kind == "matrix":
            return matrix_profile(self.fit.matrix, self.curve, title, meta, when, version=version)
        return lut_profile(self.fit.xyz, self.curve, title, meta, when, version=version)


def make_profile(
    camera: ArrayLike,
    lab: ArrayLike,
    conditions: Conditions,
    *,
    kind: Kind = "lut",
    curve: Curve = "linear",
) -> CameraProfile:
    """Fit a profile to the patches of a target, and judge it by patches left out.

    Parameters
    ----------
    camera : (n, 3), linear camera values of the patches, 0..1.
    lab : (n, 3), L*a*b* (D50, 2 degrees) of the same patches.
    conditions : what it will hold for.
    kind : 'lut' (a table, 18 patches or more) or 'matrix' (6 or more).
    curve : how the frames are stored that it will be embedded in.

    Raises
    ------
    UsageError : too few patches, or values that are no numbers.

    >>> patches = np.random.default_rng(1).uniform(0.1, 0.9, (24, 3))
    >>> from vestige.quality.measures.colour import lab_from_xyz
    >>> make_profile(patches, lab_from_xyz(patches), Conditions(), kind="matrix").judged.patches
    24
    """
    return CameraProfile(fit_colour(camera, lab, kind), curve, conditions, left_out(camera, lab, kind))


def patch_values(
    stored: NDArray[Any], patches: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Mean of the inner half of each patch, (3,), of an image (height, width, 3); one that is cut off is left
    out.

    Parameters
    ----------
    patches : name to the corners (4, 2) of a patch, (x, y) in pixels.

    >>> image = np.full((20, 20, 3), 0.25)
    >>> patch_values(image, {"grey": np.array([[2, 2], [17, 2], [17, 17], [2, 17.0]])})["grey"].tolist()
    [0.25, 0.25, 0.25]
    """
    import cv2

    found = {}
    for name, quad in patches.items():
        inner = quad.mean(axis=0) + (quad - quad.mean(axis=0)) / np.sqrt(2)
        (left, top), (right, bottom) = np.floor(inner.min(axis=0)), np.ceil(inner.max(axis=0))
        if left < 0 or top < 0 or right >= stored.shape[1] or bottom >= stored.shape[0]:
            continue
        part = stored[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
        mask: Any = np.zeros(part.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, np.round(inner - (left, top)).astype(np.int32), 1)
        found[name] = part[mask > 0].mean(axis=0, dtype=np.float64)
    return found


def profile_from_frame(
    frame: str | os.PathLike[str],
    patches: Mapping[str, NDArray[np.float64]],
    reference: Mapping[str, ArrayLike],
    *,
    target: str,
    light: str,
    kind: Kind = "lut",
    encoding: Literal["auto", "srgb", "linear"] = "auto",
) -> CameraProfile:
    """A profile from a frame of a target whose patches were found.

    An embedded profile is not obeyed: what is profiled are the values as the camera stored them.

    Parameters
    ----------
    patches : name to the corners (4, 2) of a patch, as `FoundTarget.patches`.
    reference : name to the L*a*b* (D50, 2 degrees) of a patch: measured on this very target, at best.
    target, light : what to call them; frames in another light will be refused.
    encoding : how the frame is stored; 'auto': camera RAW and float are linear, others follow the curve of
        sRGB.

    Raises
    ------
    InputError : a frame that cannot be read, is grey, or clips a patch.
    UsageError : too few patches.
    """
    from vestige.imaging import open_image

    plain = encoding
    with open_image(frame, encoding="srgb" if encoding == "auto" else encoding) as image:
        info = image.info
        if info.channels != 3:
            raise InputError(frame, "is grey", "a colour frame", "profile a camera from a colour frame")
        if encoding == "auto":
            plain = "linear" if info.encoding == "linear" else "srgb"
    with open_image(frame, encoding=plain) as image:
        values = patch_values(image.read(), patches)
    shared = [name for name in values if name in reference]
    clipped = [name for name in shared if values[name].max() >= 0.995]
    if clipped:
        raise InputError(
            frame,
            f"is over-exposed: {', '.join(clipped[:3])} of the target have no colour left",
            "no patch at full white",
            "expose less and shoot the target again",
        )
    return make_profile(
        np.array([values[name] for name in shared]).reshape(-1, 3),
        np.array([reference[name] for name in shared], float).reshape(-1, 3),
        Conditions.of(info, light=light, target=target),
        kind=kind,
        curve="linear" if plain == "linear" else "srgb",
    )


def recorded_conditions(profile: bytes) -> Conditions:
    """What a profile says it holds for; empty words where it was not made by Vestige.

    >>> recorded_conditions(b"")
    Conditions(camera='', lens='', light='', date='', target='')
    """
    meta = read_meta(profile)
    return Conditions(**{name: meta.get(name, "") for name in Conditions.__dataclass_fields__})


def strangers(profile: Conditions, frame: Conditions) -> list[str]:
    """What keeps a profile from a frame: another camera, lens or light; empty where nothing does.

    A word that either side does not say is told as well: nobody knows then.

    >>> strangers(Conditions("A", light="LED"), Conditions("B", light="LED"))
    ["the profile is of the camera 'A', the frame of 'B'"]
    """
    found = []
    for name in ("camera", "lens", "light"):
        ours, theirs = getattr(profile, name), getattr(frame, name)
        if ours == theirs and (ours or name == "lens"):
            continue
        if ours and theirs:
            found.append(f"the profile is of the {name} '{ours}', the frame of '{theirs}'")
        elif ours or theirs or name != "lens":
            side = "frame" if ours else "profile"
            found.append(f"the {side} does not say its {name}")
    return found


def embed_profile(
    frame: str | os.PathLike[str],
    out: str | os.PathLike[str],
    profile: bytes,
    *,
    light: str,
    regardless: bool = False,
) -> list[str]:
    """Write `frame` again as `out` (TIFF or PNG), the same values, with `profile` embedded.

    Everything in Vestige that reads `out` obeys the profile, as any program with colour management does.

    Parameters
    ----------
    light : what the frame was lit with, as it was called when the profile was made.
    regardless : embed even where camera, lens or light are others; what is wrong comes back as sentences.

    Raises
    ------
    InputError : the frame is of another camera, lens or light, or does not say which.
    UsageError : `profile` is no RGB profile, or `out` is no TIFF or PNG.
    """
    from vestige.imaging import open_image, profiles, write_image

    if not profiles.is_usable(profile, 3):
        raise UsageError(
            "the profile is no ICC profile of colour images: make one with vestige quality profile"
        )
    if Path(out).suffix.lower() not in (".tif", ".tiff", ".png"):
        raise UsageError(f"{Path(out).name} would not keep every value: name a .tif or .png")
    with open_image(frame, encoding="srgb") as image:
        info, stored = image.info, image.pixels()
    if info.channels != 3 or stored.dtype == np.float32:
        raise InputError(frame, "is grey or holds float values", "a colour frame of 8 or 16 bit")
    wrong = strangers(recorded_conditions(profile), Conditions.of(info, light=light))
    if wrong and not regardless:
        raise InputError(
            frame,
            f"does not go with the profile ({'; '.join(wrong)})",
            action="make a profile for it, or embed this one regardless",
        )
    depth = stored.dtype.itemsize * 8
    write_image(out, stored, depth=depth, encoded=True, profile=profile, ppi=info.ppi, exif=info.exif_bytes)
    return wrong
