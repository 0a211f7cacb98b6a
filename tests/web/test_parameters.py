"""Whatever stands in an address or a form is read or refused with the remedy; nothing of it is an error of ours."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from services import users
from tests.web.conftest import Auth
from tests.web.demo import World
from tests.web.pages import every, everything
from tests.web.test_calendar import NEXT, SOURCE
from web import create_app

ALL = ("calls:read", "cases:read", "figures:read", "seats:read", "seats:write")
DAYS = ("9999-12-31", "0001-01-01", "1999-12-31", "2100-01-01", "2026-13-01", "20261126", "٢٠٢٦-١١-٢٦", "x" * 5000)
NUMBERS = ("²", "٣", "9" * 5000, "-1", "1e3", "0x10")
ODD = ("%00", "%01a", "%ED%A0%80", "a" * 2500)
ROLES = ("operator", "lead", "supervisor", "admin", "custodian")


class Busy:
    """A hotline with something on every page, and somebody of each role logged in."""

    def __init__(self, folder):
        self.world = World(folder)
        self.values = everything(self.world)
        self.app = create_app(self.world.config())
        self.clients = {"": self.app.test_client()} | {role: self.app.test_client() for role in ROLES}
        for role in ROLES:
            Auth(self.clients[role]).login(role)
        with Session(self.world.engine) as session, session.begin():
            now = self.world.clock()
            _row, clear = users.create_token(session, name="odd", scopes=ALL, now=now, expires=now + 86_400_000)
        self.program = {"Authorization": f"Bearer {clear}"}  # of a program that may do everything


def _send(client, page, address, **fields):
    """Send a form whose fields may have any name."""
    return client.post(address, data={"csrf_token": Auth(client).token(page), **fields})


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    found = Busy(tmp_path_factory.mktemp("busy"))
    yield found
    found.world.close()


def test_each_odd_day_of_the_api_is_told_with_the_remedy(client, token):
    headers = token(*ALL)
    for path in ("calls", "cases", "figures"):
        for name in ("from", "to"):
            for text in DAYS:
                answer = client.get(f"/api/v1/{path}", query_string={name: text}, headers=headers)
                assert answer.status_code == 400, (path, name, text)
                assert name in answer.get_json()["detail"]
    assert "2000" in client.get("/api/v1/figures?from=9999-12-31", headers=headers).get_json()["detail"]


def test_numbers_are_ascii_and_bounded(client, token, busy):
    headers, lead = token(*ALL), busy.clients["lead"]
    for text in NUMBERS:
        for path in ("calls", "cases"):
            assert client.get(f"/api/v1/{path}", query_string={"limit": text}, headers=headers).status_code == 400
            assert client.get(f"/api/v1/{path}", query_string={"cursor": text}, headers=headers).status_code == 400
        for path in ("calls", "cases", "outages", "worklists/missed", "inbox"):
            assert lead.get(f"/{path}", query_string={"before": text}).status_code == 400, (path, text)


def test_figures_of_more_than_a_year_are_refused_not_counted(client, token):
    headers = token("figures:read")
    answer = client.get("/api/v1/figures?from=2000-01-01&to=2099-12-31", headers=headers)
    assert answer.status_code == 400
    assert "366" in answer.get_json()["detail"]
    assert client.get("/api/v1/figures?from=2025-11-26&to=2026-11-26", headers=headers).status_code == 200


def test_a_page_says_in_the_readers_language_what_to_write(busy):
    lead = busy.clients["lead"]
    answer = lead.get("/cases?from=9999-12-31")
    assert answer.status_code == 400
    assert "from" in answer.text
    assert "2026-11-26" in answer.text
    assert "Write a date" in lead.get("/cases?from=9999-12-31&lang=en").text
    answer = lead.get("/cases?kind=nonsense&lang=zh")
    assert answer.status_code == 400
    assert "complaint" in answer.text


def test_no_page_breaks_on_any_parameter(busy):
    """Every page of the panel with every filter it knows, and values no filter can have."""
    names = (
        "from",
        "to",
        "day",
        "before",
        "limit",
        "kind",
        "window",
        "sort",
        "month",
        "all",
        "state",
        "part",
        "number",
    )
    for page in every(busy.app, busy.values):
        for text in (DAYS[0], DAYS[1], NUMBERS[0], NUMBERS[2][:1000], "a\x00b"):
            answer = busy.clients[page.role].get(page.address, query_string={name: text for name in names})
            assert answer.status_code < 500, (page.address, text)


def test_factories_of_a_path_hold_nothing_a_database_refuses(busy):
    for rule in busy.app.url_map.iter_rules():
        if not set(rule.arguments) - {"form"} or rule.endpoint == "static" or "GET" not in rule.methods:
            continue
        for text in ODD:
            path = re.sub(r"<[^<>]+>", lambda part, text=text: "csv" if ":" in part[0] else text, rule.rule)
            answer = busy.clients["supervisor"].get(path, headers=busy.program if rule.rule.startswith("/api/") else {})
            assert answer.status_code in (403, 404), (path, answer.status_code)


def test_forms_lose_what_nobody_types_and_no_database_takes(busy):
    """A vertical tab out of a text processor is no reason to refuse a letter."""
    operator = busy.clients["operator"]
    sent = _send(
        operator,
        "/cases/new",
        "/cases/new",
        kind="enquiry",
        channel="letter",
        text="来信\x00全\x0b文\r\n第二行",
        number="",
        anonymous="",
    )
    assert sent.status_code in (200, 303)
    case = sent.headers["Location"]
    shown = _send(operator, case, f"{case}/texts").text
    assert "来信全文" in shown
    assert "第二行" in shown


@pytest.mark.parametrize("n", ["²", "9" * 5000, "x", ""])
def test_numbers_in_forms_are_read_as_addresses_are(busy, n):
    lead = busy.clients["lead"]
    case, outage = f"/cases/{busy.values['case_id']}", "/outages/outage-planned"
    for page, action, fields in (
        (case, f"{case}/do", {"action": "accept", "version": n}),
        (case, f"{case}/do", {"action": "ask_extension", "n": n, "reason": "需要"}),
        (outage, outage, {"action": "tell", "n": n, "how": "phone", "result": "told"}),
    ):
        assert _send(lead, page, action, **fields).status_code < 500


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59", "2026-11-31T10:00", "²026-01-01T00:00"])
def test_moments_far_away_are_refused_in_words(busy, text):
    lead = busy.clients["lead"]
    outage = "/outages/outage-emergency"
    answer = _send(lead, outage, outage, action="restore", restored=text)
    assert answer.status_code == 400
    assert "2026-12-05T08:00" in answer.text
    case = f"/cases/{busy.values['case_id']}"
    answer = _send(lead, case, f"{case}/do", action="supervise", reason="重大", until=text)
    assert answer.status_code < 500
    assert "2026-11-26 17:30" in (answer.text if answer.status_code == 400 else lead.get(case).text)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("until the year 9999", NEXT.replace("to = 2027-01-03", "to = 9999-12-31")),
        ("of the year 9999", NEXT.replace("year = 2027", "year = 9999")),
        ("nested deeply", NEXT + "x = " + "[" * 15_000),
        ("with a key of many parts", NEXT + ".".join(["a"] * 5000) + " = 1"),
        ("with a number of many digits", NEXT.replace("year = 2027", "year = " + "9" * 10_000)),
    ],
)
def test_a_calendar_file_is_refused_at_once(busy, what, text):
    supervisor = busy.clients["supervisor"]
    token = Auth(supervisor).token("/calendar")
    answer = supervisor.post(
        "/calendar/preview",
        data={"csrf_token": token, "source": SOURCE, "file": (io.BytesIO(text.encode()), "cn-2027.toml")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 400, what
    assert "文件不能使用" in answer.text


@pytest.mark.parametrize("wanted", ["bytes=²-", "bytes=0-" + "9" * 5000, "bytes=5-1", "x" * 9000, "bytes=-0"])
def test_an_odd_range_of_a_recording_is_none(busy, wanted):
    lead = busy.clients["lead"]
    found = lead.get(f"/cases/{busy.values['case_id']}").text
    address = found[found.index("/recordings/") :].split('"', 1)[0]
    assert lead.get(address, headers={"Range": wanted}).status_code in (200, 206, 400, 416)


def test_only_one_module_looks_at_addresses_and_forms():
    """A parameter that is read elsewhere is not bounded. Left: the language, and the raw fields of a password."""
    known = {"web/forms.py", "web/language.py"}
    found = set()
    for file in sorted(Path("web").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("args", "values", "form"):
                if isinstance(node.value, ast.Name) and node.value.id == "request":
                    found.add(str(file))
    assert found - known <= {"web/api.py", "web/case_views.py", "web/screens/auth.py", "web/screens/users.py",
                             "web/screens/tokens.py", "web/screens/inbox.py"}  # fmt: skip
