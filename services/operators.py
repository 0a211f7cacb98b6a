"""Operators at their seats: they sign in, are ready, pause, sign out; leads do it for them (STF-2, STF-3, STF-16).

    do(session, "101", StateAct("pause", now, by="li.na", reason="meal"), rules, seats)    # the row as it is now

Everything works inside the caller's transaction: the row, its fact, and the audit of who did it for somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, replace

from ivr.cases.actions import LEADS
from ivr.desk import states
from ivr.desk.states import PAUSED, ActNotAllowed, OperatorRules, SeatRow, StateAct
from ivr.scrubbing import without_numbers
from services import users
from services.leads import LeadMatter, TellsLeads
from store import operators
from store.engine import Connection, Engine, Session
from store.journal import entries
from store.people import accounts

MINUTE_MS = 60_000
WORKS = ("operator", "lead", "supervisor")  # who may sign in at a seat


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something. ``role``: of the account, ``api`` of a program with a token; ``remote``: from where."""

    name: str
    role: str
    remote: str = ""

    @property
    def leads(self) -> bool:
        """May they do it for others?"""
        return self.role in (*LEADS, "api")


def do(session: Session, seat: str, what: StateAct, who: Doer, rules: OperatorRules, seats: Collection[str]) -> SeatRow:
    """Do it at a seat of ``seats``; the row as it is now. Raises :class:`ActNotAllowed`."""
    check_seat(seat, seats)
    connection = session.connection()
    was = operators.held(connection, (seat,))[seat]
    what = replace(what, by=who.name, where_to=without_numbers(what.where_to))
    _may(session, was, what, who)
    now = states.act(was, what, rules)
    if what.name == "sign_in" and (other := operators.seat_of(connection, what.operator)) not in ("", seat):
        raise _elsewhere(what.operator, other)
    if now == was:
        return now
    if not operators.write(connection, [now]):
        raise _elsewhere(what.operator, "")
    entries.append_facts(connection, states.told(was, now, who.name))
    if who.name not in (was.operator, now.operator):
        detail = " ".join(filter(None, (what.name, was.operator or now.operator, what.reason)))
        users.audit(
            session, at=what.at, user=who.name, action="seat.state", target=seat, detail=detail, remote=who.remote
        )
    return now


def check_seat(seat: str, seats: Collection[str]) -> None:
    """Raises :class:`ActNotAllowed` when there is no such seat."""
    if seat not in seats:
        raise ActNotAllowed("no_seat", "没有这个座席。", f"There is no seat {seat}; the seats are {', '.join(seats)}.")


def check_is_mine(operator: str, who: Doer) -> None:
    """Raises :class:`ActNotAllowed` when somebody else works there, unless a lead does it."""
    if not who.leads and operator not in ("", who.name):
        raise ActNotAllowed("not_yours", "只有班长可以替别人操作。", "Only a lead does this for somebody else.")


def _may(session: Session, row: SeatRow, what: StateAct, who: Doer) -> None:
    if what.name == "sign_in":
        found = accounts.find_user(session, what.operator)
        if found is None or not found.active or found.role not in WORKS:
            text = f"There is no operator's account {what.operator}."
            raise ActNotAllowed("no_account", "没有这个话务员账号。", text, "operator")
    check_is_mine(what.operator if what.name == "sign_in" else row.operator, who)


def _elsewhere(operator: str, seat: str) -> ActNotAllowed:
    at_zh, at_en = (f" {seat} ", f" seat {seat}") if seat else ("别的", " another seat")
    return ActNotAllowed(
        "elsewhere",
        f"{operator} 已在{at_zh}座席签入，请先签出。",
        f"{operator} is signed in at{at_en}; sign out there.",
    )


def end_by_themselves(connection: Connection, now: int) -> list[SeatRow]:
    """End the states whose time is over; the rows that changed. A look comes before it (:func:`over`)."""
    found = {row.id for row in operators.every(connection) if over((row,), now)}
    changed = []
    for was in operators.held(connection, found).values():
        if (ended := states.elapsed(was, now)) != was:
            entries.append_facts(connection, states.told(was, ended))
            changed.append(ended)
    operators.write(connection, changed)
    return changed


def over(rows: Sequence[SeatRow], now: int) -> bool:
    """Is the time of one of these states over?"""
    return any(row.until is not None and row.until <= now for row in rows)


class LongPauses(TellsLeads):
    """Tells the leads, once, of each pause of more than ``notice_min`` minutes whose operator did not say where to."""

    def __init__(self, engine: Engine, notice_min: int, now_ms: Callable[[], int]) -> None:
        super().__init__(engine, now_ms)
        self._notice_min = notice_min

    def found(self, connection: Connection, now: int) -> dict[Hashable, LeadMatter]:
        return {
            (row.id, row.state_since): LeadMatter(
                "long_pause", f"long_pause:{row.id}:{row.state_since}",
                {"seat": row.id, "operator": row.operator, "reason": row.reason, "since": row.state_since},
            )
            for row in long_pauses(operators.every(connection), now, self._notice_min)
        }  # fmt: skip


def long_pauses(rows: Sequence[SeatRow], now: int, notice_min: int) -> list[SeatRow]:
    """Return those who have paused longer than ``notice_min`` minutes and did not say where to."""
    return [
        row for row in rows
        if row.state == PAUSED and not row.where_to and now - row.state_since > notice_min * MINUTE_MS
    ]  # fmt: skip
