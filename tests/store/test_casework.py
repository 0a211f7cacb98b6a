"""Work on cases in the store: one transaction each, nothing lost, nothing twice, nobody's details in the clear."""

from __future__ import annotations

import json
import threading

import pytest
from sqlalchemy import select, text

from ivr.cases.actions import ActionRefused, Do
from store.journal.entries import JOURNAL
from store.journal.rebuild import rebuild, verify
from store.notices import inbox, mark_read
from tests.support.casework import STAFF, Desk
from tests.support.history import Caller, derived


def test_cmp_4_a_letter_enters_the_same_register_with_its_own_due_date(desk: Desk) -> None:
    case = desk.case(desk.letter())
    assert (case["channel"], case["kind"], case["owner"], case["due"]) == ("letter", "complaint", "李强", "2026-11-30")
    assert case["number"].startswith("261123")


def test_what_people_write_is_kept_encrypted_and_can_be_read_and_erased(desk: Desk) -> None:
    case_id = desk.letter(text="张三来信，电话 13800001111")
    note = desk.rows("case_steps", action="case_noted")[0]["note"]
    with desk.engine.begin() as connection:
        assert desk.casework.notes(connection, case_id) == {note: "张三来信，电话 13800001111"}
        sealed = connection.scalar(text("SELECT sealed FROM case_notes"))
        assert "张三".encode() not in bytes(sealed)
        desk.casework._notes.erase(connection, [case_id])
        assert desk.casework.notes(connection, case_id) == {}
    assert verify(desk.engine) == []


def test_no_number_written_into_a_reason_reaches_the_journal(desk: Desk) -> None:
    case_id = desk.letter()
    desk.do(case_id, "flag", flag="hot", reason="13800001111 和 0396-1234567 均来电，身份证 412801199001011234")
    with desk.engine.begin() as connection:
        journal = "".join(f"{row.data}{row.reason}" for row in connection.execute(select(JOURNAL)))
    assert "••• 和 ••• 均来电，身份证 •••" in journal
    assert not any(number in journal for number in ("13800001111", "1234567", "412801199001011234"))


def test_a_form_sent_twice_is_one_case(desk: Desk) -> None:
    assert desk.letter(command_id="form-1") == desk.letter(command_id="form-1")
    assert len(desk.rows("cases")) == 1 and len(desk.rows("case_notes")) == 1


def test_a_letter_without_a_word_or_of_an_unknown_kind_is_refused(desk: Desk) -> None:
    with pytest.raises(ActionRefused, match="write down"):
        desk.letter(text=" ")
    with pytest.raises(ActionRefused, match="there is no kind of case"):
        desk.letter("grumble")
    with pytest.raises(ActionRefused, match="the channel is one of"):
        desk.letter(channel="pigeon")
    assert desk.rows("cases") == []


def test_an_anonymous_letter_keeps_nobody(desk: Desk) -> None:
    case = desk.case(desk.letter("report", anonymous=True))
    assert case["party_id"] is None and desk.rows("parties") == [] and desk.rows("callbacks") == []


def test_steps_and_due_dates_are_kept_with_who_when_and_why(desk: Desk) -> None:
    case_id = desk.letter()
    desk.do(case_id, "accept", "李强")
    desk.do(case_id, "ask_extension", "李强", n="3", reason="需现场勘查")
    desk.do(case_id, "approve_extension", "王芳", reason="情况属实")
    steps = [(s["who"], s["action"], s["reason"]) for s in desk.rows("case_steps", case_id=case_id)]
    assert steps[2:] == [
        ("李强", "case_accepted", ""),
        ("李强", "case_extension_asked", "需现场勘查"),
        ("王芳", "case_extended", "情况属实"),
    ]
    dues = desk.rows("case_dues", case_id=case_id)
    assert [(d["was"], d["due"], d["who"]) for d in dues] == [
        ("", "2026-11-30", ""), ("2026-11-30", "2026-12-03", "王芳"),
    ]  # fmt: skip
    assert json.loads(dues[1]["explanation"])[0].startswith("原期限 2026-11-30")


def test_whoever_looked_at_an_older_version_is_told_and_changes_nothing(desk: Desk) -> None:
    case_id = desk.letter()
    seen = desk.case(case_id)["version"]
    desk.do(case_id, "accept", "李强", version=seen)
    with pytest.raises(ActionRefused, match="somebody else changed this case"):
        desk.do(case_id, "accept", "赵敏", version=seen)
    assert desk.case(case_id)["owner"] == "李强"


def test_of_many_who_take_the_same_case_at_once_one_gets_it(desk: Desk) -> None:
    case_id = desk.letter()
    seen, results = desk.case(case_id)["version"], []

    def take(name: str) -> None:
        try:
            with desk.engine.begin() as connection:
                desk.casework.do(connection, case_id, Do("accept", name, STAFF[name], desk.now), seen)
            results.append(name)
        except ActionRefused as refused:
            results.append(refused)

    threads = [threading.Thread(target=take, args=(name,)) for name in STAFF]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    takers = [result for result in results if isinstance(result, str)]
    assert len(results) == 4 and len(takers) == 1
    assert desk.case(case_id)["owner"] == takers[0]


