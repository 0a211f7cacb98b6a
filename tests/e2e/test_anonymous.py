"""A report without a name, made by a real call: afterwards its number is nowhere, and its identity is sealed (B10)."""

from __future__ import annotations

import asyncio
import html
import io
import json
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner
from sqlalchemy.orm import Session

from hotline.cli import main
from hotline.process import factories
from services import users
from sip.embedded.phone import Phone
from store.people.parties import query_code_of
from store.schema import Audit, Call, PartyRow
from tests.e2e.stories import citizen, say, story
from tests.support import audio
from tests.support.books import Books, books_of, number
from tests.support.hotline import Hotline
from web.passwords import Argon2

pytestmark = pytest.mark.network

CALLER = "13987654321"
WHO = "欧阳举报，第二供电所职工"
ROLES = ("operator", "lead", "supervisor", "admin", "custodian")
PASSWORD = "a-long-and-boring-password"
PAGES_MAX = 80  # of one role: pages, and each list once by each set of parameters its links have
FORMS = [
    text.encode()
    for text in (CALLER, f"+86{CALLER}", f"0086{CALLER}", "139 8765 4321", "139-8765-4321", f"••••{CALLER[-4:]}")
] + [json.dumps(f"••••{CALLER[-4:]}").strip('"').encode()]
IDENTITY = [WHO.encode(), json.dumps(WHO).strip('"').encode(), "欧阳举报".encode(), html.escape(WHO).encode()]


async def reports(books: Books, called: str, phone: Phone) -> None:
    """Keys 4 and 1, stay anonymous, an account, and the code is noted."""
    await books.says(called, "greet.menu")
    await phone.send_keys("4")
    await books.step(called, "others")
    await asyncio.sleep(0.6)
    await phone.send_keys("1")
    await books.says(called, "cmp.thanks")
    await phone.send_keys("#")
    await books.says(called, "ask.anonymous")
    await phone.send_keys("1")
    await books.says(called, "ask.account")
    await phone.send_keys("#")
    await books.fact(called, "record")
    await say(phone, audio.voice(22, 2000))
    await phone.send_keys("#")
    await books.says(called, "case.query_code")
    await phone.send_keys("2")
    await books.fact(called, "query_code_noted")


async def asks(books: Books, called: str, phone: Phone, code: str) -> None:
    """Key 2, the code, and how it stands."""
    await books.says(called, "greet.menu")
    await phone.send_keys("2")
    await books.says(called, "query.ask")
    await phone.send_keys(f"{code}#")
    await books.says(called, "ask.digits.readback")
    await phone.send_keys("1")
    await books.says(called, "query.state.received")


@story
async def test_a5_16_the_number_of_an_anonymous_report_is_nowhere_and_its_identity_is_sealed(tmp_path: Path) -> None:
    hotline = Hotline(tmp_path / "hotline", "serve")
    try:
        hotline.start()
        with books_of(hotline) as books:
            called, again = number(), number()
            async with citizen(hotline, called, CALLER) as phone:
                await reports(books, called, phone)
                await phone.hangup()
            await books.ended(called)
            (case,) = books.cases(called)
            code = query_code_of(factories.keys(books.settings), case.command_id)
            async with citizen(hotline, again, f"+86{CALLER}") as phone:
                await asks(books, again, phone, code)
                await phone.hangup()
            await books.ended(again)
            assert case.anonymous and case.party_id is None
            assert [row.party_id for row in books.rows(Call)] == [None, None]
            assert {(row.number, row.number_hmac) for row in books.rows(PartyRow)} == {(None, None)}
            people(books)
            the_identity_is_sealed_and_opened_by_two(hotline, books, case)
            searched = {**pages(hotline), **api(hotline, books), **exports(hotline, tmp_path)}
    finally:
        hotline.close()
    files = {str(path): path.read_bytes() for path in hotline.home.rglob("*") if path.is_file()}
    assert any(name.endswith("hotline.db") for name in files) and len(hotline.output()) > 100
    assert len([name for name in searched if name.startswith("page")]) > 30 and len(case.number) == 10
    assert [name for name, body in searched.items() if case.number.encode() in body], "the case itself is shown"
    for name, body in (searched | files).items():
        found = [form for form in (*FORMS, *IDENTITY, code.encode()) if form in body]
        assert found == [], f"{found} in {name}"


