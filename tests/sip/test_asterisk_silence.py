"""Silence is not death on Asterisk: who answers when asked stays, who does not is found (RFC 4028)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from ivr.telephony import EngineEvent, Incoming, LineGone
from sip.asterisk.auth import NOBODY
from sip.asterisk.config import Site
from sip.asterisk.engine import AsteriskEngine
from sip.asterisk.files import additions, files
from sip.core.config import TrunkConfig
from tests.sip.raw import Caller, story
from tests.support.asterisk import bare, shared
from tests.support.nightly import at_night

TIMERS = {
    "rtp_timeout": "0",
    "rtp_timeout_hold": "0",
    "timers": "always",
    "timers_min_se": "90",
    "timers_sess_expires": "90",
}
FOUND_S = 120.0  # a dead far end, at the latest
OLD_LIMIT_S = 66.0  # when a silent caller was hung up on


@pytest.fixture
def site() -> Site:
    """A real Asterisk without a hotline."""
    return shared()[1]


class Answering:
    """The engine, which answers every call; who ended, and when."""

    def __init__(self, site: Site) -> None:
        self._engine, self._loop = AsteriskEngine(site.engine), asyncio.get_running_loop()
        self.refs: dict[str, str] = {}  # SIP Call-ID by line
        self.ended: dict[str, float] = {}  # loop time by Call-ID

    async def __aenter__(self) -> Answering:
        await self._engine.start(self._told)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._engine.stop()

    def _told(self, event: EngineEvent) -> None:
        if isinstance(event, Incoming):
            self.refs[event.line] = event.ref
            self._engine.answer(event.line)
        elif isinstance(event, LineGone):
            self.ended[self.refs[event.line]] = self._loop.time()


async def answer_when_asked(caller: Caller, asked: list[str]) -> None:
    """Take every re-INVITE and UPDATE, as a phone does whose owner says nothing."""
    while True:
        request = await caller.receive(lambda m: m.method in ("INVITE", "UPDATE"), 600)
        asked.append(request.method)
        extra = [("Supported", "timer"), ("Session-Expires", "90;refresher=uac")]
        caller.reply(request, 200, caller.sdp() if request.body else "", caller.tag, extra)


def endpoints(text: str) -> dict[str, dict[str, str]]:
    """The settings of each endpoint in a ``pjsip.conf``."""
    found = {}
    for section in text.split("\n[")[1:] if not text.startswith("[") else ("\n" + text).split("\n[")[1:]:
        name, _, body = section.partition("]")
        pairs = dict(line.split(" = ", 1) for line in body.splitlines() if " = " in line)
        if pairs.get("type") == "endpoint":
            found[name] = pairs
    return found


def test_every_endpoint_we_write_is_asked_and_never_ended_for_want_of_sound(tmp_path: Path) -> None:
    trunk = TrunkConfig("127.0.0.1:5999", "u", "p")
    _, site = bare(tmp_path / "asterisk", {"101": "secret-of-101"}, trunk, test_callers=frozenset({"hotline-test"}))
    written = endpoints(files(site)["pjsip.conf"])
    assert {"anonymous", "101", "trunk", "trunk-out"} <= set(written)
    pasted = endpoints(additions(site)["pjsip.conf"])
    assert {"101", "hotline-test"} == set(pasted)
    del written[NOBODY]  # registrations only, and they are refused
    for name, settings in [*written.items(), *pasted.items()]:
        assert {key: settings.get(key) for key in TIMERS} == TIMERS, name


@pytest.mark.network
@story
async def test_a_caller_learns_that_it_will_be_asked_after_45_s(site: Site) -> None:
    async with Answering(site):
        with Caller(site.sip_port) as caller:
            answer = await caller.call([("Supported", "timer")])
            assert answer["session-expires"].split(";")[0] == "90"
            await caller.hang_up()


@at_night  # takes two minutes
@pytest.mark.network
def test_who_says_nothing_for_long_stays_while_he_answers_and_who_is_dead_is_found_in_two_minutes(site: Site) -> None:
    async def told() -> None:
        loop = asyncio.get_running_loop()
        asked: list[str] = []
        async with Answering(site) as here:
            with Caller(site.sip_port) as silent, Caller(site.sip_port) as dead, Caller(site.sip_port) as promised:
                await silent.call()
                await dead.call()
                await promised.call([("Supported", "timer"), ("Session-Expires", "90;refresher=uac")])
                began = loop.time()
                phone = asyncio.create_task(answer_when_asked(silent, asked))
                gone = (dead.call_id, promised.call_id)
                while loop.time() - began < OLD_LIMIT_S + 10 or not all(one in here.ended for one in gone):
                    assert loop.time() - began < FOUND_S, here.ended
                    assert silent.call_id not in here.ended, loop.time() - began
                    await asyncio.sleep(0.5)
                assert asked, "nobody asked the silent one"
                assert all(here.ended[one] - began > 40 for one in gone)  # and not for want of sound
                phone.cancel()
                with suppress(asyncio.CancelledError):
                    await phone
                await silent.hang_up()

    async def bounded() -> None:
        async with asyncio.timeout(FOUND_S + 20):
            await told()

    asyncio.run(bounded())
