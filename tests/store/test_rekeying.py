"""A database of before: people whose number is one number become one person; nothing else is touched."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, text, update

from ivr.numbers import HOME, Plan
from recordings.keys import KeyRing
from store.journal.projection import DERIVED
from store.journal.rebuild import rebuild, verify
from store.people.parties import Parties
from store.sql import table
from store.upkeep import rekeying
from tests.rules.numbers_table import CITY
from tests.support.casework import Desk

PARTIES = table("parties")
NOW = 1_795_000_000_000


def key_of_before(keys: KeyRing, number: str) -> str:
    """Version 0.1: +86 and 0086 taken off, everything that is no digit dropped."""
    digits = re.sub(r"[^0-9]", "", number)
    if number.startswith(("+86", "0086")):
        national = digits.removeprefix("00").removeprefix("86")
        digits = national if len(national) == 11 and national.startswith("1") else "0" + national
    return keys.hmac(b"number:" + digits.encode())


def as_before(desk: Desk) -> None:
    """Every person has the key of before, and no mark says how they were made."""
    people = [row["id"] for row in desk.rows("parties")]
    with desk.engine.begin() as connection:
        for id_, number in Parties(desk.keys).numbers(connection, people).items():
            old = update(PARTIES).where(PARTIES.c.id == id_).values(number_hmac=key_of_before(desk.keys, number))
            connection.execute(old)
        connection.execute(text("DELETE FROM marks"))


def contents(desk: Desk) -> dict[str, list[dict[str, object]]]:
    """Everything that is told from people's numbers apart; of people, what is not their key."""
    found: dict[str, list[dict[str, object]]] = {}
    with desk.engine.begin() as connection:
        for name in (*DERIVED, "journal", "parties", "party_keys", "case_notes", "inbox", "case_counters"):
            rows = connection.execute(table(name).select().order_by(*table(name).primary_key)).mappings()
            found[name] = [{key: value for key, value in row.items() if key != "number_hmac"} for row in rows]
    return found


def rekey(desk: Desk, plan: Plan) -> int:
    return rekeying.rekey(desk.engine, lambda: desk.keys, plan, NOW)


def test_two_open_call_backs_that_become_one_person_are_one_entry_and_both_are_kept(desk: Desk) -> None:
    for number in ("13800001111", "8613800001111", "87654321", "862387654321", "13900002222"):
        desk.missed_call(number)
    as_before(desk)
    before = contents(desk)
    assert [len(entry.callbacks) for entry in desk.list("missed")] == [1] * 5
    assert rekey(desk, CITY) == 3
    assert sorted(len(entry.callbacks) for entry in desk.list("missed")) == [1, 2, 2]
    assert contents(desk) == before
    desk.called(desk.list("missed")[0].first["id"], "no_answer")
    tried = {row["number_hmac"] for row in desk.rows("parties")}
    assert len(tried) == 3 and [row["tries"] for row in desk.rows("callbacks")].count(1) == 2


def test_acceptance_4_a_journal_of_before_gives_the_same_rows(desk: Desk) -> None:
    for number in ("013800001111", "+86013800001111", "13800001111"):
        desk.missed_call(number)
    desk.letter()
    as_before(desk)
    before = contents(desk)
    rekey(desk, HOME)
    assert verify(desk.engine) == [] and rebuild(desk.engine) == []
    assert contents(desk) == before


def test_who_is_sealed_keeps_no_key(desk: Desk) -> None:
    desk.missed_call("8613800001111")
    desk.missed_call("13800001111")
    as_before(desk)
    gone = desk.rows("parties")[0]["id"]
    with desk.engine.begin() as connection:
        Parties(desk.keys).seal(connection, gone)
    rekey(desk, HOME)
    row = desk.rows("parties", id=gone)[0]
    assert (row["number_hmac"], row["number"]) == (None, None)


def test_what_was_no_number_stays_on_its_list_under_a_key_of_its_own(desk: Desk) -> None:
    desk.missed_call("13800001111转801")
    desk.missed_call("八六一三八")
    desk.missed_call("13800001111801")
    as_before(desk)
    rekey(desk, HOME)
    assert [len(entry.callbacks) for entry in desk.list("missed")] == [1, 1, 1]


def test_it_is_due_once_and_again_when_the_area_code_is_set(desk: Desk) -> None:
    desk.missed_call("87654321")
    desk.missed_call("02387654321")
    assert rekeying.due(desk.engine, HOME)
    rekey(desk, HOME)
    assert not rekeying.due(desk.engine, HOME) and rekeying.due(desk.engine, CITY)
    assert rekey(desk, CITY) == 1
    assert [len(entry.callbacks) for entry in desk.list("missed")] == [2]
    assert (rekey(desk, CITY), rekeying.due(desk.engine, CITY)) == (0, False)


def test_what_operators_asked_for_counts_against_the_person_the_number_belongs_to_now(desk: Desk) -> None:
    desk.missed_call("8613800001111")
    as_before(desk)
    (callback,) = desk.rows("callbacks")
    command = {"id": "c1", "at": 1, "who": "x", "role": "operator", "seat": "101", "kind": "call_back"}
    command |= {"callback_id": callback["id"], "state": "done", "reason": "", "owner": "", "result": "busy"}
    with desk.engine.begin() as connection:
        connection.execute(
            table("desk_commands").insert(), {**command, "number_hmac": key_of_before(desk.keys, "8613800001111")}
        )
    rekey(desk, HOME)
    assert desk.rows("desk_commands")[0]["number_hmac"] == Parties(desk.keys).number_hmac("13800001111")


def test_an_empty_database_needs_no_keys(engine: Engine) -> None:
    def none() -> KeyRing:
        raise AssertionError("keys were asked for")

    assert rekeying.rekey(engine, none, HOME, NOW) == 0
    assert not rekeying.due(engine, HOME)


def test_a_great_many_are_done_in_pieces(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekeying, "PIECE", 3)
    for last in range(8):
        desk.missed_call(f"861380000111{last}")
    as_before(desk)
    assert rekey(desk, HOME) == 8
    assert {row["number_hmac"] for row in desk.rows("parties")} == {
        Parties(desk.keys).number_hmac(f"1380000111{last}") for last in range(8)
    }
