"""The clock jumps ahead: by hours, over a night, a weekend, a holiday, a year's end. Nobody is told twice, nothing is
forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.calendar.hours import is_open
from ivr.cases.reminders import LEVELS
from ivr.profile import Schedule
from recordings.keys import KeyRing
from services.sweeper import Sweeper
from store.engine import open_engine
from store.journal.sql_ledger import SqlLedger
from tests.support.casework import Desk
from tests.support.database import migrated
from tests.support.moments import at
from tests.sweeper.conftest import TO, Kept

HOUR = 3_600_000
# A few minutes, a night, a weekend, a fortnight; now and then a sweeper sees nothing new, or a clock steps back.
JUMPS = st.lists(
    st.tuples(
        st.one_of(
            st.integers(-30, 240).map(lambda minutes: minutes * 60_000),
            st.sampled_from([9, 15, 24, 63, 64, 72, 24 * 8, 24 * 20]).map(lambda hours: hours * HOUR),
        ),
        st.integers(1, 3),
    ),
    max_size=14,
)  # fmt: skip


class Office:
    """A desk in office hours with four kinds of promise, put back to its beginning before each story."""

    def __init__(self, folder) -> None:
        migrated(folder)
        engine, keys = open_engine(folder, relaxed=True), KeyRing.open(folder / "keys")
        self.desk = Desk(engine, keys, SqlLedger(engine, keys, owner="n", spool=folder / "s", inline=True))
        rules = self.desk.rules
        self.desk.rules = replace(rules, profile=rules.profile.model_copy(update={"hours": Schedule(kind="workday")}))
        self._kept = sqlite3.connect(":memory:")
        with closing(engine.raw_connection()) as raw:
            raw.driver_connection.backup(self._kept)

    def begins(self, now: int) -> list[str]:
        with closing(self.desk.engine.raw_connection()) as raw:
            self._kept.backup(raw.driver_connection)
        self.desk.now = now
        cases = [self.desk.letter(kind) for kind in ("complaint", "enquiry", "repair")]
        for case in cases:
            self.desk.do(case, "accept", "李强")
        return cases

    def open_now(self) -> bool:
        rules = self.desk.rules
        return is_open(
            rules.profile.hours, datetime.fromtimestamp(self.desk.now / 1000, UTC), rules.calendar, rules.zone
        )


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = Office(tmp_path_factory.mktemp("office"))
    yield office
    office.desk.engine.dispose()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["2026-09-24 16:00", "2026-11-27 16:50", "2026-12-30 10:00", "2026-12-31 23:50"]), JUMPS
)  # fmt: skip
def test_however_the_clock_jumps_each_is_told_once_and_of_what_is_true_then(office: Office, begin: str, jumps) -> None:
    cases, desk = office.begins(at(begin)), office.desk
    kept = Kept()

    def sweepers(count: int) -> None:
        for _ in range(count):  # each a process of its own: it knows nothing of the others
            one = Sweeper(desk.engine, desk.rules, lambda: desk.now, TO, {"email": kept, "webhook": kept})
            one.once()
            assert one.problems == 0

    seen = 0
    for jump, count in jumps:
        desk.now += jump
        sweepers(count)
        rows = desk.rows("inbox")
        for row in rows[seen:]:
            case = desk.case(row["case_id"])
            assert office.open_now() or case["kind"] == "repair"  # at night only what cannot wait
            level = next(level for level in LEVELS if level.id == row["kind"])
            span = case["due_ms"] - case["span_from"]
            assert case["span_from"] + span * level.percent // 100 <= desk.now
            later = [each for each in LEVELS if each.percent > level.percent]
            assert all(
                case["span_from"] + span * each.percent // 100 > desk.now for each in later
            )  # not the half at last
        seen = len(rows)
    desk.now = max(desk.now, max(desk.case(case)["due_ms"] for case in cases)) + 40 * 24 * HOUR
    while not office.open_now():
        desk.now += HOUR
    sweepers(2)
    rows = desk.rows("inbox")
    for case in cases:
        told = [(row["kind"], row["recipient"]) for row in rows if row["case_id"] == case]
        assert len(told) == len(set(told))
        assert {to for kind, to in told if kind == "late"} == {"user:李强", "role:lead", "role:supervisor"}
    keys = [item.key for item in kept.sent]
    places = {"user:李强": 1, "role:lead": 1, "role:supervisor": 1}
    assert (
        len(keys)
        == len(set(keys))
        == sum(places[row["recipient"]] for row in rows) + len({row["event"] for row in rows})
    )
    sweepers(1)
    assert len(desk.rows("inbox")) == len(rows) and len(kept.sent) == len(keys)
