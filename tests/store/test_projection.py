"""A captured call, told fact by fact, and the one row it must make."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from ivr.ledger import CallTransaction
from store.journal.sql_ledger import SqlLedger
from tests.support.facts import fact
from tests.support.history import START, Caller


def row(engine: Engine, table: str, id_: str) -> dict[str, Any]:
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {table} WHERE id = :id"), {"id": id_}).mappings().one()
        return dict(found)


def test_ans_1_a_call_answered_by_b_has_its_three_clocks(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger).arrives().asks_for_a_person("repair", after=3000)
    call.rings("101").rings("102", after=5000).answered_by("102", after=4000)
    call.tell(("drop_seat", {"leg_id": f"{call.call_id}/101", "seat": "101"}), reason="answered elsewhere")
    call.tell(("seat_left", {"leg_id": f"{call.call_id}/102", "seat": "102"}), after=60_000)
    call.ends(after=500)

    made = row(engine, "calls", call.call_id)
    assert made["network_wait"] == 800
    assert made["human_wait"] == 9000
    assert made["agent_ring_wait"] == 4000
    assert (made["window"], made["seat"], made["keys"]) == ("repair", "102", "0")
    assert (made["outcome"], made["released_by"]) == ("answered", "caller")
    assert made["agent_left"] == made["agent_answered"] + 60_000
    first, second = (row(engine, "legs", f"{call.call_id}/{seat}") for seat in ("101", "102"))
    assert (first["result"], first["reason"], first["answered"]) == ("cancelled", "answered elsewhere", None)
    assert (second["result"], second["ended"]) == ("answered", made["agent_left"])


def test_a_seat_that_lifts_after_we_stopped_ringing_reached_nobody(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger).arrives().asks_for_a_person().rings("101")
    call.tell(("drop_seat", {"leg_id": f"{call.call_id}/101", "seat": "101"}), after=5000)
    call.tell(("seat_answered", {"leg_id": f"{call.call_id}/101", "seat": "101"}), after=10).ends()
    assert row(engine, "calls", call.call_id)["outcome"] == "abandoned"


def test_fst_every_try_is_kept_with_its_reason(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger).arrives().asks_for_a_person().rings("101").fails_at("101", "busy", after=200)
    leg = row(engine, "legs", f"{call.call_id}/101")
    assert (leg["result"], leg["reason"], leg["ended"] - leg["dialed"]) == ("busy", "486", 200)


@pytest.mark.parametrize(
    ("asked", "case", "by", "cause", "outcome"),
    [
        (True, False, "caller", "caller_left", "abandoned"),
        (True, False, "us", "grace_timeout", "failed"),
        (True, False, "failure", "failure", "failed"),
        (True, True, "caller", "caller_left", "callback"),
        (True, True, "us", "grace_timeout", "callback"),
        (False, True, "caller", "caller_left", "self"),
        (False, False, "us", "grace_timeout", "self"),
        (False, False, "caller", "farewell", "self"),
        (False, False, "caller", "caller_left", "hung_up"),
        (False, False, "failure", "interrupted", "failed"),
    ],
)
def test_b9_the_outcome_of_a_call_nobody_answered(
    engine: Engine, ledger: SqlLedger, asked: bool, case: bool, by: str, cause: str, outcome: str
) -> None:
    call = Caller(ledger).arrives()
    if asked:
        call.asks_for_a_person()
    if case:
        call.opens_case("message")
    call.ends(by, cause, after=7000)
    made = row(engine, "calls", call.call_id)
    assert made["outcome"] == outcome
    assert made["human_wait"] == (7000 if asked else None)


def test_who_hangs_up_during_the_farewell_was_served(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger).arrives().tell(("step", {"step": "@farewell"})).ends(after=2000)
    assert row(engine, "calls", call.call_id)["outcome"] == "self"


def test_a_case_stored_after_the_caller_left_still_makes_it_a_callback(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger).arrives().asks_for_a_person().ends(after=3000)
    call.opens_case("message", complete=False)
    assert row(engine, "calls", call.call_id)["outcome"] == "callback"


@pytest.mark.parametrize("recorded_first", [True, False])
def test_a_recording_finds_its_case_whichever_comes_first(
    engine: Engine, ledger: SqlLedger, recorded_first: bool
) -> None:
    call = Caller(ledger).arrives()
    if recorded_first:
        call.records("r1")
    case = call.opens_case(recordings=("r1",))
    if not recorded_first:
        call.records("r1")
    call.records("r2")
    with engine.connect() as connection:
        linked = connection.execute(text("SELECT token, case_id FROM recordings ORDER BY token")).all()
    assert [tuple(r) for r in linked] == [("r1", case.id), ("r2", None)]


def test_keys_of_a_number_are_not_kept(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger).arrives()
    for key in ("1", "•", "•", "2"):
        call.tell(("digit", {"key": key}))
    assert row(engine, "calls", call.call_id)["keys"] == "12"


def test_a_header_of_any_length_is_cut_and_harms_no_turn(engine: Engine, ledger: SqlLedger) -> None:
    offered = fact(START, "offered", {"called": "1" * 500, "ref": "x" * 5000})
    errors: list[Exception | None] = []
    ledger.commit(CallTransaction("c1", (offered,), None), errors.append)
    assert errors == [None]
    assert len(row(engine, "calls", "c1")["ref"]) == 255
