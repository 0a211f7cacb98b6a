"""What the rules' tests share: the shipped calendar, the time zone, the phrases of a made-up unit."""

from zoneinfo import ZoneInfo

import pytest

from ivr.calendar.tables import WorkCalendar
from ivr.phrases import Phrases
from ivr.profile import Profile

UNIT, UNIT_EN = "示例市供电公司", "Sample City Power"


@pytest.fixture(scope="session")
def calendar() -> WorkCalendar:
    return WorkCalendar.load()


@pytest.fixture(scope="session")
def zone() -> ZoneInfo:
    return ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="session")
def profile() -> Profile:
    return Profile.load()


@pytest.fixture(scope="session")
def phrases() -> Phrases:
    return Phrases.load(
        variables={
            "unit": UNIT,
            "unit.en": UNIT_EN,
            "hours": "工作日八点半到十七点半",
            "hours.en": "half past eight to half past five on working days",
        }
    )
