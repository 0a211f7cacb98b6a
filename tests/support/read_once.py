"""What is shipped in files: read, and proved, once in a test process, not once in a test."""

from __future__ import annotations

from copy import copy
from functools import cache

from ivr.calendar.tables import WorkCalendar
from ivr.call.turn import FlowContext
from ivr.flow.checker import CheckReport, check
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


_proofs: dict[str, CheckReport] = {}


def proof(flow: FlowContext) -> CheckReport:
    """The proof of a flow: walked once for what a hotline, too, remembers one by (``hotline/process/flows.py``)."""
    key = f"{flow.version} {flow.labels} {flow.rules}"
    if key not in _proofs:
        _proofs[key] = check(flow)
    return _proofs[key]
