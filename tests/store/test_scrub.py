"""PRV-1: numbers in texts of before are found and made unreadable, with a proof; nothing else is changed."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DatabaseError

from hotline.process.logs import Formatter
from ivr.outages.notice import By, NoticeDraft
from services import outages, users
from store.engine import Session
from store.ids import uuid7
from store.journal.rebuild import rebuild, verify
from store.sql import table
from store.upkeep.pruning import DAY_MS, digest, proofs
from store.upkeep.scrub import count, scrub
from tests.support.casework import Desk
from tests.support.moments import ZONE

JOURNAL, AUDIT = table("journal"), table("audit")
NUMBER, WIDE = "13800002222", "１３８００００２２２２"


def of_before(engine: Engine, case_id: str, at: int) -> None:
    """Rows as a version before wrote them: with numbers between Chinese characters."""
    fact = {
        "id": uuid7(), "at": at, "kind": "case", "name": "case_noted", "call_id": None, "case_id": case_id,
        "data": json.dumps({"who": "李强", "set": {}, "note": f"来电{NUMBER}再次反映"}, ensure_ascii=False),
        "reason": f"来电{WIDE}再次反映，见工单2611260013",
    }  # fmt: skip
    looked = {"at": at, "user": "王芳", "action": "number.show", "target": "case 2611260013",
              "detail": f"核实{NUMBER}", "remote": ""}  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(JOURNAL), fact)
        connection.execute(insert(AUDIT), looked)
    rebuild(engine)


def everything(engine: Engine) -> str:
    with engine.connect() as connection:
        rows = [connection.execute(select(table(name))).all() for name in ("journal", "audit", "case_steps", "inbox")]
    return repr(rows)


def test_prv_1_numbers_of_before_are_found_and_made_unreadable_also_where_they_were_derived(
    engine: Engine, desk: Desk
) -> None:
    case_id = desk.letter()
    of_before(engine, case_id, desk.now)
    assert count(engine) == {"journal": 1, "audit": 1}
    scrub(engine, lambda: desk.now, "test")
    rebuild(engine)
    seen = everything(engine)
    assert NUMBER not in seen and WIDE not in seen and "见工单2611260013" in seen
    assert count(engine) == {} and verify(engine) == []


def test_prv_1_a_proof_says_which_rows_were_changed_and_the_rest_is_as_it_was(engine: Engine, desk: Desk) -> None:
    case_id = desk.letter()
    with engine.connect() as connection:
        before = connection.execute(select(JOURNAL).order_by(JOURNAL.c.seq)).all()
    of_before(engine, case_id, desk.now)
    with engine.connect() as connection:
        changed = [connection.scalars(select(t.c.seq).order_by(t.c.seq.desc())).first() for t in (JOURNAL, AUDIT)]
    proof = scrub(engine, lambda: desk.now, "test")
    assert proof["digest"] == digest((f"journal {changed[0]}", f"audit {changed[1]}")) and proof["count"] == 2
    with engine.connect() as connection:
        kept = connection.execute(select(JOURNAL).order_by(JOURNAL.c.seq)).all()
        assert proofs(connection)[0]["digest"] == proof["digest"]
        last = connection.execute(select(AUDIT).order_by(AUDIT.c.seq.desc())).mappings().first()
    assert kept[:-1] == before and kept[-1].at == desk.now
    assert last is not None and last["action"] == "scrub" and proof["digest"] in last["detail"]


def test_prv_1_the_journal_refuses_changes_afterwards_as_before(engine: Engine, desk: Desk) -> None:
    of_before(engine, desk.letter(), desk.now)
    scrub(engine, lambda: desk.now, "test")
    for name in ("journal", "audit"):
        with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
            connection.execute(text(f"UPDATE {name} SET at = 0"))


def test_prv_1_a_database_without_such_numbers_is_left_as_it_is(engine: Engine, desk: Desk) -> None:
    desk.letter()
    assert count(engine) == {}
    assert scrub(engine, lambda: desk.now, "test")["count"] == 0


def test_prv_1_what_operators_type_about_a_case_is_journaled_without_numbers(engine: Engine, desk: Desk) -> None:
    case_id = desk.letter()
    desk.do(case_id, "classify", urgency="urgent", window="repair", category="attitude",
            reason=f"来电{NUMBER}再次反映")  # fmt: skip
    assert NUMBER not in everything(engine) and count(engine) == {}


def test_prv_1_the_audit_log_takes_no_number_somebody_typed(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        users.audit(
            session, at=1, user="王芳", action="outage.tell", target=f"第一医院{NUMBER}", detail=f"核实{WIDE}后"
        )
    with engine.connect() as connection:
        (row,) = connection.execute(select(AUDIT)).mappings()
    assert (row["target"], row["detail"]) == ("第一医院•••", "核实•••后")


def test_prv_1_names_of_key_customers_and_notices_hold_no_number(engine: Engine, desk: Desk) -> None:
    draft = NoticeDraft(
        "10千伏城东线", f"人民路{NUMBER}", "planned", desk.now + 30 * DAY_MS, desk.now + 31 * DAY_MS, "更换变压器",
        customers=(f"市第一医院{WIDE}", "城东水厂"),
    )  # fmt: skip
    with engine.begin() as connection:
        outages.announce(connection, uuid7(), draft, By("王芳", "lead", desk.now), 7, ZONE)
    assert {row["name"] for row in desk.rows("outage_customers")} == {"市第一医院•••", "城东水厂"}
    assert NUMBER not in repr(desk.rows("outages")) + everything(engine)


def test_prv_1_a_line_of_the_log_holds_no_number() -> None:
    record = logging.LogRecord("web", logging.INFO, "", 0, "search for %s from %s", (NUMBER, "192.168.10.123"), None)
    assert Formatter("%(message)s").format(record) == "search for ••• from 192.168.10.123"
