"""What is asked of the talks at seats (``seat_acts``): exactly one process does each, within :data:`EXPIRES_MS`.

Each function works inside the caller's transaction. A target may be a telephone number: it goes when the act is over.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, or_, select, update

from store.sql import Row, first, table

SEAT_ACTS, SEATS = table("seat_acts"), table("seats")
EXPIRES_MS = 5_000  # whoever asked has turned to something else
KEPT_MS = 86_400_000


def add(connection: Connection, row: Row) -> None:
    """Queue an act; what was over yesterday goes."""
    over = SEAT_ACTS.c.state.in_(("done", "refused"))
    connection.execute(delete(SEAT_ACTS).where(over, SEAT_ACTS.c.at < row["at"] - KEPT_MS))
    connection.execute(insert(SEAT_ACTS), row)


def found(connection: Connection, act_id: str) -> Row | None:
    """The act of that id."""
    return first(connection, select(SEAT_ACTS).where(SEAT_ACTS.c.id == act_id))


def queued(connection: Connection, owner: str) -> list[Row]:
    """Acts this process may do: at seats that no other process has; the oldest first."""
    mine = or_(SEATS.c.owner.is_(None), SEATS.c.owner.in_(("", owner)))
    query = select(SEAT_ACTS).outerjoin(SEATS, SEATS.c.id == SEAT_ACTS.c.seat)
    query = query.where(SEAT_ACTS.c.state == "queued", mine).order_by(SEAT_ACTS.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def take(connection: Connection, act_id: str, owner: str) -> bool:
    """It is ours from now on; False: another process was quicker."""
    mine = update(SEAT_ACTS).where(SEAT_ACTS.c.id == act_id, SEAT_ACTS.c.state == "queued")
    return connection.execute(mine.values(state="taken", owner=owner)).rowcount == 1


def end(connection: Connection, act_id: str, at: int, reason: str = "") -> None:
    """It was done, or was not, for this reason."""
    state = "refused" if reason else "done"
    over = update(SEAT_ACTS).where(SEAT_ACTS.c.id == act_id, SEAT_ACTS.c.state.in_(("queued", "taken")))
    connection.execute(over.values(state=state, reason=reason, ended=at, target=""))


def expire(connection: Connection, now: int) -> None:
    """Refuse what nobody took or finished in time: the calls process does not run."""
    live = SEAT_ACTS.c.state.in_(("queued", "taken"))
    old = update(SEAT_ACTS).where(live, SEAT_ACTS.c.at <= now - EXPIRES_MS)
    connection.execute(old.values(state="refused", reason="not_running", ended=now, target=""))
