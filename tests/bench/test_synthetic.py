"""A made-up year: what a hotline would have written, told by the real rules."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from bench.synthetic.filling import fill
from bench.synthetic.plan import NUMBER_RANGE, Plan
from ivr.calendar.tables import WorkCalendar
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import spoken_number
from ivr.profile import Profile
from recordings.keys import KeyRing
from store.engine import reading
from store.figures.figures import CallsOf, figures, limits, material
from store.journal.rebuild import verify
from store.people.parties import Parties
from store.schema import Call, Callback, Case, InboxRow, Journal, LiveCall, PartyRow
from tests.support.history import derived
from tests.support.moments import ZONE, at

RULES = CasePolicy(Profile.load(), WorkCalendar.load(), ZONE)
PLAN = Plan(date(2026, 9, 1), 60, calls=400, cases=60, seed=3, until_ms=at("2026-10-20 10:30"))


def filled(engine: Engine, keys: KeyRing, plan: Plan = PLAN, **options: Any) -> None:
    fill(engine, keys, plan, RULES, spoken_number, **options)


def test_a_rebuild_of_the_year_finds_nothing_to_change(engine: Engine, keys: KeyRing) -> None:
    filled(engine, keys)
    assert verify(engine) == []
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Call)) == PLAN.calls
        assert connection.scalar(select(func.count()).select_from(Case)) == PLAN.cases
        assert connection.scalar(select(func.count()).select_from(Journal)) > 8 * PLAN.calls
        assert connection.scalar(select(func.max(Journal.at))) <= PLAN.to_ms


def test_the_same_plan_gives_the_same_rows_and_another_seed_gives_others(engine: Engine, keys: KeyRing) -> None:
    filled(engine, keys)
    with engine.connect() as connection:
        first = derived(connection)
    with engine.begin() as connection:
        for name in (
            "calls",
            "legs",
            "cases",
            "case_steps",
            "case_dues",
            "callbacks",
            "callback_attempts",
            "recordings",
            "ratings",
        ):
            connection.exec_driver_sql(f"DELETE FROM {name}")
        for name in ("party_keys", "parties", "inbox", "case_notes", "case_counters", "live_calls"):
            connection.exec_driver_sql(f"DELETE FROM {name}")
    filled(engine, keys, journal_from_ms=PLAN.to_ms + 1)  # the journal is there
    with engine.connect() as connection:
        assert derived(connection) == first
        assert first["calls"] != []


def test_every_kind_of_end_and_state_occurs_and_no_number_is_anybodys(engine: Engine, keys: KeyRing) -> None:
    filled(engine, keys, dataclasses.replace(PLAN, calls=1500, cases=300))
    with engine.connect() as connection:
        outcomes = set(connection.scalars(select(Call.outcome).distinct()))
        assert outcomes >= {"answered", "abandoned", "callback", "failed", "self", "hung_up"}
        assert set(connection.scalars(select(Case.kind).distinct())) >= {"complaint", "report", "repair", "message"}
        assert set(connection.scalars(select(Case.status).distinct())) >= {"archived", "handling"}
        assert set(connection.scalars(select(Case.channel).distinct())) == {"phone", "letter", "visit", "web"}
        ends = set(connection.scalars(select(Callback.outcome).where(Callback.kind == "missed").distinct()))
        assert ends >= {"reached", "reached_us"}
        assert set(connection.scalars(select(InboxRow.kind).distinct())) >= {"half", "assigned", "reopened"}
        people = list(connection.scalars(select(PartyRow.id)))
        numbers = Parties(keys).numbers(connection, people)
        assert all(number.startswith(NUMBER_RANGE) and len(number) == 11 for number in numbers.values())
        assert 300 < len(set(numbers.values())) < len(numbers)  # some call again
        sealed = connection.scalar(select(func.count()).select_from(PartyRow).where(PartyRow.number.is_(None)))
        hidden = select(func.count()).select_from(Case).where(Case.anonymous, Case.call_id.is_not(None))
        assert sealed == connection.scalar(hidden) > 0


def test_calls_come_by_day_and_hour_as_people_do(engine: Engine, keys: KeyRing) -> None:
    filled(engine, keys, Plan(date(2026, 9, 21), 28, calls=4000, cases=0), journal_from_ms=PLAN.to_ms + 10**10)
    with engine.connect() as connection:
        times = [
            datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZONE) for ms in connection.scalars(select(Call.arrived))
        ]
    days, hours = Counter(time.date() for time in times), Counter(time.hour for time in times)
    assert hours[10] > 5 * hours[3]
    assert hours[10] > hours[13] < hours[15]
    holiday = [days[date(2026, 10, 1) + timedelta(days=n)] for n in range(7)]
    working = [days[date(2026, 9, 28) + timedelta(days=n)] for n in range(3)]
    assert sum(holiday) / 7 < 0.7 * sum(working) / 3


def test_who_is_on_the_line_at_the_end_is_a_live_call(engine: Engine, keys: KeyRing) -> None:
    now = at("2026-09-22 10:30")
    filled(engine, keys, Plan(date(2026, 9, 22), 1, calls=1500, cases=0, until_ms=now))
    with engine.connect() as connection:
        live = set(connection.scalars(select(LiveCall.call_id)))
        assert live == set(connection.scalars(select(Call.id).where(Call.outcome == "live"))) != set()
        arrived = connection.scalar(select(func.min(Call.arrived)).where(Call.outcome == "live"))
        assert now - arrived < 3_600_000


def test_the_figures_of_a_day_are_the_same_from_the_rows_of_the_whole_period(engine: Engine, keys: KeyRing) -> None:
    """A report reads its period once and cuts the days out of it."""
    plan = dataclasses.replace(PLAN, calls=2500, cases=400)
    filled(engine, keys, plan)
    profile, seen, now = Profile.load(), Counter[str](), at("2026-10-20 10:30")
    with Session(reading(engine)) as session:
        whole = material(session, at("2026-09-20 00:00"), at("2026-10-20 00:00"), limits(profile))
        days = [(at("2026-09-20 00:00") + n * 86_400_000, at("2026-09-21 00:00") + n * 86_400_000) for n in range(30)]
        _whole, calls = CallsOf.parts(session, days, limits(profile))
        for day, its_rows, its_calls in zip(days, whole.split(days), calls, strict=True):
            alone = figures(session, *day, profile, now)
            assert figures(session, *day, profile, now, rows=its_rows, calls=its_calls) == alone
            seen.update({figure.id: figure.denominator for figure in alone})
    assert all(seen[id_] for id_ in ("K12", "K14", "K15", "K16", "K18", "K20", "K25")), seen
