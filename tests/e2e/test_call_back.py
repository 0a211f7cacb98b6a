"""Acceptance 4: one click in the panel rings the operator, then the citizen, over a trunk; on both engines, real SIP.

The click is the panel's own form, the calls process is a real one, and the citizen's phone is behind a provider.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.process.panel import panel_config
from services import users
from services.casework import MatterEntry
from sip.embedded.phone import OnCall, Phone, PhoneEvent
from store.figures.counting import FigureCounter
from store.journal.rebuild import verify
from store.schema import Audit, Callback, CallbackAttempt, Case, DeskCommand, OutgoingCall
from tests.e2e.stories import (
    ANSWERS,
    BUSY,
    RINGS_ON,
    Ours,
    behind_the_trunk,
    both_hear,
    music,
    operator,
    story,
    zone_where_it_is,
)  # fmt: skip
from tests.support.asterisk import PROVIDER, AsteriskHotline
from tests.support.books import Books, books_of, until
from tests.support.hotline import Hotline
from tests.support.ports import free_address
from tests.web.conftest import Auth
from tests.web.demo import quick_hasher
from web import create_app

pytestmark = pytest.mark.network

PASSWORD = "correct-horse-battery"
_numbers = iter(range(13_800_000_001, 13_800_000_099))


class Desk:
    """An operator at the panel, and a provider behind which one citizen's phone is."""

    def __init__(self, books: Books, far_port: int) -> None:
        self.books, self.far_port = books, far_port
        config = panel_config(books.settings, books.engine, FigureCounter(books.engine))
        self.casework = config.casework
        with Session(books.engine) as session, session.begin():
            hashed = users.hashed(quick_hasher(), "operator", PASSWORD)
            users.create_user(session, name="operator", password=hashed, role="operator", now=1, seat="101")
        self.browser = create_app(config).test_client()
        Auth(self.browser).login("operator", PASSWORD)

    def owed(self, number: str = "") -> str:
        """Somebody is owed an answer; the entry's id."""
        number = number or str(next(_numbers))
        now = int(datetime.now(UTC).timestamp() * 1000)
        with self.books.engine.begin() as connection:
            entry = MatterEntry("enquiry", "letter", "operator", now, "来信咨询", number)
            case = self.casework.open(connection, entry).id
        return str(self.books.rows(Callback, Callback.case_id == case)[0].id)

    def click(self, entry: str) -> tuple[str, str]:
        """Press the button on the worklist; the page it leads to, and the command's id."""
        page = self.browser.get("/worklists/answer").text
        form = re.search(rf'action="/call-back/{entry}".*?</form>', page, re.S)
        assert form, page
        fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', form[0]))
        return self.browser.post(f"/call-back/{entry}", data=fields, follow_redirects=True).text, fields["command"]

    def page(self, command: str) -> str:
        return self.browser.get(f"/call-back/{command}/state").text

    def call(self, command: str) -> Any:
        found = self.books.rows(OutgoingCall, OutgoingCall.id == command)
        return found[0] if found else None

    def command(self, command: str) -> Any:
        return self.books.rows(DeskCommand, DeskCommand.id == command)[0]

    async def came(self, command: str, **moments: Any) -> Any:
        """The call's row as soon as these columns are set."""

        def so() -> Any:
            row = self.call(command)
            fits = row is not None and all(getattr(row, name) is not None for name in moments)
            return row if fits else None

        return await until(so, 40, lambda: f"{moments} {self.call(command)}\n{self.books.hotline.output()[-1500:]}")

    @asynccontextmanager
    async def citizen(self, does: OnCall) -> AsyncIterator[tuple[Phone, list[PhoneEvent]]]:
        """The phone a call over the trunk reaches, and what happened to it."""
        seen: list[PhoneEvent] = []
        async with behind_the_trunk(self.books.hotline, self.far_port, does, seen.append) as phone:
            yield phone, seen


