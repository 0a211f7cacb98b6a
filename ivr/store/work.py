"""What one turn or one new case is to the writer: everything of it goes into one transaction."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ivr.ledger import CaseRequest, Fact, Live, Party, Turn
from ivr.store.ids import uuid7
from ivr.store.journal import new_row
from ivr.store.keys import Keys
from ivr.store.parties import hash_query_code, query_code_of
from ivr.store.rows import JournalRow


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

    def opened(self, number: str) -> JournalRow:
        """The fact with everything the row in ``cases`` is made of; nothing of it says who the person is."""
        request = self.request
        data = {key: value for key, value in asdict(request).items() if key not in ("call_id", "query_code", "day")}
        data["number"], data["query_hash"] = number, self.query_hash
        data["party_id"] = None if request.anonymous else request.party_id
        return JournalRow(self.row, request.received, "case", "case_opened", data, "", request.call_id, self.id)


@dataclass(slots=True)
class Work:
    """Journal rows with their ids, and what goes with them. ``over``: the call is no longer live."""

    rows: list[JournalRow] = field(default_factory=list)
    call_id: str | None = None
    live: Live | None = None
    over: bool = False
    parties: tuple[Party, ...] = ()
    seal: str | None = None
    case: NewCase | None = None

    def ids(self) -> list[str]:
        """The journal ids this will have written."""
        return [row.id for row in self.rows]


def of_turn(turn: Turn) -> Work:
    """The work of a turn. Sealing a party always leaves its fact, whoever asked for it."""
    facts = list(turn.facts)
    if turn.seal_party and not any(fact.name == "party_sealed" for fact in facts):
        at = facts[-1].at if facts else 0
        facts.append(Fact(at, "command", "party_sealed", {"party_id": turn.seal_party}))
    rows = [new_row(fact, call_id=turn.call_id) for fact in facts]
    return Work(rows, turn.call_id, turn.live, turn.live is None, turn.parties, turn.seal_party)


def of_case(request: CaseRequest, keys: Keys) -> Work:
    """The work of a case to be opened."""
    own = request.anonymous and not request.query_code
    code = query_code_of(keys, request.command_id) if own else request.query_code
    query_hash = hash_query_code(keys, code) if code else None
    case = NewCase(uuid7(), replace(request, query_code=""), query_hash, uuid7(), code=code, own_code=own)
    return Work(call_id=request.call_id, case=case)


def dump(work: Work) -> bytes:
    """The work as JSON, for the spool."""
    data = asdict(work)
    if data["case"] is not None:
        del data["case"]["code"]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def parse(text: bytes) -> Work:
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
    return Work(
        [JournalRow(**row) for row in data["rows"]],
        data["call_id"],
        Live(**data["live"]) if data["live"] is not None else None,
        data["over"],
        tuple(Party(**party) for party in data["parties"]),
        data["seal"],
        case,
    )
