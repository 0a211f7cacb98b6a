"""K7 with after-call work, K8, K9: counted from the states of three days, they equal an independent recount."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from ivr.desk.states import CHOSEN, ActNotAllowed, OperatorRules, StateAct
from ivr.kpi.records import DAY_MS, HOUR_MS
from services.operators import Doer, do, end_by_themselves
from store.figures.figures import figures, limits, material
from store.journal.sql_ledger import SqlLedger
from tests.month.recount import Count
from tests.support import read_once
from tests.support.casework import MORNING, Desk

SEATS = ("101", "102", "103")
RULES = OperatorRules(sign_in=True)
FIGURES = ("K7-handle", "K8", "K9")
SLEEP = 50  # rounds in which one operator does nothing: longer than a day


@pytest.fixture
def lived(desk: Desk, make_ledger: Callable[..., SqlLedger]) -> int:
    """Three days of calls, pauses and forgetting to sign out; until when."""
    random, now = Random(16), MORNING
    ledger = make_ledger(desk.engine, operators=RULES, relaxed=False)
    with Session(desk.engine) as session, session.begin():
        do(session, "103", StateAct("sign_in", now, operator="王芳"), Doer("王芳", "lead"), RULES, SEATS)
    for turn in range(260):
        now += random.randint(1, 30 * 60_000)
        seat = random.choice(SEATS[:2])
        with desk.engine.begin() as connection:
            end_by_themselves(connection, now)
        if random.random() < 0.5:
            name = random.choice(("sign_in", "ready", "pause", "wrap_up", "sign_out", "sign_in", "ready"))
            what = StateAct(name, now, operator=random.choice(("李强", "赵敏")), reason=random.choice(CHOSEN))
            try:
                with Session(desk.engine) as session, session.begin():
                    do(session, seat, what, Doer("王芳", "lead"), RULES, SEATS)
            except ActNotAllowed:
                continue
        else:
            ledger.seat_changed(seat, now, call_id=f"c{turn}")
            if random.random() < 0.8:
                now += random.randint(1000, 12_000)
                ledger.seat_changed(seat, now, answered=True)
                now += random.randint(1000, 600_000)
                ledger.seat_changed(seat, now, call_id=None)
            else:
                now += 12_000
                ledger.seat_changed(seat, now, call_id=None, missed=True)
    assert now > MORNING + 2 * DAY_MS
    return now


def journal(engine: Engine) -> Iterator[dict[str, Any]]:
    with engine.connect() as connection:
        for row in connection.execute(text("SELECT * FROM journal ORDER BY seq")).mappings():
            yield dict(row) | {"data": json.loads(row["data"])}


def test_stf_16_occupancy_utilisation_and_handling_equal_the_recount(desk: Desk, lived: int) -> None:
    profile, count = read_once.profile(), Count(journal(desk.engine), {})
    with Session(desk.engine) as session:
        for begin, end in (
            (MORNING, lived), (MORNING, MORNING + DAY_MS), (MORNING + DAY_MS, MORNING + 2 * DAY_MS),
            (MORNING + 5 * HOUR_MS, MORNING + 6 * HOUR_MS), (lived - HOUR_MS, lived + DAY_MS),
        ):  # fmt: skip
            expected = count.figures(begin, end, lived, profile.answer.limit_ms)
            shown = {one.id: one for one in figures(session, begin, end, profile, lived)}
            for name in FIGURES:
                numerator, denominator = expected[name]
                per = 1000 if shown[name].unit == "s" else 1
                assert (shown[name].numerator, shown[name].denominator) == (numerator / per, denominator), (name, begin)
            assert shown["K9"].denominator > 0


def test_the_days_of_a_report_make_its_whole(desk: Desk, lived: int) -> None:
    days = [(MORNING + n * DAY_MS, MORNING + (n + 1) * DAY_MS) for n in range(3)]
    with Session(desk.engine) as session:
        whole = material(session, days[0][0], days[-1][1], limits(read_once.profile()), now_ms=lived)
        apart = [
            material(session, *day, limits(read_once.profile()), now_ms=lived).rows["handled"] for day in days
        ]  # fmt: skip
    assert [part.rows["handled"] for part in whole.split(days)] == apart
    ((total,), parts) = whole.rows["handled"], [one for (one,) in apart]
    assert (total.ms, total.n) == (sum(one.ms for one in parts), sum(one.n for one in parts))
