"""Acts in a talk that come from elsewhere than the telephone: a command, the API; the calls process does them.

ask(session, SeatWish(id, "101", "consult", "102", at), Doer("li.na", "operator"), seats)    # queued, or refused
for wish in taken(connection, owner, now): ...                                               # the calls process
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ivr.cases.names import Term
from ivr.desk.states import ActNotAllowed
from services import users
from services.operators import Doer, check_is_mine, check_seat
from store import operators, seat_acts
from store.engine import Connection, Session
from store.people import accounts
from store.sql import Row

ACTS: Mapping[str, bool] = {  # does it need a target?
    "hold": False, "resume": False, "mute": False, "unmute": False, "consult": True, "join": False, "leave": False,
    "blind": True, "conference": False, "drop": False, "back": False, "key": True,
}  # fmt: skip
REASONS: Mapping[str, Term] = {
    "no_talk": Term("此座席没有通话。", "There is no talk at this seat."),
    "not_running": Term("接听程序没有运行。", "The calls process does not run."),
}
TARGET = re.compile(r"[\w+*#.:\-]{1,80}")
KEYS = re.compile(r"[0-9*#]{1,32}")


@dataclass(frozen=True, slots=True)
class SeatWish:
    """``act``: one of :data:`ACTS`; ``target``: a seat, ``window:NAME``, a number; the keys of ``key``."""

    id: str
    seat: str
    act: str
    target: str = ""
    at: int = 0


def ask(session: Session, wish: SeatWish, who: Doer, seats: Collection[str]) -> Row:
    """Queue it; asked again by the same id it is the same act. Raises :class:`ActNotAllowed`."""
    connection = session.connection()
    if (known := seat_acts.found(connection, wish.id)) is not None:
        return known
    check_seat(wish.seat, seats)
    if wish.act not in ACTS:
        raise ActNotAllowed("unknown", "没有这个操作。", f"There is no such act; the acts are {', '.join(ACTS)}.")
    form = KEYS if wish.act == "key" else TARGET
    if ACTS[wish.act] != bool(wish.target) or (wish.target and not form.fullmatch(wish.target)):
        raise ActNotAllowed("target", "目标不对。", f"{wish.act} {'needs a' if ACTS[wish.act] else 'has no'} target.")
    operator = _works_at(session, wish.seat)
    check_is_mine(operator, who)
    row: Row = {
        "id": wish.id, "at": wish.at, "who": who.name, "seat": wish.seat, "act": wish.act, "target": wish.target,
        "state": "queued", "reason": "", "owner": "", "ended": None,
    }  # fmt: skip
    seat_acts.add(connection, row)
    if who.name != operator:
        users.audit(
            session, at=wish.at, user=who.name, action="seat.act", target=wish.seat, detail=wish.act, remote=who.remote
        )
    return row


def outcome(connection: Connection, act_id: str, now: int) -> Row | None:
    """How far an act is; what nobody did in time is refused, for nobody will do it any more (:func:`taken`)."""
    row = seat_acts.found(connection, act_id)
    if row is not None and row["state"] in ("queued", "taken") and row["at"] <= now - seat_acts.EXPIRES_MS:
        return {**row, "state": "refused", "reason": "not_running"}
    return row


def taken(connection: Connection, owner: str, now: int) -> list[SeatWish]:
    """Take what this process is to do now."""
    seat_acts.expire(connection, now)
    rows = [row for row in seat_acts.queued(connection, owner) if seat_acts.take(connection, row["id"], owner)]
    return [SeatWish(row["id"], row["seat"], row["act"], row["target"], row["at"]) for row in rows]


def _works_at(session: Session, seat: str) -> str:
    """Who works there: the operator who signed in, else the one account whose seat it is."""
    signed_in = operators.held(session.connection(), (seat,))[seat].operator
    return signed_in or accounts.of_seat(session, seat)