@pytest.fixture(scope="module", params=["embedded", "asterisk"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A hotline with a trunk; at the end nothing is left on its lines, and the books are right."""
    far = free_address().port
    changes = {
        "unit": {"zone": zone_where_it_is(12)},  # nobody is called back at night
        "trunk": {"host": PROVIDER, "port": far, "mode": "ip", "user": "02195598"},
        "outgoing": {"ring_s": 5, "rate_per_minute_operator": 20},
    }
    folder = Path(tmp_path_factory.mktemp("callback")) / "hotline"
    make: Callable[..., Hotline] = Hotline if request.param == "embedded" else AsteriskHotline
    hotline = make(folder, "calls", changes=changes)
    try:
        hotline.start()
        with books_of(hotline) as books:
            yield Desk(books, far)
            assert verify(books.engine) == []
            if isinstance(hotline, AsteriskHotline):
                assert hotline.asterisk.channels() == 0
    finally:
        hotline.close()


@story
async def _talk(desk: Desk) -> None:
    entry = desk.owed()
    async with operator(desk.books.hotline, "101", RINGS_ON) as person, desk.citizen(ANSWERS) as (citizen, seen):
        await desk.books.reachable("101")
        page, command = desk.click(entry)
        assert "您的话机" in page
        await desk.came(command, seat_ringing=True)
        assert seen == []  # the operator rings first
        person.answer()
        await desk.came(command, answered=True)
        assert "通话中" in desk.page(command)
        assert seen[0] == PhoneEvent("incoming", "02195598")
        await both_hear(Ours(person), Ours(citizen))
        person.hold()
        await music(citizen, person)
        person.resume()
        await both_hear(Ours(person), Ours(citizen), seed=3)
        await person.hangup()
        row = await desk.came(command, ended=True)
        await citizen.over()
    assert (row.result, row.cause) == ("reached", "operator_left")
    await until(lambda: desk.command(command).state == "done")
    page = desk.page(command)
    fields = dict(re.findall(r'name="(csrf_token|call)" value="([^"]+)"', page))
    assert fields["call"] == command
    answer = {**fields, "result": "reached", "text": "已电话答复"}
    told = desk.browser.post(f"/worklists/answer/{entry}", data=answer, follow_redirects=True).text
    assert "本条已完成" in told
    (case,) = desk.books.rows(Case, Case.id == desk.books.rows(Callback, Callback.id == entry)[0].case_id)
    assert case.status == "replied"


def test_the_operator_rings_first_then_the_citizen_they_talk_and_the_result_answers_the_case(desk: Desk) -> None:
    _talk(desk)


@pytest.mark.parametrize(("does", "result"), [(BUSY, "busy"), (RINGS_ON, "no_answer")])
def test_a_citizen_who_is_busy_or_silent_is_an_attempt_by_itself(desk: Desk, does: OnCall, result: str) -> None:
    @story
    async def tell() -> None:
        entry = desk.owed()
        async with operator(desk.books.hotline, "101") as person, desk.citizen(does):
            await desk.books.reachable("101")
            _page, command = desk.click(entry)
            row = await desk.came(command, ended=True)
            await person.over()
        assert row.result == result
        await until(lambda: desk.command(command).state == "done")
        (tried,) = desk.books.rows(CallbackAttempt, CallbackAttempt.callback_id == entry)
        assert (tried.result, tried.who) == (result, "operator")
        assert "已自动记为一次回拨" in desk.page(command)

    tell()


def test_a_number_outside_the_list_is_refused_with_the_reason_and_audited_and_nothing_rings(desk: Desk) -> None:
    @story
    async def tell() -> None:
        entry = desk.owed("4008001234")
        async with operator(desk.books.hotline, "101") as person, desk.citizen(ANSWERS) as (_phone, seen):
            await desk.books.reachable("101")
            page, command = desk.click(entry)
            assert "不在允许外呼的范围内" in page
            await asyncio.sleep(1)  # three looks of the calls process
            assert seen == [] and person.leg is None and desk.call(command) is None
        (row,) = desk.books.rows(Audit, Audit.action == "callback.refused", Audit.target == entry)
        assert (row.user, row.detail) == ("operator", "not_on_the_list")

    tell()


def test_on_asterisk_the_talk_goes_on_while_the_calls_process_is_killed(desk: Desk) -> None:
    """The embedded engine's lines end with its process: the call is closed as what it was, an interrupted talk."""

    @story
    async def tell() -> None:
        entry = desk.owed()
        async with operator(desk.books.hotline, "101") as person, desk.citizen(ANSWERS) as (citizen, _seen):
            await desk.books.reachable("101")
            _page, command = desk.click(entry)
            await desk.came(command, answered=True)
            await asyncio.to_thread(desk.books.hotline.kill)
            await asyncio.to_thread(desk.books.hotline.again)
            if isinstance(desk.books.hotline, AsteriskHotline):
                assert desk.call(command).ended is None
                await both_hear(Ours(person), Ours(citizen), seed=5)
                await citizen.hangup()
                await person.over()
            row = await desk.came(command, ended=True)
        kept = isinstance(desk.books.hotline, AsteriskHotline)
        assert (row.result, row.cause) == ("reached", "citizen_left" if kept else "interrupted")

    tell()
