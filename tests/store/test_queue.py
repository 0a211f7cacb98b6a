"""The queue in rows, on both databases, and in memory: places, reservations, two processes that share them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ivr.cases.actions import ActionRefused
from ivr.ledger import Live
from ivr.queue.expected import error_ms, expected_ms, in_local_time, told_min
from ivr.queue.local import LocalQueue
from ivr.queue.order import BONUS_MAX_MS, Place, ahead_of, assign, in_turn
from ivr.queue.port import QueueStore, SeatNow, Snapshot
from recordings.keys import KeyRing
from services.operators import Doer
from services.queue import QueueAlarm, prefer
from store.engine import open_engine
from store.journal.live import LiveCalls
from store.journal.queue import SqlQueue, called_back, renew, ring, settle
from store.schema import Audit
from store.sql import insert_once
from tests.support.database import migrated

NOW, LEASE = 1_795_227_000_000, 15_000


def process(engine: Engine, owner: str, now: Callable[[], int] = lambda: NOW) -> SqlQueue:
    """The queue as one calls process has it, each question a transaction of its own."""

    def ask(question: Callable[..., Any], done: Callable[[Any], None]) -> None:
        with engine.begin() as connection:
            answer = question(connection)
        done(answer)

    return SqlQueue(ask, owner, LEASE, now)


def told(ask: Callable[[Callable[[Any], None]], None]) -> Any:
    answers: list[Any] = []
    ask(answers.append)
    (answer,) = answers
    return answer


def seen(queue: QueueStore) -> Snapshot:
    answer = told(queue.snapshot)
    assert isinstance(answer, Snapshot)
    return answer


def enter(queue: QueueStore, call: str, at: int = NOW, **more: Any) -> None:
    assert told(lambda done: queue.enter(Place(call, "w", at, **more), done))


def take(queue: QueueStore, seat: str, call: str) -> bool:
    return bool(told(lambda done: queue.take(seat, call, NOW, done)))


@pytest.fixture
def live(engine: Engine, keys: KeyRing) -> Callable[[str, str], None]:
    """A call of a process is up."""

    def up(call: str, owner: str) -> None:
        with engine.begin() as connection:
            LiveCalls(keys, owner, LEASE).save(connection, {call: Live("{}", call, "f", "main", NOW, NOW)}, NOW)

    return up


@pytest.fixture(params=["memory", "rows"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QueueStore]:
    if request.param == "memory":
        yield LocalQueue()
        return
    migrated(tmp_path)
    engine = open_engine(tmp_path, relaxed=True)
    yield process(engine, "a")
    engine.dispose()


def test_a_place_is_kept_when_it_is_asked_for_again(queue: QueueStore) -> None:
    enter(queue, "c1", NOW)
    enter(queue, "c1", NOW + 60_000)
    assert [place.entered for place in seen(queue).places] == [NOW]
    queue.leave("c1")
    assert seen(queue).places == ()


def test_a_seat_that_rang_in_vain_is_remembered_with_the_place(queue: QueueStore) -> None:
    enter(queue, "c1")
    assert take(queue, "101", "c1")
    assert seen(queue).places[0].seat == "101"
    queue.free("101", "c1", NOW, tried=True)
    (place,) = seen(queue).places
    assert (place.seat, place.tried) == ("", ("101",))


def test_of_two_processes_that_offer_a_seat_one_wins(engine: Engine, live: Callable[[str, str], None]) -> None:
    one, other = process(engine, "a"), process(engine, "b")
    for owner, call in (("a", "c1"), ("b", "c2")):
        live(call, owner)
    start, won = Barrier(2), dict[str, bool]()

    def wants(queue: SqlQueue, call: str) -> None:
        start.wait()
        won[call] = take(queue, "101", call)

    both = [Thread(target=wants, args=args) for args in ((one, "c1"), (other, "c2"))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(won.values()) == [False, True]


def test_two_processes_share_one_queue_and_nobody_is_offered_twice_or_forgotten(
    engine: Engine, live: Callable[[str, str], None]
) -> None:
    queues = {owner: process(engine, owner) for owner in ("a", "b")}
    for n in range(12):
        owner = "ab"[n % 2]
        live(f"c{n}", owner)
        enter(queues[owner], f"c{n}", NOW + n)
    served: list[list[str]] = []
    while seen(queues["a"]).places:
        served.append([])
        for queue in queues.values():
            now = seen(queue)
            free = {seat for seat in ("101", "102", "103") if not now.seat(seat).call_id}
            for place, seat in assign(now.places, free, lambda place: ("101", "102", "103")):
                if place.mine and take(queue, seat, place.call_id):
                    served[-1].append(place.call_id)
                    queue.leave(place.call_id)
        for queue in queues.values():
            for seat in seen(queue).seats:
                queue.free(seat.seat, seat.call_id, NOW)
    assert [sorted(three) for three in served] == [[f"c{n}" for n in range(m, m + 3)] for m in (0, 3, 6)] + [
        ["c10", "c11", "c9"]
    ]


def test_a_place_to_be_called_back_outlives_its_process(engine: Engine) -> None:
    clock = [NOW]
    dead, alive = process(engine, "a", lambda: clock[0]), process(engine, "b", lambda: clock[0])
    enter(dead, "c1")
    assert told(lambda done: dead.keep("c1", "b1", done))
    assert [place.mine for place in seen(alive).places] == [False]
    clock[0] += LEASE + 1
    assert [(place.mine, place.callback_id) for place in seen(alive).places] == [(True, "b1")]


def test_who_waits_at_a_process_that_died_is_not_waited_for(engine: Engine) -> None:
    clock = [NOW]
    enter(process(engine, "a", lambda: clock[0]), "c1")
    clock[0] += LEASE + 1
    assert seen(process(engine, "b", lambda: clock[0])).places == ()


def test_a_place_whose_call_is_over_goes_when_the_lease_is_renewed(
    engine: Engine, live: Callable[[str, str], None]
) -> None:
    """What should have given it up came while the database was away: it would withhold a seat for ever."""
    queue = process(engine, "a")
    live("c1", "a")
    for call in ("c1", "c2", "c3"):
        enter(queue, call)
    assert told(lambda done: queue.keep("c3", "b1", done))
    with engine.begin() as connection:
        renew(connection, "a", NOW + 2 * LEASE)
    assert {place.call_id for place in seen(queue).places} == {"c1", "c3"}


def test_a_seat_whose_call_is_long_over_is_free_and_its_operator_ready(engine: Engine) -> None:
    clock = [NOW]
    queue = process(engine, "a", lambda: clock[0])
    with engine.begin() as connection:
        insert_once(connection, "seats", {"id": "101", "since": NOW, "operator": "li", "state": "ready"}, "id")
    assert take(queue, "101", "c1")
    assert not seen(queue).seat("101").ready
    clock[0] += 31_000
    assert seen(queue).seat("101") == SeatNow("101", "", ready=True, here=True)


@pytest.mark.parametrize(
    ("state", "result", "left"), [("taken", "", ["101"]), ("done", "reached", []), ("done", "seat_failed", [""])]
)
def test_a_place_to_be_called_back_is_kept_when_only_the_seat_did_not_lift(
    engine: Engine, state: str, result: str, left: list[str]
) -> None:
    queue = process(engine, "a")
    enter(queue, "c1")
    assert told(lambda done: queue.keep("c1", "b1", done))
    command = {
        "id": "d1", "at": NOW, "who": "queue", "role": "lead", "seat": "101", "kind": "call_back", "callback_id": "b1",
        "number_hmac": "", "state": state, "reason": "", "owner": "", "taken": None, "ended": None, "result": result,
        "noted": None, "live_number": None, "live_seat": None,
    }  # fmt: skip
    with engine.begin() as connection:
        assert ring(connection, "c1", "101", NOW) and not ring(connection, "c1", "102", NOW)
        assert called_back(connection)
        insert_once(connection, "desk_commands", command, "id")
        settle(connection)
    places = seen(queue).places
    assert [place.seat for place in places] == left
    assert [place.tried for place in places] == [("101",) if result else () for _ in left]


def test_stf_11_the_leads_are_told_once_of_each_long_queue(engine: Engine) -> None:
    queue, alarm = process(engine, "a"), QueueAlarm(engine, 10, lambda: NOW)
    for n in range(10):
        enter(queue, f"c{n}", NOW + n)
    assert alarm.once() == 0
    enter(queue, "c10", NOW + 10)
    assert (alarm.once(), alarm.once()) == (1, 0)


def test_stf_8_a_lead_has_somebody_served_before_others_with_the_reason_in_the_audit_log(engine: Engine) -> None:
    queue = process(engine, "a")
    for n in range(3):
        enter(queue, f"c{n}", NOW + n * 1000)
    with Session(engine) as session, session.begin():
        prefer(session, "c2", "disabled", Doer("wang", "lead"), NOW)
        with pytest.raises(ActionRefused):
            prefer(session, "c1", "lead", Doer("li", "operator"), NOW)
        with pytest.raises(ActionRefused):
            prefer(session, "gone", "lead", Doer("wang", "lead"), NOW)
    assert [place.call_id for place in in_turn(seen(queue).places)] == ["c2", "c0", "c1"]
    with Session(engine) as session:
        (row,) = session.query(Audit).filter(Audit.action == "queue.prefer")
        assert (row.user, row.target, row.detail) == ("wang", "c2", "disabled")


# --- the order, pure -------------------------------------------------------------------------

PLACES = st.lists(
    st.builds(
        Place, st.integers().map(str), st.sampled_from("wv"), st.integers(0, 3_600_000),
        st.sampled_from((0, 120_000, 10_000_000)),
    ),
    unique_by=lambda place: place.call_id, max_size=20,
)  # fmt: skip


@given(PLACES)
def test_stf_8_nobody_is_overtaken_by_who_came_ten_minutes_later(places: list[Place]) -> None:
    order = in_turn(places)
    for n, before in enumerate(order):
        for after in order[n + 1 :]:
            assert before.entered - after.entered <= BONUS_MAX_MS


@given(PLACES, st.sets(st.sampled_from(("101", "102", "103"))))
def test_each_seat_goes_to_one_caller_and_each_caller_gets_one(places: list[Place], free: set[str]) -> None:
    given_out = assign(places, free, lambda place: ("101", "102") if place.window == "w" else ("102", "103"))
    assert len({seat for _, seat in given_out}) == len(given_out) == len({place.call_id for place, _ in given_out})
    left = free - {seat for _, seat in given_out}
    for place in places:  # nobody is left waiting for a seat that is left over
        if place not in [one for one, _ in given_out]:
            assert not left & set(("101", "102") if place.window == "w" else ("102", "103"))


def test_the_wait_that_is_told_grows_with_those_before_and_falls_with_the_operators() -> None:
    talks = [120_000] * 5
    assert expected_ms(0, 1, talks) == 120_000 and expected_ms(3, 2, talks) == 240_000
    assert expected_ms(0, 1, ()) == 180_000  # nobody talked in the last hour: a usual talk
    assert [told_min(ms) for ms in (0, 60_000, 60_001, 10_000_000)] == [1, 1, 2, 60]
    assert error_ms(120_000, 95_000) == 25_000
    assert in_local_time(0, 60_000) == "1970-01-01T00:10" and in_local_time(60_000, 0) == "1970-01-01T00:15"


def test_who_is_ahead_is_counted_at_the_same_window() -> None:
    number = count()
    places = [Place(f"c{next(number)}", window, at) for at, window in enumerate("wvwv")]
    assert [ahead_of(place, places) for place in places] == [0, 0, 1, 1]
