"""Nothing typed is lost: forms come back filled, drafts wait on the server, notes never conflict, both are shown."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.cases.actions import Do
from store.people.drafts import KEPT_MS, Drafts
from store.schema import Draft, Journal
from tests.web.conftest import Auth
from tests.web.demo import at

TEXT = "已查明，周五前改正，经办人 <王>"


@pytest.fixture
def case(world):
    _call, case = world.complaint(at("10:58"), "13812345678")
    return case


def _send(client, page, address, **fields):
    return client.post(address, data={"csrf_token": Auth(client).token(page), **fields})


def _do(client, case, **fields):
    page = client.get(f"/cases/{case.id}").text
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    steps = re.search(r'name="steps" value="(\d+)"', page)[1]
    fields = {"version": version, "steps": steps, **fields}
    return _send(client, f"/cases/{case.id}", f"/cases/{case.id}/do", **fields)


def _draft(client, form, **fields):
    return _send(client, "/cases/new", "/drafts", draft=form, **fields)


def _other(world, case, action, who="supervisor", **fields):
    with world.engine.begin() as connection:
        world.casework.do(connection, case.id, Do(action, who, who, world.clock(), fields))


def test_a_refused_form_comes_back_filled_with_the_reason_beside_the_field(as_role, case):
    answer = _do(as_role("operator"), case, action="reply", text=TEXT, evidence="")
    assert answer.status_code == 400
    form = answer.text[answer.text.index(f'data-draft="case:{case.id}:reply"') :].split("</form>", 1)[0]
    assert "已查明，周五前改正，经办人 &lt;王&gt;" in form
    assert re.search(r'id="reply-evidence"[^>]*aria-invalid="true" aria-describedby="reply-evidence-why"', form)
    assert re.search(r'id="reply-evidence-why">请填写', form)


def test_what_was_typed_survives_that_the_action_is_no_longer_possible(as_role, world, case):
    operator = as_role("operator")
    page = operator.get(f"/cases/{case.id}").text
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    _other(world, case, "reply", text="别人的答复", evidence="文号 1")
    answer = _do(operator, case, action="reply", text=TEXT, evidence="文号 2", version=version, steps="1")
    assert answer.status_code == 400
    assert "已查明，周五前改正" in answer.text


def test_where_two_changed_the_same_thing_both_versions_are_shown(as_role, world, case):
    operator = as_role("operator")
    page = operator.get(f"/cases/{case.id}").text
    version, steps = (re.search(rf'name="{name}" value="(\d+)"', page)[1] for name in ("version", "steps"))
    _other(world, case, "flag", flag="hot", reason="多人来电反映")
    answer = _do(operator, case, action="flag", flag="major", reason="涉及安全", version=version, steps=steps)
    assert answer.status_code == 400
    theirs = answer.text[answer.text.index('class="both"') :].split("</div>", 1)[0]
    assert "supervisor" in theirs
    assert "热点" in theirs
    assert "多人来电反映" in theirs
    mine = answer.text[answer.text.index('id="flag-flag"') :].split("</form>", 1)[0]
    assert re.search(r'value="major" selected', mine)
    assert 'value="涉及安全"' in mine
    again = _do(operator, case, action="flag", flag="major", reason="涉及安全")
    assert again.status_code == 303, "knowing the other's, mine can be sent again"


def test_a_note_never_conflicts(as_role, world, case):
    operator = as_role("operator")
    _other(world, case, "flag", flag="hot", reason="多人来电反映")
    assert _do(operator, case, action="note", text="补充一句", version="0").status_code == 303


def test_a_draft_stands_in_its_form_again_and_goes_when_it_is_saved(as_role, world, case):
    operator = as_role("operator")
    assert _draft(operator, f"case:{case.id}:note", text=TEXT).status_code == 204
    page = operator.get(f"/cases/{case.id}").text
    form = page[page.index(f'data-draft="case:{case.id}:note"') :].split("</form>", 1)[0]
    assert "已查明，周五前改正" in form
    assert "填写而没有提交" in form
    assert "已查明" not in as_role("lead").get(f"/cases/{case.id}").text, "nobody else's"
    assert _do(operator, case, action="note", text=TEXT).status_code == 303
    with Session(world.engine) as session:
        assert session.scalars(select(Draft)).all() == []


def test_a_draft_survives_an_idle_log_out(as_role, world, case):
    operator = as_role("operator")
    _draft(operator, "case-new", text=TEXT, kind="report", number="13811112222")
    world.clock.advance(31 * 60)
    assert operator.get("/cases/new").status_code == 302
    Auth(operator).login("operator")
    page = operator.get("/cases/new").text
    assert "已查明，周五前改正" in page
    assert 'value="report" selected' in page


def test_drafts_are_encrypted_outside_the_journal_and_end(as_role, world, case):
    operator = as_role("operator")
    _draft(operator, "case-new", text=TEXT, number="13811112222")
    with Session(world.engine) as session:
        (row,) = session.scalars(select(Draft)).all()
        assert TEXT.encode() not in row.sealed
        assert b"13811112222" not in row.sealed
        assert not any("已查明" in one.data for one in session.scalars(select(Journal)))
    world.clock.advance(KEPT_MS / 1000 + 1)
    assert operator.get("/board").status_code == 302
    Auth(operator).login("operator")
    assert "已查明" not in operator.get("/cases/new").text, "after seven days"
    _draft(operator, "outage-new", reason="x")
    with Session(world.engine) as session:
        assert [one.form for one in session.scalars(select(Draft))] == ["outage-new"]


def test_of_an_anonymous_reporter_no_draft_keeps_who_it_is(as_role, world):
    operator = as_role("operator")
    _draft(operator, "case-new", text="举报内容", anonymous="1", number="13811112222", name="张三", identity="张三")
    with Session(world.engine) as session:
        account = session.scalars(select(Draft.account)).one()
        kept = Drafts(world.keys).of(session.connection(), account, world.clock())["case-new"].fields
    assert set(kept) == {"text", "anonymous"}


def test_at_most_one_write_a_second_of_a_form(as_role, world):
    operator = as_role("operator")
    _draft(operator, "case-new", text="一")
    _draft(operator, "case-new", text="二")
    assert ">一</textarea>" in operator.get("/cases/new").text
    world.clock.advance(1.1)
    _draft(operator, "case-new", text="二")
    assert ">二</textarea>" in operator.get("/cases/new").text
    _draft(operator, "case-new", text="")
    assert "填写而没有提交" not in operator.get("/cases/new").text


def test_a_refused_result_of_a_call_back_comes_back_filled(as_role, world, case):
    operator = as_role("operator")
    page = operator.get("/worklists/answer").text
    callback = re.search(r'data-draft="callback:([^"]+)"', page)[1]
    address = f"/worklists/answer/{callback}"
    answer = _send(operator, "/worklists/answer", address, result="no_answer", reason="说明写了很久", agreed="明天")
    assert answer.status_code == 400
    assert 'value="说明写了很久"' in answer.text
    assert 'value="no_answer" selected' in answer.text


def test_a_reason_that_was_too_short_comes_back(as_role, world, case):
    lead = as_role("lead")
    answer = _send(lead, f"/cases/{case.id}", f"/cases/{case.id}/number", reason="查")
    assert answer.status_code == 400
    assert 'value="查"' in answer.text


# --- words to citizens (忌语) ---------------------------------------------------------------


def test_a_forbidden_phrase_is_shown_with_the_better_wording_before_it_is_saved(as_role, world, case):
    operator = as_role("operator")
    said = "这事情不属于我们管，你去问别人。"
    answer = _do(operator, case, action="reply", text=said, evidence="文号 3")
    assert answer.status_code == 400
    assert "对不起，您咨询的问题由××窗口负责" in answer.text
    assert said in answer.text
    with Session(world.engine) as session:
        assert not [row for row in session.scalars(select(Journal)) if row.name == "case_replied"]
    assert _do(operator, case, action="reply", text=said, evidence="文号 3", worded="1").status_code == 303


@pytest.mark.parametrize("n", range(1, 26))
def test_each_of_the_25_phrases_is_found_in_a_note(world, n):
    from ivr.wording import Wording

    wording = Wording.load()
    known = {hit.id for says in _phrases(n) for hit in wording.forbidden(says)}
    assert f"F{n:02}" in known


def _phrases(n):
    from importlib.resources import files

    import yaml

    text = files("callflows").joinpath("phrases/forbidden.yaml").read_text("utf-8")
    return [says.replace("XX", "税务") for says in yaml.safe_load(text)["phrases"][f"F{n:02}"]["says"]]


def test_what_the_citizen_said_is_nobodys_forbidden_phrase(as_role):
    operator = as_role("operator")
    sent = _send(
        operator, "/cases/new", "/cases/new", kind="complaint", channel="letter", text="你们说不归我管，问别人去。"
    )
    assert sent.status_code == 303


def test_the_answer_of_a_call_back_is_looked_at_too(as_role, world, case):
    operator = as_role("operator")
    page = operator.get("/worklists/answer").text
    callback = re.search(r'data-draft="callback:([^"]+)"', page)[1]
    told = {"result": "reached", "text": "急什么，我不知道。"}
    answer = _send(operator, "/worklists/answer", f"/worklists/answer/{callback}", **told)
    assert answer.status_code == 400
    assert "请别着急" in answer.text
