"""What is shipped in files: read once in a test process, not once in a test."""

from __future__ import annotations

from copy import copy
from functools import cache

from ivr.calendar.tables import WorkCalendar
from ivr.phrases import Phrases
from ivr.profile import Profile
from ivr.wording import Wording


@cache
def phrases(unit: str = "示范供电服务中心", unit_en: str = "Model Power") -> Phrases:
    """The phrases of a unit."""
    return Phrases.load(variables={"unit": unit, "unit.en": unit_en})


wording = cache(Wording.load)
profile = cache(Profile.load)
_calendar = cache(WorkCalendar.load)


def calendar() -> WorkCalendar:
    """The shipped calendar, one's own: a test may give it other tables (:meth:`WorkCalendar.take`)."""
    return copy(_calendar())
