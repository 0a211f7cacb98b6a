"""Write many batches in order in one transaction: journal rows, people, cases and live state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from ivr.facts.opened import CaseOpenedFact, CaseRenumbered
from ivr.ledger import Fact, StoredCase
from ivr.numbers import HOME, Plan
from ivr.projections.rows import AnyRow
from store.journal import entries, ratings
from store.journal import responsible as telling
from store.journal.live import LiveCalls
from store.journal.write_batch import NewCase, WriteBatch
from store.keys import Keys
from store.people.parties import Parties, check_query_code, hash_query_code, query_code_of
from store.sql import table

CASES, COUNTERS = table("cases"), table("case_counters")

CODES_TRIED = 20  # query codes of one case, until one is nobody else's
NumberFor = Callable[[str, int], str]  # (local day YYYY-MM-DD, sequence from 1) -> spoken case number


class Writer:
    """Writes works inside the caller's transaction."""

    def __init__(
        self,
        keys: Keys,
        live: LiveCalls,
        number_for: NumberFor,
        plan: Plan = HOME,
        responsible: telling.Responsible | None = None,
    ) -> None:
        self._keys = keys
        self._parties = Parties(keys, plan)
        self._live = live
        self._number_for = number_for
        self._responsible = responsible or {}

    def write(
        self, connection: Connection, works: Sequence[WriteBatch], now: int, *, again: bool = False
    ) -> list[StoredCase | None]:
        """Write ``works`` in order; for each that opens a case, the case as stored.

        ``again``: some of them may be in the database already (the answer to a commit was lost); those
        are recognised by their journal ids and not written twice.
        """
        seen = entries.written(connection, [i for work in works for i in work.ids()]) if again else set()
        rows: list[AnyRow] = []
        opened: dict[str, StoredCase] = {}
        stored: list[StoredCase | None] = []
        people = [(party, work.rows[0].at if work.rows else now) for work in works for party in work.parties]
        self._parties.write_all(connection, people)
        for work in works:
            if work.seal:
                self._parties.seal(connection, work.seal)
            rows += [row for row in work.rows if row.id not in seen]
            stored.append(self._open(connection, work.case, opened, rows) if work.case else None)
        entries.append(connection, rows)
        ratings.tell_of_bad_ones(connection, rows)
        telling.tell_of_new_ones(connection, rows, self._responsible)
        calls = {work.call_id: work.live for work in works if work.call_id and (work.live or work.over)}
        self._live.save(connection, calls, now)
        return stored

    def _open(
        self, connection: Connection, case: NewCase, opened: dict[str, StoredCase], rows: list[AnyRow]
    ) -> StoredCase:
        command = case.request.command_id
        known = opened.get(command) or self._find(connection, command)
        if known is None:
            number = case.number or self._next_number(connection, case.request.day)
            if case.own_code and not case.number:  # not spoken yet: a code of its own
                pending = {said.query_hash for row in rows if isinstance(said := row.content, CaseOpenedFact)}
                self._free_code(connection, case, pending)
            rows.append(case.opened(number))
            known = StoredCase(case.id, number, case.request.due, case.code)
        elif case.number and case.number != known.number:
            # The answer to the first commit was lost and another number was spoken: the spoken one counts.
            fact = Fact(case.request.received, CaseRenumbered(case.number, known.number))
            rows.append(entries.new_row(fact, call_id=case.request.call_id, case_id=known.id))
            known = replace(known, number=case.number)
        opened[command] = known
        return known

    def _next_number(self, connection: Connection, day: str) -> str:
        while True:
            sequence = connection.scalar(_count(connection.dialect.name), {"day": day, "last": 1})
            number = self._number_for(day, int(sequence or 0))
            if connection.scalar(select(CASES.c.id).where(CASES.c.number == number)) is None:
                return number

    def _find(self, connection: Connection, command_id: str) -> StoredCase | None:
        query = select(CASES.c.id, CASES.c.number, CASES.c.due, CASES.c.query_hash)
        row = connection.execute(query.where(CASES.c.command_id == command_id)).first()
        if row is None:
            return None
        codes = (query_code_of(self._keys, command_id, attempt) for attempt in range(CODES_TRIED))
        mine = (code for code in codes if row.query_hash and check_query_code(self._keys, code, row.query_hash))
        return StoredCase(row.id, row.number, row.due, next(mine, ""))

    def _free_code(self, connection: Connection, case: NewCase, pending: Collection[object]) -> None:
        for attempt in range(CODES_TRIED):
            case.code = query_code_of(self._keys, case.request.command_id, attempt)
            case.query_hash = hash_query_code(self._keys, case.code)
            taken = select(CASES.c.id).where(CASES.c.query_hash == case.query_hash)
            if case.query_hash not in pending and connection.scalar(taken) is None:
                return


def _count(dialect: str) -> Any:
    new = sqlite.insert(COUNTERS) if dialect == "sqlite" else postgresql.insert(COUNTERS)
    return new.on_conflict_do_update(index_elements=["day"], set_={"last": COUNTERS.c.last + 1}).returning(
        COUNTERS.c.last
    )
