"""Deletion by the retention rules (B10), with proof: what is no longer needed goes, and that it went can be shown.

    for rule in rules(profile, keep, now):  prune(engine, rule, erase, now, by)      # erase: of the vault
    count(engine, rule)                                                              # what would go

* ``recordings``: after ``retention_days``; those of complaints and reports until their case was closed for
  ``case_retention_days_after_close``; never while their case is open.
* ``texts``: what people wrote about cases that were closed for so long.
* ``people``: number and name of callers, after ``callers_days``, unless an open case, a case kept by the rule above,
  or an open callback still needs them. Their key is destroyed.
* ``identities``: who anonymous reporters are, of cases that were closed for so long, unless somebody waits for the
  custodian. Key and text are deleted; who asked for it and why stays.
* ``notices``: inbox, e-mails and webhooks that are done, after ``notices_days``.

The journal and the audit log hold no caller's data and stay. Each piece is one short transaction (some 40 ms), and
carries its own proof: a row of ``prunings`` with count and digest grows with it; at the end it stands in the audit
log. A process that is killed in between leaves what it did, proved; the next goes on. Files go before their row says
so.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, exists, func, insert, or_, select, text, update

from ivr.cases.actions import Notice
from ivr.cases.kinds import ids
from ivr.facts.calls import RecordingPruned
from ivr.ledger import Fact
from ivr.profile import Profile
from store import notices
from store.engine import reading
from store.ids import uuid7
from store.journal import entries
from store.journal.entries import JOURNAL_LOCK
from store.journal.forgetting import truncate
from store.people.parties import FIELDS
from store.sql import Row, table

RECORDINGS, CASES, CALLBACKS, NOTES = table("recordings"), table("cases"), table("callbacks"), table("case_notes")
PARTIES, PARTY_KEYS, PRUNINGS = table("parties"), table("party_keys"), table("prunings")
COMMANDS, SEALED, REQUESTS = table("desk_commands"), table("sealed_identities"), table("identity_requests")
INBOX, OUTBOX, DELIVERIES, AUDIT = table("inbox"), table("outbox"), table("deliveries"), table("audit")
DAY_MS = 86_400_000
AHEAD = "prune:ahead"  # the notice before the first run
PIECE_MS = 40  # the journal waits no longer
AT_ONCE, LOOKED_FOR = 100, 1000  # rows of a piece; of a look

Erase = Callable[[str], bool]  # a recording's file, by its id; False: it was gone
Progress = Callable[[str, int], None]  # rule, done
Conditions = tuple[ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True)
class Keep:
    """How long is kept what no profile says, in days."""

    callers_days: int = 180
    notices_days: int = 365


@dataclass(frozen=True, slots=True)
class Rule:
    """What is older than ``before`` goes; what belongs to complaints and reports is kept until ``cases_before``."""

    name: str
    profile: str
    before: int  # UTC ms
    cases_before: int


def rules(profile: Profile, keep: Keep, now: int) -> tuple[Rule, ...]:
    """The rules as they stand at ``now``, in the order in which they are to be applied."""
    kept = profile.recording
    cases_before = now - kept.case_retention_days_after_close * DAY_MS
    before = now - kept.retention_days * DAY_MS
    return (
        Rule("recordings", profile.name, before, cases_before),
        Rule("texts", profile.name, before, cases_before),
        Rule("people", profile.name, now - keep.callers_days * DAY_MS, cases_before),
        Rule("identities", profile.name, before, cases_before),
        Rule("notices", profile.name, now - keep.notices_days * DAY_MS, cases_before),
    )


def count(engine: Engine, rule: Rule) -> int:
    """How many would go."""
    with reading(engine).connect() as connection:
        return sum(
            connection.scalar(select(func.count()).select_from(table(name)).where(*where)) or 0
            for name, where in _wanted(rule)
        )


def prune(
    engine: Engine, rule: Rule, erase: Erase, now: Callable[[], int], by: str, progress: Progress | None = None
) -> Row:
    """Apply a rule until nothing is left to go; the proof, as it stands in ``prunings``."""
    proof: Row = {
        "id": uuid7(), "at": now(), "finished": None, "rule": rule.name, "before": rule.before,
        "profile": rule.profile, "by": by, "count": 0, "bytes": 0, "digest": digest(()),
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(PRUNINGS), proof)
    for name, where in _wanted(rule):
        after = ""
        while ids := _candidates(engine, name, where, after):
            after = ids[-1]
            while ids:
                with engine.begin() as connection:
                    _alone(connection)
                    gone, ids = _piece(connection, name, where, ids, erase, now())
                    for ident, size in gone:
                        proof["count"] += 1
                        proof["bytes"] += size
                        proof["digest"] = further(proof["digest"], ident)
                    connection.execute(update(PRUNINGS).where(PRUNINGS.c.id == proof["id"]).values(proof))
                if progress is not None:
                    progress(rule.name, proof["count"])
    finish(engine, proof, now(), "prune")
    return proof


def finish(engine: Engine, proof: Row, at: int, action: str) -> None:
    """Write the proof's end, and a row of the audit log about it; what went is then in no file of the database."""
    proof["finished"] = at
    seen = {
        "at": at, "user": proof["by"][:80], "action": action, "target": f"{proof['rule']} {proof['id']}",
        "detail": f"{proof['count']}: {proof['digest']}", "remote": "",
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(update(PRUNINGS).where(PRUNINGS.c.id == proof["id"]).values(proof))
        connection.execute(insert(AUDIT), seen)
    if proof["count"]:
        truncate(engine)


def proofs(connection: Connection, limit: int = 100) -> list[Row]:
    """What was pruned, the newest first."""
    rows = connection.execute(select(PRUNINGS).order_by(PRUNINGS.c.at.desc(), PRUNINGS.c.id.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]


def last_run(connection: Connection) -> int | None:
    """When a pruning was begun last (UTC ms)."""
    at: int | None = connection.scalar(select(func.max(PRUNINGS.c.at)))
    return at


def announce(connection: Connection, counts: Mapping[str, int], now: int) -> int:
    """Tell the supervisors what the first run would delete, once; when they were told (UTC ms)."""
    notice = Notice("prune_ahead", ("role:supervisor",))
    notices.tell(connection, notice, notices.NO_CASE, now, AHEAD, counts=dict(counts))
    at: int = connection.scalar(select(func.min(INBOX.c.at)).where(INBOX.c.event == AHEAD)) or now
    return at


def digest(ids: Iterable[str]) -> str:
    """The digest of a list of ids in their order, as a proof has it: whoever has the list can show it is that one."""
    found = hashlib.sha256(b"open-hotline pruning").hexdigest()
    for ident in ids:
        found = further(found, ident)
    return found


def further(found: str, ident: str) -> str:
    """The digest with one id more."""
    return hashlib.sha256(f"{found}\n{ident}".encode()).hexdigest()


# --- what goes -----------------------------------------------------------------------------


def _closed(rule: Rule) -> ColumnElement[bool]:
    """The case was closed for as long as its kind asks."""
    longer = CASES.c.kind.in_(ids(lambda kind: kind.kept_longer))
    return or_(and_(longer, CASES.c.closed < rule.cases_before), and_(~longer, CASES.c.closed < rule.before))


def _wanted(rule: Rule) -> list[tuple[str, Conditions]]:
    """The tables a rule empties, and of which rows."""
    # Without ``closed`` the comparison is unknown, so an open case must be asked for by name.
    needed = or_(CASES.c.closed.is_(None), ~_closed(rule))
    match rule.name:
        case "recordings":
            of_case = or_(CASES.c.id == RECORDINGS.c.case_id, CASES.c.call_id == RECORDINGS.c.call_id)
            still = exists().where(of_case, needed)
            return [("recordings", (RECORDINGS.c.created < rule.before, RECORDINGS.c.pruned.is_(None), ~still))]
        case "texts":
            done = exists().where(CASES.c.id == NOTES.c.case_id, _closed(rule))
            return [("case_notes", (NOTES.c.created < rule.before, done))]
        case "people":
            of_case = exists().where(CASES.c.party_id == PARTIES.c.id, needed)
            # By the person, not by the index of what is open: that would be gone through for every one of them.
            is_open = (CALLBACKS.c.state + "") == "open"
            to_call = exists().where(CALLBACKS.c.party_id == PARTIES.c.id, is_open)
            known = exists().where(PARTY_KEYS.c.party_id == PARTIES.c.id)
            asked = (COMMANDS.c.at < rule.before, COMMANDS.c.number_hmac != "")
            return [("parties", (PARTIES.c.created < rule.before, known, ~of_case, ~to_call)), ("desk_commands", asked)]
        case "identities":
            done = exists().where(CASES.c.id == SEALED.c.case_id, _closed(rule))
            waits = exists().where(REQUESTS.c.case_id == SEALED.c.case_id, REQUESTS.c.decided.is_(None))
            return [("sealed_identities", (done, ~waits))]
        case "notices":
            old = INBOX.c.at < rule.before
            sent = exists().where(OUTBOX.c.id == DELIVERIES.c.outbox_id, _done(rule))
            return [
                ("deliveries", (DELIVERIES.c.at < rule.before, sent)),
                ("outbox", (_done(rule),)),
                ("inbox", (old, INBOX.c.fanned.is_not(None))),
            ]
    raise ValueError(f"there is no rule {rule.name!r}")


def _done(rule: Rule) -> ColumnElement[bool]:
    return and_(OUTBOX.c.created < rule.before, OUTBOX.c.next_at.is_(None))


def _candidates(engine: Engine, name: str, where: Conditions, after: str) -> list[str]:
    """The next rows that seem to be due; looked for while nobody waits for us."""
    ids = _key(name)
    with reading(engine).connect() as connection:
        return list(connection.scalars(select(ids).where(ids > after, *where).order_by(ids).limit(LOOKED_FOR)))


def _piece(
    connection: Connection, name: str, where: Conditions, ids: list[str], erase: Erase, now: int
) -> tuple[list[tuple[str, int]], list[str]]:
    """Let those of the rows go that are still due, for :data:`PIECE_MS`; they with their bytes, and who is left."""
    began = time.monotonic()
    source, key = table(name), _key(name)
    mine, rest = ids[:AT_ONCE], ids[AT_ONCE:]
    query = select(source).where(key.in_(mine), *where).order_by(key)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    if name == "recordings":
        gone: list[tuple[str, int]] = []
        for row in rows:
            if (time.monotonic() - began) * 1000 > PIECE_MS:
                return gone, [other["id"] for other in rows[len(gone) :]] + rest
            erase(row["id"])
            fact = Fact(now, RecordingPruned(row["id"]))
            entries.append_facts(connection, [fact], call_id=row["call_id"], case_id=_lone(row))
            gone.append((row["id"], row["bytes"]))
        return gone, rest
    due = [row[key.name] for row in rows]
    if name == "parties":
        connection.execute(delete(PARTY_KEYS).where(PARTY_KEYS.c.party_id.in_(due)))
        nothing = dict.fromkeys((*FIELDS, "number_hmac"))
        connection.execute(update(PARTIES).where(PARTIES.c.id.in_(due)).values(nothing))
    elif name == "desk_commands":
        connection.execute(update(source).where(key.in_(due)).values(number_hmac=""))
    else:
        connection.execute(delete(source).where(key.in_(due)))
    return [(ident, 0) for ident in due], rest


def _key(name: str) -> ColumnElement[str]:
    (key,) = table(name).primary_key
    return key


def _lone(row: Row) -> str | None:
    return None if row["call_id"] else row["case_id"]


def _alone(connection: Connection) -> None:
    """Nobody writes the journal meanwhile, so what was found to be over is over (SQLite: by BEGIN IMMEDIATE)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": JOURNAL_LOCK})