def test_a_refused_action_leaves_nothing_behind(desk: Desk) -> None:
    case_id = desk.letter()
    with desk.engine.begin() as connection:
        before = derived(connection)
    with pytest.raises(ActionRefused):
        desk.do(case_id, "close", "李强")
    with desk.engine.begin() as connection:
        assert derived(connection) == before


def test_who_is_concerned_is_told_once_and_nobody_of_what_they_did_themselves(desk: Desk) -> None:
    case_id = desk.letter()
    desk.do(case_id, "classify", urgency="urgent", window="complaint", category="attitude")
    desk.do(case_id, "assign", "王芳", handler="赵敏")
    desk.do(case_id, "return", "赵敏", reason="不属本窗口职责")
    desk.do(case_id, "flag", "王芳", flag="major", reason="涉及多人")
    with desk.engine.begin() as connection:
        kinds = {name: [row["kind"] for row in inbox(connection, name, role)] for name, role in STAFF.items()}
        assert kinds == {"李强": ["returned"], "赵敏": ["assigned"], "王芳": ["major"], "陈总": ["major"]}
        mine = inbox(connection, "赵敏", "operator")
        assert mark_read(connection, [mine[0]["id"]], "李强", "operator", desk.now) == 0  # not one's own
        assert mark_read(connection, [mine[0]["id"]], "赵敏", "operator", desk.now) == 1
        assert inbox(connection, "赵敏", "operator", unread=True) == []


def test_a_handler_without_an_account_is_stood_in_for_by_the_leads(desk: Desk) -> None:
    case_id = desk.letter()
    desk.do(case_id, "classify", urgency="urgent", window="complaint", category="attitude")
    desk.do(case_id, "assign", "陈总", handler="市自来水公司")
    assert [row["recipient"] for row in desk.rows("inbox")] == ["role:lead"]


def test_the_same_callers_cases_are_proposed_never_merged(desk: Desk) -> None:
    old = desk.letter(text="第一封")
    desk.now += 3 * 86_400_000
    desk.letter(number="13900002222")
    desk.letter("report", anonymous=True)
    new = desk.letter(text="第二封")
    party = desk.case(new)["party_id"]
    with desk.engine.begin() as connection:
        found = desk.casework.similar(connection, party_id=party, at=desk.now)
        assert [case.id for case in found] == [new, old]
        assert [case.id for case in desk.casework.similar(connection, number="+86 138 0000 1111", at=desk.now)] == [
            new,
            old,
        ]
        assert desk.casework.similar(connection, number="13800001111", at=desk.now + 8 * 86_400_000) == []
    with pytest.raises(ActionRefused, match="there is no case"):
        desk.do(new, "link", other="2609240018")
    desk.do(new, "link", other=desk.case(old)["number"])
    assert len(desk.rows("cases")) == 4


def test_a_further_call_is_appended_instead_of_making_a_duplicate(desk: Desk) -> None:
    case_id = desk.letter()
    desk.do(case_id, "note", "李强", text="来电人补充：共三人在场", call="call-9")
    step = desk.rows("case_steps", case_id=case_id)[-1]
    assert (step["action"], json.loads(step["data"])) == ("case_noted", {"call": "call-9"})


def test_everything_done_to_cases_is_rebuilt_from_the_journal(desk: Desk) -> None:
    by_phone = Caller(desk.ledger, desk.now, number="13811112222").arrives()
    case = by_phone.opens_case(owner="")
    by_phone.ends(after=1000)
    for case_id in (desk.letter(), case.id):
        desk.closed(case_id)
        desk.do(case_id, "follow_up", solved="no", reason="仍未解决")
    desk.missed_call("13811113333")
    desk.called(desk.rows("callbacks", kind="missed")[0]["id"], "busy")
    assert verify(desk.engine) == []
    with desk.engine.begin() as connection:
        before = derived(connection)
        for name in before:
            connection.execute(text(f"DELETE FROM {name}"))
    rebuild(desk.engine)
    with desk.engine.begin() as connection:
        assert derived(connection) == before


def test_what_was_falsified_in_steps_callbacks_or_due_dates_is_put_right(desk: Desk) -> None:
    desk.closed(desk.letter())
    with desk.engine.begin() as connection:
        before = derived(connection)
        connection.execute(text("UPDATE case_steps SET who = '别人' WHERE action = 'case_replied'"))
        connection.execute(text("UPDATE cases SET next_action_at = 5"))
        connection.execute(text("DELETE FROM case_dues"))
        connection.execute(text("UPDATE callbacks SET state = 'done' WHERE kind = 'followup'"))
        stray = "SELECT 'stray', 'nowhere', at, who, action, was, status, note, reason, data FROM case_steps"
        connection.execute(text(f"INSERT INTO case_steps {stray} WHERE action = 'case_closed'"))
    assert len(rebuild(desk.engine)) == 5
    with desk.engine.begin() as connection:
        assert derived(connection) == before
