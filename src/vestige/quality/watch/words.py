"""Alarms in plain words: which light or figure, how much, since when; in English and German."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files

from vestige.quality.watch.lab import LIGHT, Alarm

__all__ = ["LANGUAGES", "figure_name", "number", "sentence", "spoken_day", "unit_name"]

LANGUAGES = ("en", "de")
#: From so many per cent on a change of light is told in whole ones: no chart tells it better.
_WHOLE = 3


@lru_cache(maxsize=4)
def words(language: str) -> Mapping[str, str]:
    """The words in a language.

    >>> words("de")["ppi"]
    'die Auflösung'
    """
    name = f"words.{language if language in LANGUAGES else 'en'}.json"
    found: dict[str, str] = json.loads((files("vestige.quality.watch") / name).read_text(encoding="utf-8"))
    return found


def sentence(alarm: Alarm, language: str = "en", today: date | None = None) -> str:
    """An alarm as a person says it; `today` decides whether a weekday is clear.

    >>> monday, friday = date(2026, 11, 23), date(2026, 11, 27)
    >>> alarm = Alarm(
    ...     "repro 1", "light_level", "left/blue", monday, friday, -8.0, 0.7, 0.64, "ratio", relative=True
    ... )
    >>> sentence(alarm, today=friday)
    'repro 1: the blue light of the left bank has lost 8 % since Monday.'
    >>> sentence(alarm, "de", friday)
    'repro 1: das blaue Licht der linken Lampengruppe hat seit Montag 8 % verloren.'
    """
    told = words(language)
    since = _since(alarm.since, today or alarm.found, told)
    if alarm.name == LIGHT:
        way = "lost" if alarm.change < 0 else "gained"
        size = abs(alarm.change)
        change = number(round(size) if size >= _WHOLE else size, language)
        light = _light(alarm.where, told)
        return told[way].format(device=alarm.device, light=light, change=change, since=since)
    way = "fallen" if alarm.after < alarm.before else "risen"
    said = told[way].format(
        device=alarm.device,
        measure=figure_name(alarm.name, alarm.where, language),
        before=number(alarm.before, language),
        after=number(alarm.after, language),
        unit=unit_name(alarm.unit, language),
        since=since,
    )
    return said.replace("  ", " ")  # a ratio has no unit


def figure_name(name: str, where: str, language: str) -> str:
    """What a figure is called, and where it was measured.

    >>> figure_name("ppi", "ruler", "en")
    'resolution (ruler)'
    """
    told = words(language)
    if name == LIGHT:
        return _light(where, told)
    spoken = told.get(name, name)
    return told["at"].format(measure=spoken, where=where) if where else spoken


def unit_name(unit: str, language: str) -> str:
    """A unit as a person writes it; that of a ratio is not written.

    >>> unit_name("cycles/pixel", "de"), unit_name("ratio", "en")
    ('Linienpaare/Pixel', '')
    """
    return words(language).get(f"unit_{unit}", unit)


def number(value: float, language: str) -> str:
    """A figure with as many places as say something: three digits, but at least whole.

    >>> number(8.04, "en"), number(0.6412, "de"), number(401.2, "de")
    ('8', '0,64', '401')
    """
    size = abs(value)
    places = 0 if size >= 7.95 else 1 if size >= 1.95 else 2 if size >= 0.1 else 3
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", words(language)["decimal"])


def spoken_day(day: date, language: str) -> str:
    """A day in words.

    >>> spoken_day(date(2026, 11, 23), "de")
    '23. November 2026'
    """
    told = words(language)
    return told["day"].format(d=day.day, m=told["months"].split()[day.month - 1], y=day.year)


def _since(day: date, today: date, told: Mapping[str, str]) -> str:
    if 0 <= (today - day).days < 7:
        return told["days"].split()[day.weekday()]
    return told["on"].format(
        day=told["day"].format(d=day.day, m=told["months"].split()[day.month - 1], y=day.year)
    )


def _light(where: str, told: Mapping[str, str]) -> str:
    """A light by its bank and its channel."""
    bank, _, channel = where.rpartition("/")
    named = told.get(f"bank_{bank}") or told["bank"].format(name=bank)
    if not channel:
        return told["all_of"].format(bank=named) if bank else told["all"]
    spoken = told.get(f"channel_{channel}")
    kind = "light" if spoken else "led"
    return told[f"{kind}_of" if bank else kind].format(channel=spoken or channel, bank=named)
