from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from ivr.ledger import CallTransaction, StoredCase
from store.journal import entries
from store.journal.sql_ledger import SqlLedger
from tests.support.facts import fact
from tests.support.history import Caller, busy_day

Make = Callable[..., SqlLedger]


def count(engine: Engine, what: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {what}")) or 0)


def test_a_turn_is_answered_only_when_another_connection_can_read_it(engine: Engine, make_ledger: Make) -> None:
    seen: list[int] = []
    answered = threading.Event()

    def done(error: Exception | None) -> None:
        assert error is None
        seen.append(count(engine, "journal"))
        answered.set()

    ledger = make_ledger(engine, inline=False)
    ledger.commit(CallTransaction("c1", (fact(1, "offered"), fact(1, "ring")), None), done)
    assert answered.wait(30)
    assert seen == [2]


def test_answers_come_through_the_conductors_own_thread(engine: Engine, make_ledger: Make) -> None:
    to_run: list[Callable[[], None]] = []
    answers: list[str] = []
    ledger = make_ledger(engine, inline=False, call_soon=to_run.append)
    ledger.commit(CallTransaction("c1", (fact(1, "offered"),), None), lambda e: answers.append(str(e)))
    assert ledger.flush()
    ledger.close()
    assert answers == []
    for call in to_run:
        call()
    assert answers == ["None"]


def test_facts_of_a_call_keep_their_order_under_load(engine: Engine, make_ledger: Make) -> None:
    ledger = make_ledger(engine, inline=False)
    for n in range(600):
        ledger.commit(CallTransaction(f"c{n % 7}", (fact(n, "step", {"step": str(n)}),), None), lambda e: None)
    assert ledger.flush()
    with engine.connect() as connection:
        for call in range(7):
            steps = [row.at for row in entries.read(connection, call_id=f"c{call}")]
            assert steps == list(range(call, 600, 7))


def test_a_turn_that_is_unfit_harms_no_other(engine: Engine, make_ledger: Make) -> None:
    answers: dict[str, Exception | None] = {}
    ledger = make_ledger(engine, inline=False)
    for n in range(40):
        unfit = {"ref": object()} if n == 20 else {}
        turn = CallTransaction(f"c{n}", (fact(n, "offered", unfit),), None)
        ledger.commit(turn, lambda e, n=n: answers.__setitem__(f"c{n}", e))  # type: ignore[misc]
    assert ledger.flush()
    assert [call for call, error in answers.items() if error is not None] == ["c20"]
    assert len(answers) == 40
    assert count(engine, "calls") == 39


def test_cmp_2_a_case_is_stored_before_its_number_is_told(engine: Engine, ledger: SqlLedger) -> None:
    case = Caller(ledger).arrives().opens_case()
    assert case.number == "11210001"
    assert case.due == "2026-11-26"
    assert count(engine, f"cases WHERE number = '{case.number}'") == 1


def test_a_command_asked_twice_is_one_case(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger).arrives()
    assert call.opens_case() == call.opens_case()
    assert count(engine, "cases") == 1


def test_numbers_of_a_day_follow_each_other_and_none_comes_twice(engine: Engine, make_ledger: Make) -> None:
    ledger = make_ledger(engine, inline=False)
    numbers = [Caller(ledger).arrives().opens_case().number for _ in range(5)]
    numbers += [Caller(ledger).arrives().opens_case(day="2026-11-22").number]
    assert numbers == ["11210001", "11210002", "11210003", "11210004", "11210005", "11220001"]


def test_a_number_that_is_taken_is_passed_over(engine: Engine, make_ledger: Make) -> None:
    ledger = make_ledger(engine, number_for=lambda day, sequence: f"N{sequence // 2}")
    assert [Caller(ledger).arrives().opens_case().number for _ in range(3)] == ["N0", "N1", "N2"]


def test_an_anonymous_report_keeps_no_person_but_a_query_code(engine: Engine, ledger: SqlLedger, keys: object) -> None:
    call = Caller(ledger).arrives()
    case = call.opens_case("report", anonymous=True, query_code="730412")
    call.tell(seal_party=call.party)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT party_id, query_hash FROM cases")).one()
        assert connection.scalar(text("SELECT party_id FROM calls")) is None
        dump = [tuple(r) for r in connection.execute(text("SELECT data FROM journal"))]
    assert stored.party_id is None
    assert "730412" not in str(dump) + str(stored)
    assert count(engine, "party_keys") == 0
    assert case.number


def test_no_number_is_anywhere_in_the_clear(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger, number="13912345678").arrives()
    call.opens_case()
    with engine.connect() as connection:
        for table in ("journal", "calls", "cases", "parties", "live_calls"):
            for row in connection.execute(text(f"SELECT * FROM {table}")):
                assert "13912345678" not in str(tuple(row))


def test_the_relaxed_ledger_writes_everything_by_the_next_flush(engine: Engine, make_ledger: Make) -> None:
    ledger = make_ledger(engine, relaxed=True)
    busy_day(ledger, 30)
    ledger.flush()
    assert count(engine, "calls") == 30
    assert count(engine, "live_calls") == 0


def test_the_relaxed_ledger_does_not_swallow_an_unfit_turn(engine: Engine, make_ledger: Make) -> None:
    ledger = make_ledger(engine, relaxed=True)
    ledger.commit(CallTransaction("c1", (fact(1, "offered", {"ref": object()}),), None), lambda e: None)
    with pytest.raises(TypeError):
        ledger.flush()


def test_opening_a_case_answers_with_an_error_when_it_cannot_be_stored(engine: Engine, make_ledger: Make) -> None:
    def broken(day: str, sequence: int) -> str:
        raise ValueError("no more numbers today")

    got: list[StoredCase | Exception] = []
    ledger = make_ledger(engine, number_for=broken)
    call = Caller(ledger).arrives()
    with pytest.raises(AssertionError, match="no more numbers"):
        call.opens_case()
    assert got == []
    assert count(engine, "cases") == 0
