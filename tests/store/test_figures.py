"""B9 through the whole store: journal facts, derived rows, figures, on both databases."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ivr.facts.of_call import system_fact
from ivr.kpi.records import Figure
from ivr.profile import Profile
from ivr.telephony import AccessDenied
from store.engine import reading
from store.figures.figures import figures, limits, material
from store.journal import entries
from store.journal.sql_ledger import SqlLedger
from tests.kpi.test_formulas import ABANDONED, ANSWERED
from tests.month.recount import Count
from tests.support.facts import fact
from tests.support.history import START, Caller, request_abandoned, request_answered

HOUR = 3_600_000


def figures_now(engine: Engine, profile: str = "sgcc_window", now: int = START + HOUR) -> dict[str, Figure]:
    with Session(reading(engine)) as session:
        found = figures(session, START, START + HOUR, Profile.load(profile), now)
    return {figure.id: figure for figure in found}


def test_b9_the_acceptance_vector_through_journal_store_and_figures(engine: Engine, ledger: SqlLedger) -> None:
    for wait in ANSWERED:
        request_answered(ledger, wait * 1000)
    for wait in ABANDONED:
        request_abandoned(ledger, wait * 1000)
    request_answered(ledger, 1000, test=True)
    request_answered(ledger, 1000, at=START + HOUR)  # the next hour's

    found = figures_now(engine)
    counts = {id_: (f.numerator, f.denominator) for id_, f in found.items()}
    assert counts["K1"] == (8, 12)
    assert counts["K1n"] == (8, 10)
    assert [counts[f"K2{x}-15"] for x in "abcd"] == [(4, 12), (4, 10), (4, 8), (7, 12)]
    assert [counts[f"K2{x}-20"] for x in "abcd"] == [(6, 12), (6, 10), (6, 8), (9, 12)]
    assert (counts["K4"], counts["K4n"]) == ((4, 12), (2, 12))
    assert (counts["K5"], counts["K5-offered"]) == ((3, 8), (3, 12))
    assert found["K3"].value == 16.875
    assert found["K4-time"].value == 11.25
    assert dict(found["K1"].exclusions)["test_calls"] == 1


def test_ans_2_a_profile_that_counts_the_operators_ring_gets_that_clock(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger).arrives().asks_for_a_person()
    call.rings("101", after=20_000).answered_by("101", after=5000).ends()
    k5 = figures_now(engine, "zhumadian_2023")["K5"]
    assert (k5.numerator, k5.denominator) == (1, 1)


def test_a_call_being_spoken_is_answered_and_one_in_the_queue_is_of_no_class(engine: Engine, ledger: SqlLedger) -> None:
    Caller(ledger).arrives().asks_for_a_person().rings("101").answered_by("101", after=4000)
    Caller(ledger).arrives().asks_for_a_person().rings("102")
    k1 = figures_now(engine)["K1"]
    assert (k1.numerator, k1.denominator) == (1, 1)
    assert dict(k1.exclusions)["waiting_now"] == 1


@pytest.mark.parametrize(("late_ms", "in_time"), [(0, 1), (1, 0)])
def test_cmp_1_a_reply_counts_when_it_comes_by_the_due_moment(
    engine: Engine, ledger: SqlLedger, late_ms: int, in_time: int
) -> None:
    call = Caller(ledger).arrives()
    case = call.opens_case("complaint", due_ms=START + 1000)
    with engine.begin() as connection:
        entries.append_facts(connection, [fact(START + 1000 + late_ms, "case_replied")], case_id=case.id)
    k13 = figures_now(engine)["K13-complaint"]
    assert (k13.numerator, k13.denominator) == (in_time, 1)


def test_k26_counts_who_found_no_room_in_the_period_and_no_stranger(engine: Engine, ledger: SqlLedger) -> None:
    for wait in ANSWERED:
        request_answered(ledger, wait * 1000)
    request_answered(ledger, 1000, test=True)
    told = [
        (0, "CallLimit", 1),
        (60_000, "CallLimit", 3),
        (1, "LoopLate", 2),
        (2, "FailedACL", 500),
        (3, "NumberLimit", 9),
    ]
    told += [(HOUR, "Ending", 4)]  # the next hour's
    for after, kind, count in told:
        ledger.note(system_fact(AccessDenied(START + after, kind, "SIP", "", "", count)))

    found = figures_now(engine)
    counts = {id_: (f.numerator, f.denominator) for id_, f in found.items() if id_.startswith("K26")}
    assert counts == {"K26": (6, 14), "K26-full": (4, 14), "K26-late": (2, 14), "K26-ending": (0, 14)}
    with Session(reading(engine)) as session:
        of_window = figures(session, START, START + HOUR, Profile.load(), START + HOUR, "repair")
        journaled = session.execute(select(entries.JOURNAL).order_by(entries.JOURNAL.c.seq)).mappings().all()
        everything = material(session, START, START + HOUR, limits(Profile.load()))
    assert [f.value for f in of_window if f.id.startswith("K26")] == [None] * 4  # they came to no window
    assert sum(each.n for each in everything.split([(START, START + 60_000)])[0].away) == 3
    rows = [dict(one) | {"data": json.loads(one["data"])} for one in journaled]
    recounted = Count(rows, {}).figures(START, START + HOUR, START + HOUR, 12_000)
    assert {id_: n for id_, n in recounted.items() if id_.startswith("K26")} == counts
