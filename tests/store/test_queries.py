"""What the panel reads, on both databases: pages by key, filters, journeys, the board."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from ivr.cases.case import CaseRow
from ivr.ledger import CallTransaction, Live, Party
from ivr.projections.rows import CallRow
from store.derived import values_of
from store.engine import reading
from store.people.parties import Parties
from store.read import paging, queries
from store.read.queries import CALL_ORDERS, CASE_ORDERS, AuditFilter, CallFilter, CaseFilter
from store.schema import Audit, Call, Case
from tests.support.facts import fact

HOUR = 3_600_000


def _call(n: int, arrived: int, **more: object) -> Call:
    return Call(**values_of(CallRow(**{"id": f"call-{n:04}", "arrived": arrived, **more})))


def _case(n: int, received: int, **more: object) -> Case:
    given = {"kind": "complaint", "due_ms": received + 5 * HOUR, **more}
    row = CaseRow(id=f"case-{n:04}", number=f"{n:010}", command_id=f"c{n}", received=received, **given)
    return Case(**values_of(row))


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
        came = fact(1000 + n, "offered", offered)
        ledger.commit(CallTransaction(f"call-{n}", (came,), None, (Party(f"party-{n}", number),)), lambda error: None)
    hashed = Parties(keys).number_hmac("13800000001")
    assert _walk(engine, CallFilter(hmac=hashed), 10) == ["call-2", "call-0"]


@given(
    text=st.text(max_size=30).filter(lambda t: not (t.partition(".")[0].isascii() and t.partition(".")[0].isdigit()))
)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(queries.BadCursor):
        paging._cursor(text, paging.SortOrder(Call.arrived, Call.id))


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
    facts = [fact(1000 + n, name, data) for n, (name, data) in enumerate(
        [("offered", {"called": "95598"}), ("answered", {}), ("step", {"step": "main"})]
    )]  # fmt: skip
    ledger.commit(CallTransaction("call-1", tuple(facts), Live("{}", "r", "f", "main", 1002, 1000)), lambda error: None)
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
        ledger.commit(CallTransaction(f"call-{n}", (fact(1000, "offered", {}),), there), lambda error: None)
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
        first = queries.audit_log(session, AuditFilter(), limit=2)
        assert [row.at for row in first.rows] == [4, 3]
        rest = queries.audit_log(session, AuditFilter(), first.next, 9)
        assert [row.at for row in rest.rows] == [2, 1, 0]
        assert rest.next is None
        assert [row.at for row in queries.audit_log(session, AuditFilter(user="lead")).rows] == [3, 1]


def _all(page, limit):
    seen, before = [], None
    while True:
        found = page(before, limit)
        seen += found.rows
        if found.next is None:
            return seen
        before = found.next


@pytest.mark.parametrize("down", ["", "-"])
@pytest.mark.parametrize("limit", [1, 4, 50])
def test_in_every_order_each_row_comes_once_and_those_without_a_value_come_last(engine, down, limit):
    waits = [None, 3000, 3000, -20, 9000, None, 3000, 0]
    outcomes = ["answered", "abandoned", "answered", "failed", "", "self", "self", "answered"]
    _add(
        engine,
        *(_call(n, 1000 + n % 3, human_wait=waits[n], outcome=outcomes[n], seat=f"10.{n % 2}") for n in range(8)),
    )
    _add(engine, *(_case(n, 1000 + n % 2, due_ms=None if n % 3 == 1 else 5000 - n // 2, owner="王芳" if n % 2 else "")
                   for n in range(9)))  # fmt: skip
    day = CallFilter(0, 86_400_000)
    with Session(reading(engine)) as session:
        for name, column in CALL_ORDERS.items():
            rows = _all(lambda b, n, sort=down + name: queries.calls(session, day, b, n, sort), limit)
            _in_order(rows, column.key, 8, bool(down))
        for name, column in CASE_ORDERS.items():
            rows = _all(lambda b, n, sort=down + name: queries.cases(session, CaseFilter(), b, n, sort), limit)
            _in_order(rows, column.key, 9, bool(down))


def _in_order(rows, key, n, down):
    values = [getattr(row, key) for row in rows]
    known = [value for value in values if value is not None]
    assert sorted(row.id for row in rows) == sorted({row.id for row in rows}), key
    assert len(rows) == n, key
    assert values == sorted(known, reverse=down) + [None] * (n - len(known)), key


def test_a_long_period_of_calls_is_by_time_whatever_is_asked(engine):
    _add(engine, *(_call(n, 1000 + n, seat=str(9 - n)) for n in range(4)))
    with Session(reading(engine)) as session:
        year = queries.calls(session, CallFilter(0, 366 * 24 * HOUR), sort="seat")
        assert [row.id[-1] for row in year.rows] == ["3", "2", "1", "0"]
        assert not queries.may_sort(CallFilter())
        assert queries.may_sort(CallFilter(0, 7 * 24 * HOUR))


@pytest.mark.parametrize("cursor", ["", "x", "1", ".", "1.", "abc.case", "1" * 40 + ".case", "9." + "c" * 99])
def test_a_cursor_of_somebody_elses_making_is_refused(engine, cursor):
    with Session(reading(engine)) as session, pytest.raises(queries.BadCursor):
        queries.cases(session, CaseFilter(), cursor)
