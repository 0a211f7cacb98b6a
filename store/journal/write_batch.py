"""One turn or one new case as the writer takes it: everything of it goes into one transaction."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ivr.facts.base import data_of, kind_of, read, version_of
from ivr.facts.calls import PartySealed
from ivr.facts.opened import CaseOpenedFact
from ivr.ledger import CallTransaction, CaseRequest, Fact, Live, Party
from ivr.projections.rows import AnyRow, JournalRow
from store.ids import uuid7
from store.journal.entries import new_row
from store.keys import Keys
from store.people.parties import hash_query_code, query_code_of


@dataclass(slots=True)
class NewCase:
    """A case on its way into the store. ``number``: set when spoken before it reached the database."""

    id: str
    request: CaseRequest  # without its query code
    query_hash: str | None
    row: str  # id of the journal row to be
    number: str = ""
    sequence: int = 0  # of that number, in the spool's own range
    code: str = ""  # the query code, until it is told; never written down
    own_code: bool = False  # it follows from the command, so another may be taken when it is in use

    def opened(self, number: str) -> JournalRow[CaseOpenedFact]:
        """The fact with everything the row in ``cases`` is made of; nothing of it says who the person is."""
        request = self.request
        said = CaseOpenedFact(
            command_id=request.command_id,
            kind=request.kind,
            received=request.received,
            channel=request.channel,
            category=request.category,
            anonymous=request.anonymous,
            party_id=None if request.anonymous else request.party_id,
            due=request.due,
            due_ms=request.due_ms,
            unrolled=request.unrolled,
            unrolled_ms=request.unrolled_ms,
            provisional=request.provisional,
            rule=request.rule,
            workdays=request.workdays,
            explanation=tuple(request.explanation),
            recordings=request.recordings,
            confirmed=request.confirmed,
            complete=request.complete,
            profile=request.profile,
            owner=request.owner,
            consent=request.consent,
            number=number,
            query_hash=self.query_hash,
        )
        return JournalRow(self.row, request.received, said, "", request.call_id, self.id)


@dataclass(slots=True)
class WriteBatch:
    """Journal rows with their ids, and what goes with them. ``over``: the call is no longer live."""

    rows: list[AnyRow] = field(default_factory=list)
    call_id: str | None = None
    live: Live | None = None
    over: bool = False
    parties: tuple[Party, ...] = ()
    seal: str | None = None
    case: NewCase | None = None

    def ids(self) -> list[str]:
        """The journal ids this will have written."""
        return [row.id for row in self.rows]


def of_turn(turn: CallTransaction) -> WriteBatch:
    """The work of a turn. Sealing a party always leaves its fact, whoever asked for it."""
    facts = list(turn.facts)
    if turn.seal_party and not any(isinstance(fact.content, PartySealed) for fact in facts):
        at = facts[-1].at if facts else 0
        facts.append(Fact(at, PartySealed(turn.seal_party)))
    rows = [new_row(fact, call_id=turn.call_id) for fact in facts]
    return WriteBatch(rows, turn.call_id, turn.live, turn.live is None, turn.parties, turn.seal_party)


def of_case(request: CaseRequest, keys: Keys) -> WriteBatch:
    """The work of a case to be opened."""
    own = request.anonymous and not request.query_code
    code = query_code_of(keys, request.command_id) if own else request.query_code
    query_hash = hash_query_code(keys, code) if code else None
    case = NewCase(uuid7(), replace(request, query_code=""), query_hash, uuid7(), code=code, own_code=own)
    return WriteBatch(call_id=request.call_id, case=case)


def dump(work: WriteBatch) -> bytes:
    """The work as JSON, for the spool."""
    data = asdict(replace(work, rows=[]))
    data["rows"] = [_stored(row) for row in work.rows]
    if data["case"] is not None:
        del data["case"]["code"]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def parse(text: bytes) -> WriteBatch:
    """The work again."""
    data: dict[str, Any] = json.loads(text)
    case = data["case"]
    if case is not None:
        request = case["request"]
        request["explanation"], request["recordings"] = (
            tuple(request["explanation"]),
            tuple(request["recordings"]),
        )
        case = NewCase(
            case["id"],
            CaseRequest(**request),
            case["query_hash"],
            case["row"],
            case["number"],
            case["sequence"],
            own_code=case.get("own_code", False),
        )
    return WriteBatch(
        [_row(**row) for row in data["rows"]],
        data["call_id"],
        Live(**data["live"]) if data["live"] is not None else None,
        data["over"],
        tuple(Party(**party) for party in data["parties"]),
        data["seal"],
        case,
    )


def _stored(row: AnyRow) -> dict[str, Any]:
    said = row.content
    return {
        "id": row.id,
        "at": row.at,
        "kind": kind_of(said),
        "name": row.name,
        "version": version_of(said),
        "data": data_of(said),
        "reason": row.reason,
        "call_id": row.call_id,
        "case_id": row.case_id,
    }


def _row(
    id: str, at: int, kind: str, name: str, data: dict[str, Any], reason: str, call_id: str | None,
    case_id: str | None, version: int = 1,
) -> AnyRow:  # fmt: skip
    """``version``: what an earlier process spooled has none, and is of version 1."""
    return JournalRow(id, at, read(name, version, data, kind), reason, call_id, case_id)
