"""One thing that cannot be read stops nothing else: it is set aside with its reason, and people see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text, update
from sqlalchemy.orm import Session

from ivr.call.state import CallState
from recordings.keys import KeyRing
from services.sweeper import Sweeper
from store import aside, notices, outbox
from store.journal.rebuild import verify
from store.journal.spool import Spool
from store.journal.sql_ledger import SqlLedger
from store.sql import table
from tests.store.test_away import works
from tests.support.casework import Desk
from tests.support.history import START, Caller

Make = Callable[..., SqlLedger]
LIVE, OUTBOX, INBOX = table("live_calls"), table("outbox"), table("inbox")


def told(engine: Engine) -> list[tuple[str, str]]:
    with Session(engine) as session:
        return [(row.kind, row.reason) for row in aside.waiting(session)]


def outcomes(engine: Engine) -> dict[str, tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, released_by, cause FROM calls WHERE ended IS NOT NULL"))
        return {row.id: (row.released_by, row.cause) for row in rows}


def test_a_live_call_that_cannot_be_read_is_closed_and_set_aside_and_the_others_are_found(
    engine: Engine, make_ledger: Make
) -> None:
    before = make_ledger(engine)
    broken = Caller(before).arrives().asks_for_a_person().rings("101")
    whole = Caller(before).arrives()
    with engine.begin() as connection:
        connection.execute(update(LIVE).where(LIVE.c.call_id == broken.call_id).values(state=b"\x00garbage"))
    [found] = make_ledger(engine).interrupted(START + 60_000)
    assert found.call_id == whole.call_id
    ((kind, why),) = told(engine)
    assert kind == "live_call" and "KeyProblem" in why
    assert outcomes(engine) == {broken.call_id: ("failure", "unreadable")}
    assert [call.call_id for call in make_ledger(engine).interrupted(START + 60_000)] == [whole.call_id], "for good"
    assert verify(engine) == []


def test_a_state_of_a_newer_version_is_set_aside_as_it_was_found(
    engine: Engine, make_ledger: Make, keys: KeyRing
) -> None:
    before = make_ledger(engine)
    call = Caller(before).arrives()
    state = CallState(flow="power-95598", version="v1", step="greet", phase="prompt").to_json()
    newer = json.dumps({**json.loads(state), "of_next_year": 1})
    sealed = keys.encrypt(newer.encode(), b"live:" + call.call_id.encode())
    with engine.begin() as connection:
        connection.execute(update(LIVE).values(state=sealed))
    assert make_ledger(engine).interrupted(START + 60_000, CallState.from_json) == []
    ((_kind, why),) = told(engine)
    assert "of_next_year" in why
    with Session(engine) as session:
        (row,) = aside.waiting(session)
        assert row.data == sealed and row.key == call.call_id


def test_a_spooled_turn_that_cannot_be_read_is_shown_with_the_file_that_keeps_it(
    engine: Engine, make_ledger: Make, keys: KeyRing, tmp_path: Path
) -> None:
    path = tmp_path / "spool.jsonl"
    Spool(path, keys).append(works(keys, 2))
    lines = path.read_bytes().split(b"\n")
    lines[1] = b"A" * len(lines[1])
    path.write_bytes(b"\n".join(lines))
    ledger = make_ledger(engine)
    assert ledger.interrupted(START) == [] and ledger.spooled == 0
    assert told(engine) == [("spool", f"kept in {path.with_suffix('.bad')}")]


@pytest.mark.parametrize("header", [b"garbage", b'{"spool": 2}', b'{"spool": 1, "numbers": [1]}'])
def test_a_spool_whose_first_line_cannot_be_read_is_read_all_the_same(
    keys: KeyRing, tmp_path: Path, header: bytes
) -> None:
    path = tmp_path / "spool.jsonl"
    given = works(keys, 2)
    Spool(path, keys).append(given)
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([header, *lines[1:]]))
    assert list(Spool(path, keys).waiting()) == given
    assert path.with_suffix(".bad").read_bytes() == header + b"\n"


class Post:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, item: outbox.OutboxNotice) -> str:
        self.sent.append(item.id)
        return "ok"


def row_to_send(engine: Engine, ident: str, payload: str) -> None:
    row = {"id": ident, "key": ident, "channel": "email", "target": "a@b.cn", "payload": payload, "created": 1,
           "tries": 0, "next_at": 1, "sent": None, "error": ""}  # fmt: skip
    with engine.begin() as connection:
        connection.execute(OUTBOX.insert(), row)


def test_a_notice_that_cannot_be_read_is_set_aside_and_the_next_is_sent(engine: Engine, desk: Desk) -> None:
    row_to_send(engine, "a-broken", '{"cut')
    row_to_send(engine, "b-whole", "{}")
    post = Post()
    sweeper = Sweeper(engine, desk.rules, lambda: desk.now, senders={"email": post})
    sweeper.once()
    sweeper.once()
    assert post.sent == ["b-whole"]
    assert [kind for kind, _why in told(engine)] == ["notice"]


def test_an_inbox_row_that_cannot_be_read_is_set_aside_and_leaves_the_inbox_readable(
    engine: Engine, desk: Desk
) -> None:
    case_id = desk.letter()
    desk.do(case_id, "classify", urgency="urgent", window="complaint", category="attitude")
    desk.do(case_id, "assign", handler="李强")
    with engine.begin() as connection:
        assert notices.inbox(connection, "李强", "operator")
        connection.execute(update(INBOX).values(data='{"cut', fanned=None))
        assert notices.inbox(connection, "李强", "operator") == []
    Sweeper(engine, desk.rules, lambda: desk.now).once()
    assert {kind for kind, _why in told(engine)} == {"notice"}


def test_whoever_looked_at_it_takes_it_off_the_board(engine: Engine) -> None:
    with engine.begin() as connection:
        aside.put(connection, "notice", "k", "来电13800001111", 1)
        aside.put(connection, "notice", "k", "once only", 2)
    assert told(engine) == [("notice", "来电•••")]
    with Session(engine) as session:
        (row,) = aside.waiting(session)
    with engine.begin() as connection:
        assert aside.seen(connection, row.id, 3) and not aside.seen(connection, row.id, 4)
    assert told(engine) == []
