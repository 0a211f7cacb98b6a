"""The watcher against a real Asterisk: refusals, sound, the trunk's registration; and an AMI that stalls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivr.telephony import AccessDenied, LineQuality, TrunkChanged
from sip.asterisk.ami_monitor import AmiMonitor, AmiTimeouts
from sip.asterisk.config import Site
from sip.core.config import TrunkConfig
from sip.embedded.phone import Phone
from tests.support.asterisk import Asterisk, bare
from tests.support.ports import free_address

pytestmark = pytest.mark.network
# Asterisk holds a refusal of an account back for one second.
QUICK = AmiTimeouts(answer_s=2.0, ping_s=0.3, first_pause_s=0.05, longest_pause_s=0.2)


class Registrar(asyncio.DatagramProtocol):
    """A provider that lets everybody register, until it is told to refuse."""

    def __init__(self) -> None:
        self.status = "200 OK"

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        lines = data.decode().split("\r\n")
        if not lines[0].startswith("REGISTER"):
            return
        kept = [line for line in lines if line.split(":")[0] in ("Via", "From", "Call-ID", "CSeq", "Contact")]
        to = next(line for line in lines if line.startswith("To:"))
        answer = [f"SIP/2.0 {self.status}", *kept, f"{to};tag=registrar", "Expires: 300", "Content-Length: 0", "", ""]
        self._transport.sendto("\r\n".join(answer).encode(), addr)


@pytest.fixture(scope="module")
def trunk() -> str:
    return f"127.0.0.2:{free_address().port}"  # not where telephones call from: its address tells who it is


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, trunk: str) -> Iterator[tuple[Asterisk, Site]]:
    home = Path(tmp_path_factory.mktemp("watch")) / "asterisk"
    line = TrunkConfig(trunk, "95598", "provider", 300, register=True)
    asterisk, site = bare(home, {"101": "secret101"}, trunk=line)
    try:
        yield asterisk.start(), site
    finally:
        asterisk.stop()


@asynccontextmanager
async def watching(site: Site, **changes: Any) -> AsyncIterator[tuple[AmiMonitor, list[Any]]]:
    heard: list[Any] = []
    watch = AmiMonitor(replace(site.engine, **changes), heard.append, lambda: time.time_ns() // 1_000_000, QUICK)
    task = asyncio.create_task(watch.run())
    try:
        yield watch, heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], Any], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what comes over a network
            await asyncio.sleep(0.02)


def test_a_wrong_password_is_told_with_the_account_and_the_network_but_not_the_machine(
    running: tuple[Asterisk, Site],
) -> None:
    async def story() -> None:
        _, site = running
        async with watching(site) as (watch, heard):
            await until(lambda: not watch.trouble)
            phone = await Phone.open("127.0.0.1")
            try:
                with suppress(TimeoutError):
                    await phone.register(f"127.0.0.1:{site.sip_port}", "101", "wrong", wait_s=1)
                await until(lambda: [one for one in heard if isinstance(one, AccessDenied)])
            finally:
                await phone.close()
            first = next(one for one in heard if isinstance(one, AccessDenied))
            assert (first.kind, first.service, first.account) == ("ChallengeResponseFailed", "PJSIP", "101")
            assert first.network == "127.0.0.0/24"

    asyncio.run(story())


def test_a_call_s_lines_tell_how_they_sounded(running: tuple[Asterisk, Site]) -> None:
    async def story() -> None:
        asterisk, site = running
        async with watching(site) as (watch, heard):
            await until(lambda: not watch.trouble)
            # No hotline is connected, so the call waits in the dialplan and is then answered by its apology.
            asterisk.cli("dialplan add extension 7,1,Answer() into hotline")
            asterisk.cli("dialplan add extension 7,2,Wait(2) into hotline")
            asterisk.cli("dialplan add extension 7,3,Hangup() into hotline")
            phone = await Phone.open("127.0.0.1")
            try:
                await phone.call(f"sip:7@127.0.0.1:{site.sip_port}", "13800001111")
                await phone.over()
            finally:
                await phone.close()
            await until(lambda: [one for one in heard if isinstance(one, LineQuality)])
        (told,) = [one for one in heard if isinstance(one, LineQuality)]
        assert told.received > 50 and told.lost <= 2 and 0 <= told.jitter_us < 100_000

    asyncio.run(story())


def test_the_trunk_s_registration_is_told_and_each_change_of_it(running: tuple[Asterisk, Site], trunk: str) -> None:
    async def story() -> None:
        asterisk, site = running
        host, port = trunk.rsplit(":", 1)
        loop = asyncio.get_running_loop()
        transport, registrar = await loop.create_datagram_endpoint(Registrar, local_addr=(host, int(port)))
        try:
            asterisk.cli("pjsip send unregister trunk-registration")
            async with watching(site, trunk="trunk") as (watch, heard):
                await until(lambda: not watch.trouble)
                asterisk.cli("pjsip send register trunk-registration")
                await until(lambda: watch.registration == "registered")
                registrar.status = "403 Forbidden"
                asterisk.cli("pjsip send register trunk-registration")
                await until(lambda: watch.registration == "rejected")
                assert watch.beat()["registration"] == "rejected"
                states = [one.state for one in heard if isinstance(one, TrunkChanged)]
                assert states[-2:] == ["registered", "rejected"]
            # One that comes later asks how it stands.
            async with watching(site, trunk="trunk") as (watch, heard):
                await until(lambda: watch.registration == "rejected")
        finally:
            transport.close()

    asyncio.run(story())


class Proxy:
    """Between the watcher and AMI: passes all on, until it is told to stall."""

    def __init__(self, port: int) -> None:
        self._port, self.stalled, self.opened = port, False, 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer), return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(4096):
                if not self.stalled:
                    writer.write(data)
        finally:
            writer.close()


def test_an_ami_that_stalls_is_left_and_found_again(running: tuple[Asterisk, Site]) -> None:
    async def story() -> None:
        _, site = running
        assert site.engine.ami is not None
        proxy = Proxy(site.engine.ami[1])
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()[:2]
        try:
            async with watching(site, ami=tuple(address)) as (watch, _heard):
                await until(lambda: not watch.trouble)
                proxy.stalled = True
                await until(lambda: "in time" in watch.trouble)
                assert watch.beat()["watch"] == "it does not answer in time"
                proxy.stalled = False
                await until(lambda: not watch.trouble)
                assert proxy.opened >= 2
        finally:
            server.close()

    asyncio.run(story())


def test_an_account_that_is_refused_or_an_ami_that_is_away_is_said_and_tried_again(
    running: tuple[Asterisk, Site],
) -> None:
    async def story() -> None:
        _, site = running
        async with watching(site, secret="another") as (watch, _):
            await until(lambda: "refused" in watch.trouble)
        async with watching(site, ami=("127.0.0.1", free_address().port)) as (watch, _):
            await until(lambda: watch.trouble != "not connected yet")
            assert watch.trouble

    asyncio.run(story())


def test_a_watch_that_is_ended_just_as_an_answer_comes_ends(running: tuple[Asterisk, Site]) -> None:
    """`asyncio.wait_for` of Python 3.11 gives the answer and forgets the cancellation: the hotline would not stop."""

    async def story() -> None:
        _, site = running
        watch = AmiMonitor(site.engine, lambda told: None, lambda: 0, QUICK)
        answer = asyncio.get_running_loop().create_future()
        asking = asyncio.create_task(watch._within(answer))
        await asyncio.sleep(0)
        answer.set_result("Pong")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(story())


def test_our_account_reads_and_can_change_nothing(running: tuple[Asterisk, Site]) -> None:
    async def story() -> None:
        asterisk, site = running
        assert site.engine.ami is not None
        from sip.asterisk.config import ami_secret

        reader, writer = await asyncio.open_connection(*site.engine.ami)
        async with asyncio.timeout(10):
            await reader.readline()
            for action in (
                f"Login\r\nUsername: {site.engine.user}\r\nSecret: {ami_secret(site.engine)}\r\nEvents: off",
                "Originate\r\nChannel: Local/7@hotline\r\nApplication: Wait\r\nData: 1\r\nAsync: true",
                "Command\r\nCommand: core show version",
                "Setvar\r\nVariable: X\r\nValue: 1",
            ):
                writer.write(f"Action: {action}\r\n\r\n".encode())
            told = ""
            while told.count("Message:") < 4:
                told += (await reader.readline()).decode()
        writer.close()
        assert told.count("Success") == 1 and told.count("Permission denied") == 3
        assert asterisk.channels() == 0

    asyncio.run(story())
