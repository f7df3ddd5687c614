"""Days and times as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime


def spoken_day(day: date, words: Mapping[str, str]) -> str:
    """A day in words.

    >>> spoken_day(date(2026, 3, 1), {"collection_months": "Jan Feb Mar", "collection_day": "{d} {m} {y}"})
    '1 Mar 2026'
    """
    months = words["collection_months"].split()
    return words["collection_day"].format(d=day.day, m=months[day.month - 1], y=day.year)


def spoken_time(moment: datetime, words: Mapping[str, str]) -> str:
    """A moment in words, as the clock of this machine shows it."""
    here = moment.astimezone()
    return words["collection_moment"].format(day=spoken_day(here.date(), words), time=here.strftime("%H:%M"))
