"""Recompute number keys: two people whose numbers read alike by today's rules become one person.

    if due(engine, plan):
        changed = rekey(engine, lambda: keys, plan, now)  # in short pieces; may run while the hotline does

It follows a new version of the rule (:data:`RULE`), a change of country or area code in the settings, and a new look-up
key (``hotline/process/rotation.py``). It needs the
master keys, so it is not part of the schema's migrations; ``hotline db upgrade`` and every start do it right after
them. Only ``number_hmac`` is touched, of people and of what operators asked for: who is sealed keeps none, and entries
of one number are one line of the worklists by themselves, with every call-back that was promised.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, bindparam, select, update

from ivr.numbers import Plan
from store import marks
from store.engine import reading
from store.keys import Keys
from store.people.parties import Parties
from store.sql import table

PARTIES = table("parties")
CALLBACKS, COMMANDS = table("callbacks"), table("desk_commands")
MARK = "numbers"
RULE = 1  # one more whenever `ivr.numbers` reads a number another way
PIECE = 500  # people in one transaction, some 20 ms


def due(engine: Engine, plan: Plan) -> bool:
    """Are the keys made by another rule, or for another place?"""
    with reading(engine).connect() as connection:
        return marks.value(connection, MARK) != _mark(plan)


def rekey(
    engine: Engine,
    keys: Callable[[], Keys],
    plan: Plan,
    now: int,
    step: Callable[[str, int], None] = lambda what, n: None,
) -> int:
    """Give everybody the key their number has now; of how many it is another one. ``now``: UTC ms.

    ``keys``: asked for only when there are people, so that looking after an empty database makes no keys.
    """
    changed, last = 0, ""
    with reading(engine).connect() as connection:
        some = connection.scalar(select(PARTIES.c.id).where(PARTIES.c.number.is_not(None)).limit(1)) is not None
    parties = Parties(keys(), plan) if some else None
    while parties is not None:
        with engine.begin() as connection:
            found, last = _piece(connection, parties, last)
            changed += found
        step("parties", PIECE)
        if not last:
            break
    with engine.begin() as connection:
        _commands(connection)
        marks.put(connection, MARK, _mark(plan), now)
    return changed


def _mark(plan: Plan) -> str:
    return f"{RULE}: {plan}"


def _piece(connection: Connection, parties: Parties, after: str) -> tuple[int, str]:
    """The next people by id: how many were changed, and the last one's id ("": there are no more)."""
    query = select(PARTIES.c.id, PARTIES.c.number_hmac).where(PARTIES.c.id > after, PARTIES.c.number.is_not(None))
    had = {id_: hmac for id_, hmac in connection.execute(query.order_by(PARTIES.c.id).limit(PIECE))}
    if not had:
        return 0, ""
    known = parties.numbers(connection, had)
    new = [{"one": id_, "key": parties.number_hmac(number)} for id_, number in known.items()]
    other = [row for row in new if row["key"] != had[row["one"]]]
    if other:
        one = update(PARTIES).where(PARTIES.c.id == bindparam("one"), PARTIES.c.number.is_not(None))
        connection.execute(one.values(number_hmac=bindparam("key")), other)
    return len(other), max(had)


def _commands(connection: Connection) -> None:
    """What operators asked for counts against the same person as before. What is live now ends with its old key."""
    whose = (
        select(PARTIES.c.number_hmac)
        .join(CALLBACKS, CALLBACKS.c.party_id == PARTIES.c.id)
        .where(CALLBACKS.c.id == COMMANDS.c.callback_id, PARTIES.c.number_hmac.is_not(None))
    )
    kept = update(COMMANDS).where(COMMANDS.c.number_hmac != "", whose.exists())
    connection.execute(kept.values(number_hmac=whose.scalar_subquery()))
