"""What the panel reads, on both databases: pages by key, filters, journeys, the board."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from ivr.ledger import Fact, Live, Party, Turn
from ivr.store import queries
from ivr.store.engine import reading
from ivr.store.models import Audit, Call, Case
from ivr.store.parties import Parties
from ivr.store.queries import CallFilter, CaseFilter

HOUR = 3_600_000


def _call(n: int, arrived: int, **more: object) -> Call:
    return Call(id=f"call-{n:04}", arrived=arrived, **more)


def _case(n: int, received: int, **more: object) -> Case:
    given = {"kind": "complaint", "due_ms": received + 5 * HOUR, **more}
    return Case(id=f"case-{n:04}", number=f"{n:010}", command_id=f"c{n}", received=received, **given)


def _add(engine, *rows):
    with Session(engine) as session, session.begin():
        session.add_all(rows)


def _walk(engine, where, limit):
    seen, before = [], None
    with Session(reading(engine)) as session:
        while True:
            page = queries.calls(session, where, before, limit)
            seen += [call.id for call in page.rows]
            if page.next is None:
                return seen
            before = page.next


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_pages_meet_every_call_once_even_when_many_arrive_together(engine, limit):
    _add(engine, *(_call(n, 1000 + n // 5) for n in range(23)))
    assert _walk(engine, CallFilter(), limit) == [f"call-{n:04}" for n in range(22, -1, -1)]


def test_a_call_that_arrives_between_two_pages_moves_nothing(engine):
    _add(engine, *(_call(n, 1000 + n) for n in range(6)))
    with Session(reading(engine)) as session:
        first = queries.calls(session, CallFilter(), limit=3)
        newest = [call.id for call in first.rows]
    _add(engine, _call(9, 5000))
    with Session(reading(engine)) as session:
        second = queries.calls(session, CallFilter(), first.next, 3)
        assert newest + [call.id for call in second.rows] == [f"call-{n:04}" for n in range(5, -1, -1)]


def test_the_end_of_a_period_is_not_part_of_it(engine):
    _add(engine, _call(1, 1000), _call(2, 1999), _call(3, 2000))
    assert _walk(engine, CallFilter(1000, 2000), 10) == ["call-0002", "call-0001"]


def test_calls_are_found_by_the_hash_of_their_number(engine, ledger, keys):
    for n, number in enumerate(("13800000001", "13800000002", "+86 13800000001")):
        offered = {"called": "95598", "party_id": f"party-{n}"}
        fact = Fact(1000 + n, "event", "offered", offered)
        ledger.commit(Turn(f"call-{n}", (fact,), None, (Party(f"party-{n}", number),)), lambda error: None)
    hashed = Parties(keys).number_hmac("13800000001")
    assert _walk(engine, CallFilter(hmac=hashed), 10) == ["call-2", "call-0"]


@given(
    text=st.text(max_size=30).filter(lambda t: not (t.partition(".")[0].isascii() and t.partition(".")[0].isdigit()))
)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(queries.BadCursor):
        queries._cursor(text)


def test_cases_by_what_is_due(engine):
    _add(
        engine,
        _case(1, 0),
        _case(2, 10 * HOUR),
        _case(3, 0, replied=HOUR, status="replied"),
        _case(4, 0, kind="praise", due_ms=None),
    )
    with Session(reading(engine)) as session:

        def ids(where):
            return [case.id[-1] for case in queries.cases(session, where).rows]

        assert ids(CaseFilter(due_before=6 * HOUR)) == ["1"]
        assert ids(CaseFilter(open_only=True)) == ["2", "4", "1"]
        assert ids(CaseFilter(kind="praise")) == ["4"]
        assert ids(CaseFilter(status="replied")) == ["3"]
        assert queries.due_counts(session, 6 * HOUR, 16 * HOUR) == (1, 1)


def test_a_journey_holds_what_happened_in_order_and_its_cases(engine, ledger):
    facts = [Fact(1000 + n, "event", name, data) for n, (name, data) in enumerate(
        [("offered", {"called": "95598"}), ("answered", {}), ("step", {"step": "main"})]
    )]  # fmt: skip
    ledger.commit(Turn("call-1", tuple(facts), Live("{}", "r", "f", "main", 1002, 1000)), lambda error: None)
    with Session(reading(engine)) as session:
        found = queries.journey(session, "call-1")
        assert [row.name for row in found.journal] == ["offered", "answered", "step"]
        assert not found.anonymous
        assert queries.journey(session, "call-2") is None


def test_calls_of_anonymous_cases_are_known(engine):
    _add(engine, _case(1, 0, call_id="a", anonymous=True), _case(2, 0, call_id="b"))
    with Session(reading(engine)) as session:
        assert queries.anonymous_calls(session, ["a", "b", "c"]) == {"a"}
        assert queries.anonymous_calls(session, []) == frozenset()


def test_the_board_puts_the_longest_wait_first(engine, ledger):
    for n, waiting in enumerate((None, 3000, 2000)):
        there = Live("{}", f"r{n}", "f", "main", 1000, 1000 + n, waiting_since=waiting)
        ledger.commit(Turn(f"call-{n}", (Fact(1000, "event", "offered", {}),), there), lambda error: None)
    ledger.seat_changed("101", 1000, reachable=True)
    with Session(reading(engine)) as session:
        board = queries.board(session)
        assert [call.call_id for call in board.calls] == ["call-0", "call-1", "call-2"]
        assert [call.call_id for call in board.waiting] == ["call-2", "call-1"]
        assert [seat.id for seat in board.seats] == ["101"]


def test_outcomes_leave_test_calls_out(engine):
    _add(
        engine, _call(1, 0, outcome="answered"), _call(2, 0, outcome="answered", test=True), _call(3, 0, outcome="self")
    )
    with Session(reading(engine)) as session:
        assert queries.outcomes(session, 0, 1) == {"answered": 1, "self": 1}


def test_the_audit_log_is_newest_first_and_paged(engine):
    _add(engine, *(Audit(at=n, user="lead" if n % 2 else "admin", action="log.in") for n in range(5)))
    with Session(reading(engine)) as session:
        first = queries.audit_log(session, limit=2)
        assert [row.at for row in first.rows] == [4, 3]
        rest = queries.audit_log(session, before=int(first.next), limit=9)
        assert [row.at for row in rest.rows] == [2, 1, 0]
        assert rest.next is None
        assert [row.at for row in queries.audit_log(session, user="lead").rows] == [3, 1]
