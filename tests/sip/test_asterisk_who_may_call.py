"""Who may call a real Asterisk that was set up for the hotline, and how much; callers at addresses of their own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from ivr.telephony import AccessDenied, EngineEvent, Incoming, LineGone
from sip.access import NUMBER_FULL, SOURCE_FULL, STRANGER
from sip.asterisk.ami_monitor import AmiMonitor
from sip.asterisk.config import Site
from sip.asterisk.engine import AsteriskEngine
from sip.core.config import SeatConfig, TrunkConfig
from tests.sip.raw import Caller, story
from tests.sip.written import Message
from tests.support.asterisk import Asterisk, bare

pytestmark = pytest.mark.network
PROVIDER, PEER, SEAT, SCANNER = "127.0.0.20", "127.0.0.21", "127.0.0.31", "127.0.0.66"
OFFICE, OTHER_OFFICE = "127.0.6.1", "127.0.7.1"
FOUND_S = 20.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asterisk, Site, Caller]]:
    home = Path(tmp_path_factory.mktemp("door")) / "asterisk"
    with Caller(1, host=PROVIDER) as provider:
        trunk = TrunkConfig(f"{PROVIDER}:{provider.port}", "02195598", "pass", peers=(PEER,), trust_caller_header=True)
        networks = tuple(map(ip_network, ("127.0.6.0/24", "127.0.7.0/24")))
        seats = {"101": "secret-of-101"}
        asterisk, site = bare(
            home, seats, trunk, accept=networks, per_number=3, shared_numbers=frozenset({"02155550000"}),
            fixed={"104": SeatConfig("104", uri=f"sip:104@{SEAT}:5070")},
        )  # fmt: skip
        try:
            yield asterisk.start(), site, provider
        finally:
            asterisk.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(FOUND_S):
        while not condition():  # noqa: ASYNC110 - what comes over a network
            await asyncio.sleep(0.05)


@asynccontextmanager
async def answering(site: Site) -> AsyncIterator[list[EngineEvent]]:
    """The engine, which answers every call at once; what it told."""
    told: list[EngineEvent] = []
    engine = AsteriskEngine(replace(site.engine, spool=site.engine.spool))

    def sink(event: EngineEvent) -> None:
        told.append(event)
        if isinstance(event, Incoming):
            engine.answer(event.line)

    await engine.start(sink)
    try:
        yield told
    finally:
        await engine.stop()


@asynccontextmanager
async def refusals(site: Site) -> AsyncIterator[list[Any]]:
    """Whom Asterisk refused by itself."""
    told: list[Any] = []  # refusals, and the trunk's state
    watch = AmiMonitor(site.engine, told.append, lambda: 0)
    task = asyncio.create_task(watch.run())
    try:
        await until(lambda: not watch.trouble)
        yield told
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def called(
    site: Site, host: str, user: str = "13812345678", uri: str = "", extra: list[tuple[str, str]] | None = None
) -> int:
    """The final code a call from there gets; one that is answered is hung up again."""
    with Caller(site.sip_port, user, host) as caller:
        caller.send(caller.request("INVITE", caller.sdp(), uri=uri, extra=extra))
        answer = await caller.final()
        if answer.code == 200:
            caller.ack(answer)
            await caller.hang_up()
        return answer.code


@story
async def test_the_provider_its_peers_accepted_networks_and_this_machine_are_answered_a_scanner_is_not(
    running: tuple[Asterisk, Site, Caller],
) -> None:
    _, site, _ = running
    async with answering(site) as told, refusals(site) as refused:
        for host in (PROVIDER, PEER, OFFICE, "127.0.0.1"):
            assert await called(site, host) == 200, host
        heard = len([event for event in told if isinstance(event, Incoming)])
        # Also under the names of our endpoints, and of a seat that is called at a fixed address.
        for user in ("13812345678", "anonymous", "trunk", "trunk-out", "104"):
            assert await called(site, SCANNER, user) in (401, 403), user
        counted = {(STRANGER, "127.0.0.0/24")}
        await until(lambda: counted <= {(one.kind, one.network) for one in refused if isinstance(one, AccessDenied)})
        assert await called(site, SCANNER, "101") == 401  # a seat proves its secret
        assert await called(site, SEAT, "104") == 200
        assert len([event for event in told if isinstance(event, Incoming)]) == heard + 1


@story
async def test_a_registered_trunk_is_known_by_its_line_wherever_its_call_comes_from(
    running: tuple[Asterisk, Site, Caller],
) -> None:
    _, site, provider = running

    def registers(message: Message) -> bool:
        return message.method == "REGISTER"

    register = await provider.receive(registers, 60.0)
    contact = re.search(r"<(sip:[^>]+;line=\w+)>", register["contact"])
    assert contact
    provider.reply(register, 200, extra=[("Expires", "300")])
    async with answering(site) as told:
        asserted = [("P-Asserted-Identity", "<sip:02161234567@isp>")]
        assert await called(site, SCANNER, uri=contact[1], extra=asserted) == 200
        assert next(event for event in told if isinstance(event, Incoming)).caller == "02161234567"
        assert await called(site, SCANNER, uri=contact[1] + "x") in (401, 403)


@story
async def test_a_flood_without_an_ack_is_bounded_by_its_source_and_keeps_nobody_else_waiting(
    running: tuple[Asterisk, Site, Caller],
) -> None:
    _, site, _ = running
    async with answering(site) as told:
        with Caller(site.sip_port, "anonymous", OFFICE) as attacker:
            for n in range(60):
                attacker.call_id, attacker.tag = f"attack-{n}", f"tag{n}"
                attacker.send(attacker.request("INVITE", attacker.sdp()))
                await asyncio.sleep(0.005)
            begun = asyncio.get_running_loop().time()
            for n in range(5):
                assert await called(site, OTHER_OFFICE, f"1390000000{n}") == 200
            assert asyncio.get_running_loop().time() - begun < FOUND_S
            taken = [event for event in told if isinstance(event, Incoming)]
            assert len(taken) <= 25 + 5
            assert {event.kind for event in told if isinstance(event, AccessDenied)} == {SOURCE_FULL}
            # Those who never sent a sound make room, the first of them first.
            async with asyncio.timeout(FOUND_S):
                while not any(isinstance(event, LineGone) and event.cause == "no_ack" for event in told):
                    attacker.call_id = f"later-{len(told)}-{asyncio.get_running_loop().time()}"
                    attacker.send(attacker.request("INVITE", attacker.sdp()))
                    await asyncio.sleep(0.5)


@story
async def test_the_fourth_call_at_once_of_one_number_hears_busy_unless_it_is_shared(
    running: tuple[Asterisk, Site, Caller],
) -> None:
    _, site, _ = running
    async with answering(site) as told:
        with ExitStack() as open_:
            for number, codes in (("13812345678", [200, 200, 200, 486]), ("02155550000", [200] * 5)):
                callers = [open_.enter_context(Caller(site.sip_port, number, PROVIDER)) for _ in codes]
                for caller, code in zip(callers, codes, strict=True):
                    caller.send(caller.request("INVITE", caller.sdp()))
                    answer = await caller.final()
                    assert answer.code == code
                    if code == 200:
                        caller.ack(answer)
                for caller, code in zip(callers, codes, strict=True):
                    if code == 200:
                        await caller.hang_up()
        assert [event.kind for event in told if isinstance(event, AccessDenied)] == [NUMBER_FULL]
