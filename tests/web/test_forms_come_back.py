"""Every form of the panel comes back filled when it is refused, with the reason beside the field."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from store.schema import Case, SealedIdentity, User
from tests.web.conftest import Auth
from tests.web.pages import everything
from web import create_app

BAD_NUMBER = "打我手机"


@dataclass(frozen=True)
class Form:
    """A form, filled in wrongly: who sends it from which page, and what must be in the answer."""

    page: str
    who: str = "supervisor"
    fields: dict[str, str] = field(default_factory=dict)
    typed: tuple[str, ...] = ()  # as the answer's HTML has it
    beside: str = ""  # the id of the field the reason stands beside; empty: above the form
    to: str = ""  # where it is sent; empty: the page


FORMS = {
    "users.create": Form("/users", "admin", {"name": "王 芳", "role": "lead", "seat": "102"},
        ('value="王 芳"', 'value="lead" selected', 'value="102" selected'), "new-name"),
    "users.change": Form("/users", "admin", {"role": "operator", "seat": "103"},
        ('value="operator" selected', 'value="103" selected'), "role-{admin}", "/users/{admin}"),
    "tokens.create": Form("/tokens", "admin", {"name": "", "scope": "calls:read", "days": "365"},
        ('value="calls:read" checked', 'value="365" selected'), "token-name"),
    "calendar.preview": Form("/calendar", "admin", {"content": "year = 二零二七", "source": "https://www.gov.cn/x"},
        (">year = 二零二七</textarea>", 'value="https://www.gov.cn/x"'), "file", "/calendar/preview"),
    "calendar.add": Form("/calendar", "admin", {"content": "year = 二零二七", "source": "https://www.gov.cn/y"},
        (">year = 二零二七</textarea>", 'value="https://www.gov.cn/y"'), "file"),
    "auth.log_in": Form("/log-in", "", {"name": "wang.fang", "password": "wrong"}, ('value="wang.fang"',)),
    "auth.change_password": Form("/password", "lead", {"old": "wrong", "new": "x" * 12, "again": "x" * 12}, (), "old"),
    "work.do": Form("/cases/{case_id}", "operator", {"action": "flag", "flag": "hot", "reason": "多"},
        ('value="hot" selected', 'value="多"'), "flag-reason", "/cases/{case_id}/do"),
    "work.create": Form("/cases/new", "operator",
        {"kind": "report", "text": "来信要点", "name": "张三", "number": BAD_NUMBER, "identity": "职工甲"},
        ('value="report" selected', ">来信要点<", 'value="张三"', f'value="{BAD_NUMBER}"', ">职工甲<"), "new-number"),
    "worklists.attempt": Form("/worklists/answer", "operator",
        {"result": "no_answer", "reason": "说明写了很久", "agreed": "明天"},
        ('value="no_answer" selected', 'value="说明写了很久"', 'value="明天"'), "agreed-{callback}",
        "/worklists/answer/{callback}"),
    "worklists.number": Form("/worklists/answer", "lead", {"reason": "查一"}, ('value="查一"',),
        "reason-to-see-{callback}", "/worklists/answer/{callback}/number"),
    "identities.decide": Form("/identities", "custodian", {"decision": "open", "reason": "因"}, ('value="因"',),
        "reason-{request}", "/identities/{request}"),
    "identities.ask": Form("/cases/{sealed}", "supervisor", {"reason": "因"}, ('value="因"',), "identity-reason",
        "/cases/{sealed}/identity/ask"),
    "identities.seal": Form("/cases/{unsealed}", "operator", {"identity": "甲" * 501}, ("甲" * 501,), "identity",
        "/cases/{unsealed}/identity/seal"),
    "outages.add": Form("/outages/new", "supervisor",
        {"kind": "temporary", "line": "10千伏城南线", "area": "建设路", "starts": "后天", "reason": "检修",
         "customers": "市医院"},
        ('value="temporary" selected', 'value="10千伏城南线"', ">建设路<", 'value="后天"', 'value="检修"', ">市医院<"),
        "new-starts"),
    "outages.act": Form("/outages/{outage_id}", "supervisor",
        {"action": "tell", "n": "2", "how": "sms", "result": "no_answer", "told": "昨天"},
        ('value="sms" selected', 'value="no_answer" selected', 'value="昨天"'), "told-2"),
    "board.seat": Form("/board", "lead", {"seat": "102", "act": "pause", "reason": "", "where_to": "二楼档案室"},
        ('value="102" selected', 'value="pause" selected', 'value="二楼档案室"'), "pause-reason", "/board/seat"),
    "calls.find": Form("/calls", "lead", {"number": BAD_NUMBER}, (f'value="{BAD_NUMBER}"',), "number", "/calls/find"),
    "calls.number": Form("/calls/{call_id}", "lead", {"reason": "查二"}, ('value="查二"',), "reason",
        "/calls/{call_id}/number"),
    "cases.number": Form("/cases/{case_id}", "lead", {"reason": "查三"}, ('value="查三"',), "reason",
        "/cases/{case_id}/number"),
}  # fmt: skip
NOTHING_TYPED = {  # a click, or what the page itself keeps
    "users.active", "users.reset", "tokens.revoke", "calendar.withdraw", "auth.log_out", "custodians.confirm",
    "inbox.read", "work.texts", "calling.call", "drafts.keep", "sessions.end", "users.factor", "users.log_out",
    # A password, or a code that is good for once: no page holds one.
    "auth.check_code", "factor.act",
}  # fmt: skip


@pytest.fixture(scope="module")
def lively(tmp_path_factory):
    from tests.web.demo import World, at

    world = World(tmp_path_factory.mktemp("lively"))
    known = everything(world)
    _call, unsealed = world.complaint(at("11:05"), None, kind="report", anonymous=True)
    _call, other = world.complaint(at("11:06"), None, kind="report", anonymous=True)
    with world.engine.begin() as connection:
        case = world.casework.case(connection, other.id)
        world.casework.identities.seal(connection, case, "operator", "operator", "李某", world.clock())
    with Session(world.engine) as session:
        known["admin"] = session.scalars(select(User.id).where(User.name == "admin")).one()
        known["request"] = next(
            row["id"] for row in world.casework.identities.requests(session.connection()) if row["decided"] is None
        )
        assert session.get(SealedIdentity, other.id) or session.get(Case, other.id)
    app = create_app(world.config())
    clients = {"": app.test_client()}
    page = _logged_in(app, clients, "operator").get("/worklists/answer").text
    known |= {
        "unsealed": unsealed.id,
        "sealed": other.id,
        "callback": re.search(r'data-draft="callback:([^"]+)"', page)[1],
    }
    yield app, clients, known
    world.close()


def _logged_in(app, clients, who):
    if who not in clients:
        clients[who] = app.test_client()
        assert Auth(clients[who]).login(who).status_code == 302
    return clients[who]


def test_every_form_is_known_here(app):
    posts = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    posts = {endpoint for endpoint in posts if not endpoint.startswith("api.")}  # a program's
    assert posts == set(FORMS) | NOTHING_TYPED


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", FORMS)
def test_a_refused_form_comes_back_filled_with_the_reason(lively, name, language):
    app, clients, known = lively
    form = FORMS[name]
    client, page = _logged_in(app, clients, form.who), form.page.format(**known)
    token = Auth(client).token(f"{page}?lang={language}" if form.who else page)
    address = form.to.format(**known) or page
    answer = client.post(address, data={"csrf_token": token, **form.fields})
    assert 400 <= answer.status_code < 430
    for text in form.typed:
        assert text.format(**known) in answer.text, text
    if form.beside:
        beside = form.beside.format(**known)
        reason = re.search(rf'<p class="why" role="alert" id="{beside}-why">([^<]+)</p>', answer.text)
        assert reason, f"no reason beside {beside}"
        said = re.sub("[“\"'].*?[”\"']", "", unescape(reason[1]))  # without what is quoted
        assert bool(re.search(r"[一-鿿]", said)) is (language == "zh"), said
