"""Calls for the store's tests, told as turns: what the conductor would hand over."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ivr.ledger import CallTransaction, CaseRequest, Live, Party, StoredCase
from store.ids import uuid7
from store.journal.projection import DERIVED
from store.journal.sql_ledger import SqlLedger
from store.sql import table
from tests.support.facts import fact

START = 1_795_227_000_000  # 2026-11-21 08:30 in Beijing
DAY = "2026-11-21"


def number_for(day: str, sequence: int) -> str:
    """A case number for these tests."""
    return f"{day[5:].replace('-', '')}{sequence:04d}"


def must(result: Exception | None) -> None:
    """The answer to a turn: written."""
    if result is not None:
        raise result


@dataclass
class Caller:
    """One call, fact by fact; ``at`` moves on as it is told."""

    ledger: SqlLedger
    at: int = START
    test: bool = False
    number: str = "13800001111"
    call_id: str = field(default_factory=uuid7)
    done: Callable[[Exception | None], None] = must

    def __post_init__(self) -> None:
        self.party = uuid7()
        self.live: Live | None = Live(
            '{"step": "greet"}', self.call_id, "power", "greet", self.at, self.at, test=self.test
        )

    def tell(self, *facts: tuple[str, dict[str, Any]], after: int = 0, reason: str = "", **turn: Any) -> Caller:
        """One turn, ``after`` ms later."""
        self.at += after
        rows = tuple(fact(self.at, name, data, reason) for name, data in facts)
        self.ledger.commit(CallTransaction(self.call_id, rows, self.live, **turn), self.done)
        return self

    def arrives(self) -> Caller:
        offered = {
            "called": "95598",
            "ref": self.call_id,
            "flow": "power-95598",
            "version": "v1",
            "profile": "sgcc_window",
            "caller_known": True,
            "party_id": self.party,
            "test": self.test,
        }
        self.tell(("offered", offered), parties=(Party(self.party, self.number),))
        return self.tell(("answered", {}), ("step", {"step": "greet"}), after=800)

    def asks_for_a_person(self, window: str = "general", after: int = 3000) -> Caller:
        return self.tell(("digit", {"key": "0"}), ("human_requested", {"window": window}), after=after)

    def rings(self, seat: str, after: int = 0) -> Caller:
        leg = {"leg_id": f"{self.call_id}/{seat}", "seat": seat}
        self.tell(("dial_seat", {**leg, "window": "general", "level": "window", "ring_ms": 12_000}), after=after)
        return self.tell(("seat_ringing", leg))

    def answered_by(self, seat: str, after: int) -> Caller:
        leg = {"leg_id": f"{self.call_id}/{seat}", "seat": seat}
        sound = {"leg_id": leg["leg_id"], "received": 500, "lost": 2, "jitter_us": 300, "sent": 510, "far_lost": 1}
        facts = (("seat_answered", leg), ("bridge", {**leg, "window": "general"}), ("line_quality", sound))
        return self.tell(*facts, after=after)

    def fails_at(self, seat: str, why: str, after: int) -> Caller:
        leg = {"leg_id": f"{self.call_id}/{seat}", "seat": seat, "reason": why, "code": 486}
        return self.tell(("seat_failed", leg), after=after)

    def records(self, token: str = "r1", after: int = 5000) -> Caller:
        data = {"token": token, "path": f"{token}.enc", "ms": after, "bytes": 40_000, "sha256": "ab" * 32}
        return self.tell(("recorded", {"recording_id": f"{self.call_id[:30]}{token}", **data}), after=after)

    def opens_case(self, kind: str = "complaint", **request: Any) -> StoredCase:
        got: list[StoredCase | Exception] = []
        values = {
            "command_id": f"{self.call_id}:case",
            "day": DAY,
            "party_id": self.party,
            "due": "2026-11-26",
            "due_ms": START + 5 * 86_400_000,
            "rule": "5 natural_day",
            "explanation": ("第 1 天不计",),
        } | request
        self.ledger.open_case(CaseRequest(call_id=self.call_id, kind=kind, received=self.at, **values), got.append)
        self.ledger.flush()
        assert isinstance(got[0], StoredCase), got
        return got[0]

    def rates(self, rating: int | None = None, after: int = 500) -> Caller:
        """Asked for a rating; None: no answer."""
        self.tell(("rating_invited", {}), after=after)
        return self.tell(*([("rated", {"rating": str(rating)})] if rating else []), after=4000)

    def ends(self, by: str = "caller", cause: str = "caller_left", after: int = 0) -> Caller:
        self.live = None
        return self.tell(("call_ended", {"released_by": by, "cause": cause}), after=after)


def request_answered(ledger: SqlLedger, wait: int, at: int = START, **options: Any) -> None:
    """A caller who reached a person after ``wait`` ms."""
    call = Caller(ledger, at, **options).arrives().asks_for_a_person()
    call.rings("101").answered_by("101", after=wait).ends(after=60_000)


def request_abandoned(ledger: SqlLedger, wait: int, at: int = START, **options: Any) -> None:
    """A caller who gave up after ``wait`` ms."""
    Caller(ledger, at, **options).arrives().asks_for_a_person().rings("101").ends(after=wait)


def busy_day(ledger: SqlLedger, calls: int, seed: int = 7) -> None:
    """A generated day with everything that can happen to a call, some of it at the same time."""
    dice = random.Random(seed)
    stories = [_day_call(ledger, dice, START + n * 700) for n in range(calls)]
    while stories:
        story = dice.choice(stories[:8])
        if next(story, None) is None:
            stories.remove(story)


def _day_call(ledger: SqlLedger, dice: random.Random, at: int) -> Iterator[bool]:
    call = Caller(ledger, at, test=dice.random() < 0.05, number=f"138{dice.randrange(10**8):08d}").arrives()
    yield True
    if dice.random() < 0.2:
        call.ends(after=dice.randrange(9000))
        return
    if dice.random() < 0.3:
        call.records()
        yield True
        anonymous = dice.random() < 0.3
        call.opens_case(
            dice.choice(["complaint", "report"]), anonymous=anonymous, recordings=("r1",), query_code="4711"
        )
        if anonymous:
            call.tell(seal_party=call.party, after=1)
        yield True
        if dice.random() < 0.5:
            call.ends("us", "grace_timeout", after=8000)
            return
    call.asks_for_a_person(dice.choice(["general", "repair"]))
    yield True
    for seat in dice.sample(["101", "102", "103"], 3):
        call.rings(seat)
        yield True
        if dice.random() < 0.5:
            call.answered_by(seat, after=dice.randrange(12_000))
            yield True
            call.tell(("seat_left", {"leg_id": f"{call.call_id}/{seat}", "seat": seat}), after=30_000)
            call.rates(dice.choice([None, 1, 2, 5]))
            break
        if dice.random() < 0.5:
            call.fails_at(seat, "busy", after=300)
        else:
            leg = {"leg_id": f"{call.call_id}/{seat}", "seat": seat}
            call.tell(("drop_seat", leg), after=5000, reason="limit")
    call.ends(dice.choice(["caller", "caller", "failure"]), after=dice.randrange(5000))
    yield True


def call_placed(ledger: SqlLedger, callback_id: str, result: str, at: int = START) -> None:
    """A call to a citizen, with every moment it can have."""
    call_id = uuid7()
    data = {
        "callback_id": callback_id,
        "case_id": None,
        "party_id": uuid7(),
        "who": "一号",
        "seat": "101",
        "owner": "n",
    }
    names = ("seat_rings", "seat_up", "dialled", "rings", *(("up", "joined") if result == "reached" else ()))
    told = [("outgoing_started", data), *((f"outgoing_{name}", {}) for name in names)]
    told.append(("outgoing_ended", {"result": result, "cause": "", "code": 0}))
    for n, (name, about) in enumerate(told):
        ledger.commit(CallTransaction(call_id, (fact(at + n * 1000, name, about),), None), must)


def derived(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Every derived row, in an order of its own."""
    return {
        name: sorted((dict(r) for r in connection.execute(select(table(name))).mappings()), key=lambda r: str(r["id"]))
        for name in DERIVED
    }
