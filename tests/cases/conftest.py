"""What the tests of casework share: the shipped rules with more kinds that may pause, and a case as it was taken."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.calendar.tables import WorkCalendar
from ivr.cases.deadlines import CasePolicy
from ivr.profile import Profile
from tests.support.case import Told
from tests.support.moments import ZONE


@pytest.fixture(scope="session")
def rules() -> CasePolicy:
    profile = Profile.load()
    casework = profile.casework.model_copy(
        update={"pausable": ("enquiry", "request", "suggestion", "complaint", "repair")}
    )
    return CasePolicy(profile.model_copy(update={"casework": casework}), WorkCalendar.load(), ZONE)


@pytest.fixture
def told(rules: CasePolicy) -> Callable[..., Told]:
    """``told("report")``: a new case."""
    return lambda kind="complaint", received="2026-11-23 10:00", **more: Told(rules, kind, received, **more)
