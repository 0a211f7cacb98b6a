"""A real Asterisk over TCP and TLS: phones are rung down their own connection, a provider's certificate is checked."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from hotline.asterisk.setup import write
from ivr.telephony import EngineEvent, Incoming, LineUp
from sip.asterisk.config import Site
from sip.asterisk.engine import AsteriskEngine
from sip.core.config import Tls, TrunkConfig
from sip.embedded.phone import OnCall, Phone
from tests.sip.far_end import until
from tests.sip.provider import Provider
from tests.sip.raw import story
from tests.sip.streaming import Certificates, Line
from tests.support.asterisk import Asterisk, bare
from tests.support.nightly import at_night
from tests.support.ports import free_address

pytestmark = pytest.mark.network
PROVIDER = "127.0.0.20"  # another address than the phones'


def set_up(home: Path, certificates: Certificates, trusted: Path, trunk: TrunkConfig | None) -> tuple[Asterisk, Site]:
    asterisk, site = bare(home, {"101": "secret-of-101"}, trunk)
    place = Tls("127.0.0.1", free_address().port, certificates.made.certificate, certificates.made.key)
    site = replace(site, tcp=True, tls=place, trusted=trusted)
    write(site)
    return asterisk, site


@asynccontextmanager
async def connected(site: Site) -> AsyncIterator[tuple[AsteriskEngine, list[EngineEvent]]]:
    told: list[EngineEvent] = []
    engine = AsteriskEngine(site.engine)

    def sink(event: EngineEvent) -> None:
        told.append(event)
        if isinstance(event, Incoming):
            engine.answer(event.line)

    await engine.start(sink)
    try:
        yield engine, told
    finally:
        await engine.stop()


async def is_up(told: list[EngineEvent], line: str) -> None:
    """This line, and no caller's that was told of late."""
    await until(lambda: any(isinstance(event, LineUp) and event.line == line for event in told))


def test_phones_and_trunk_of_asterisk_over_tcp_and_tls(tmp_path: Path) -> None:
    certificates, provider = Certificates(tmp_path / "tls", PROVIDER), Provider()

    @story
    async def run() -> None:
        port = await provider.open(certificates.server(), PROVIDER)
        trunk = TrunkConfig(f"{PROVIDER}:{port}", "u", "s", transport="TLS")
        asterisk, site = set_up(tmp_path / "asterisk", certificates, certificates.made.ca, trunk)
        asterisk.start()
        try:
            async with connected(site) as (engine, told):
                await provider.until("REGISTER")  # Asterisk trusts it, by its name
                for transport, where in (("TCP", site.sip_port), ("TLS", site.tls.port if site.tls else 0)):
                    await a_phone(engine, told, certificates, transport, where)
                    context = certificates.client() if transport == "TLS" else None
                    async with await Line.open(where, context) as line:  # loopback: it may call
                        line.send(line.request("INVITE", line.caller.sdp()))
                        answer = await line.final()
                        assert answer.code == 200 and answer["via"].startswith(f"SIP/2.0/{transport}")
                        assert f"transport={transport.lower()}" in answer["contact"].lower()
                engine.dial_number("out", "13900001111", 8000)
                await is_up(told, "out")
                assert provider.of("INVITE")[0]["via"].startswith("SIP/2.0/TLS") and len(provider.lines) == 1
        finally:
            asterisk.stop()
            await provider.close()

    run()


@at_night
@pytest.mark.timeout(420)
def test_a_phone_over_tls_that_was_idle_for_five_minutes_is_rung_down_its_own_connection(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "tls")

    async def run() -> None:
        asterisk, site = set_up(tmp_path / "asterisk", certificates, certificates.made.ca, None)
        asterisk.start()
        try:
            async with connected(site) as (engine, told):
                await a_phone(engine, told, certificates, "TLS", site.tls.port if site.tls else 0, idle_s=300.0)
        finally:
            asterisk.stop()

    asyncio.run(asyncio.wait_for(run(), 400))


async def a_phone(
    engine: AsteriskEngine,
    told: list[EngineEvent],
    certificates: Certificates,
    transport: str,
    port: int,
    idle_s: float = 0.0,
) -> None:
    """Registers, and is rung over its one connection: it listens nowhere, so nothing else could reach it."""
    phone = await Phone.open(trusted=certificates.made.ca)
    try:
        phone.on_call = OnCall(answer_after_s=0.0)
        await phone.register(f"127.0.0.1:{port}", "101", "secret-of-101", transport=transport)
        await until(lambda: engine.reachable()["101"])
        await asyncio.sleep(idle_s)
        engine.dial(f"seat-{transport}", "101", 8000)
        await is_up(told, f"seat-{transport}")
        assert phone.leg is not None and phone.leg.source.transport == transport
        assert len(phone._sip.streams) == 1
    finally:
        await phone.close()


def test_asterisk_says_nothing_to_a_provider_with_a_certificate_nobody_vouches_for(tmp_path: Path) -> None:
    certificates, provider = Certificates(tmp_path / "tls", PROVIDER), Provider()
    other = Certificates(tmp_path / "other", PROVIDER)

    @story
    async def run() -> None:
        port = await provider.open(other.server(), PROVIDER)
        trunk = TrunkConfig(f"{PROVIDER}:{port}", "u", "s", transport="TLS")
        asterisk, _ = set_up(tmp_path / "asterisk", certificates, certificates.made.ca, trunk)
        asterisk.start()
        try:
            log = tmp_path / "asterisk" / "log" / "messages.log"
            async with asyncio.timeout(20):  # its first try comes within 10 s
                while "transport-tls" not in log.read_text():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            await asyncio.sleep(0.5)
            assert provider.heard == []
        finally:
            asterisk.stop()
            await provider.close()

    run()


@contextmanager
def name_server(records: dict[tuple[str, str], str]) -> Iterator[int]:
    """A DNS server on this machine that knows ``records`` by name and type; its port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def serve() -> None:
        while data := (got := sock.recvfrom(4096))[0]:
            query = dns.message.from_wire(data)
            name, kind = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
            answer = dns.message.make_response(query)
            if row := records.get((name.to_text(), kind)):
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, row))
            sock.sendto(answer.to_wire(), got[1])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", sock.getsockname())
        thread.join()
        sock.close()


def test_asterisk_finds_a_provider_without_a_port_by_its_srv_records(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as provider:
        provider.bind((PROVIDER, 0))
        provider.settimeout(20)
        records = {
            ("_sip._udp.isp.example.org.", "SRV"): f"10 5 {provider.getsockname()[1]} a.isp.example.org.",
            ("a.isp.example.org.", "A"): PROVIDER,
        }
        with name_server(records) as port:
            asterisk, _ = bare(tmp_path / "asterisk", {}, TrunkConfig("isp.example.org", "u", "s"))
            asked = tmp_path / "asterisk" / "resolver_unbound.conf"
            asked.write_text(f"[general]\nhosts =\nresolv =\nnameserver = 127.0.0.1@{port}\n")
            try:
                asterisk.start()
                assert provider.recvfrom(4096)[0].split(b"\r\n")[0].endswith(b" sip:isp.example.org SIP/2.0")
            finally:
                asterisk.stop()