def people(books: Books) -> None:
    """One account of each role, named like it."""
    quick = Argon2(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with Session(books.engine) as session, session.begin():
        for role in ROLES:
            now = time.time_ns() // 1_000_000
            hashed = users.hashed(quick, "", PASSWORD)
            user = users.create_user(session, name=f"{role}-1", password=hashed, role=role, now=now - 2 * 86_400_000)
            if role == "custodian":
                user.confirmed, user.confirmed_by = now, "supervisor-1"


class Browser:
    """Somebody logged in to the panel."""

    def __init__(self, hotline: Hotline, role: str) -> None:
        self.client = httpx.Client(base_url=hotline.url, follow_redirects=True, timeout=30)
        self.send("/log-in", "/log-in", name=f"{role}-1", password=PASSWORD)
        assert "log-in" not in str(self.client.get("/help").url), f"{role} is not logged in"

    def send(self, page: str, to: str, /, **fields: str) -> httpx.Response:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert token, f"{page} has no form"
        return self.client.post(to, data={"csrf_token": token[1], **fields})


def the_identity_is_sealed_and_opened_by_two(hotline: Hotline, books: Books, case) -> None:  # type: ignore[no-untyped-def]
    """An operator is told it, a supervisor asks, the custodian opens: two audit rows for the opening."""
    page = f"/cases/{case.id}"
    Browser(hotline, "operator").send(page, f"{page}/identity/seal", identity=WHO)
    Browser(hotline, "supervisor").send(page, f"{page}/identity/ask", reason="纪委来函核实")
    custodian = Browser(hotline, "custodian")
    request = re.search(r'action="(/identities/[^"]+)"', custodian.client.get("/identities").text)
    assert request
    opened = custodian.send("/identities", request[1], decision="open", reason="函号核对无误")
    assert WHO in opened.text
    rows = [(row.user, row.action, row.target) for row in books.rows(Audit) if row.action.startswith("identity.")]
    assert rows == [
        ("operator-1", "identity.seal", case.number),
        ("supervisor-1", "identity.ask", case.number),
        ("custodian-1", "identity.open", case.number),
    ]


def pages(hotline: Hotline) -> dict[str, bytes]:
    """Every page and file any link of the panel leads to, for every role."""
    found: dict[str, bytes] = {}
    for role in ROLES:
        client, seen, queue = Browser(hotline, role).client, set[str](), ["/", "/help?lang=en"]
        while queue and len(seen) < PAGES_MAX:
            address = queue.pop(0)
            answer = client.get(address)
            assert answer.status_code < 500, f"{role}: {address}"
            found[f"page {role} {address}"] = b"".join(unpacked(answer.content))
            if "html" in answer.headers.get("content-type", ""):
                for link in re.findall(r'href="(/[^"#]*)"', answer.text):
                    link = html.unescape(link)
                    kind = re.sub(r"=[^&]*", "", link)
                    if kind not in seen and not link.startswith("/static"):
                        seen.add(kind)
                        queue.append(link)
    return found


def api(hotline: Hotline, books: Books) -> dict[str, bytes]:
    """Everything the API gives to a token with every scope."""
    with Session(books.engine) as session, session.begin():
        scopes = ["calls:read", "cases:read", "figures:read"]
        now = time.time_ns() // 1_000_000
        _row, token = users.create_token(session, name="all", scopes=scopes, now=now - 10_000, expires=now + 86_400_000)
    client = httpx.Client(base_url=hotline.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    found = {}
    for path in ("/api/v1/calls", "/api/v1/cases", "/api/v1/figures", "/metrics"):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        found[f"api {path}"] = answer.content
    return found


def exports(hotline: Hotline, folder: Path) -> dict[str, bytes]:
    """What the command line writes and prints."""
    found = {}
    config = ["--config", str(hotline.config)]
    for what in ("calls", "cases", "figures"):
        for form in ("csv", "xlsx"):
            out = folder / f"{what}.{form}"
            done = CliRunner().invoke(main, ["export", what, str(out), *config])
            assert done.exit_code == 0, done.output
            found[str(out)] = b"".join(unpacked(out.read_bytes()))
    for what in (["show", "calls"], ["show", "cases"]):
        done = CliRunner().invoke(main, [*what, *config])
        found[" ".join(what)] = done.output.encode()
    return found


def unpacked(body: bytes) -> Iterator[bytes]:
    """The body, or what is packed in it."""
    if body[:2] != b"PK":
        yield body
        return
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for name in archive.namelist():
            yield archive.read(name)
