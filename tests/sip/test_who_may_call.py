"""Who may call the built-in engine, and how much: real datagrams from different addresses of this machine.

Attackers, honest callers, the provider and operators' phones each have a loopback address of their own; only
127.0.0.1 is the machine itself.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network

import pytest

from ivr.telephony import AccessDenied, Incoming, LineGone, LineUp
from sip.access import NUMBER_FULL, SOURCE_FULL, STRANGER
from sip.core.config import SeatConfig, Timing, TrunkConfig
from sip.embedded.phone import Phone
from sip.embedded.resolver import addresses_of, srv_targets
from tests.sip.raw import Caller, Hotline, free_ports, story

pytestmark = pytest.mark.network

PROVIDER, PEER, OFFICE, SEAT = "127.0.0.20", "127.0.0.21", "127.0.9.9", "127.0.0.31"
SCANNER, CITIZEN = "127.0.0.66", "127.0.0.77"
ACCEPT = (ip_network("127.0.9.0/24"),)


def by_address(**more: object) -> TrunkConfig:
    return TrunkConfig(PROVIDER, "", register=False, peers=(PEER,), **more)  # type: ignore[arg-type]


async def is_taken(hotline: Hotline, host: str, uri: str = "") -> bool:
    """Whether a call from there is answered; it is hung up again."""
    with Caller(hotline.port, host=host) as caller:
        caller.send(caller.request("INVITE", caller.sdp(), uri=uri))
        try:
            answer = await caller.receive(lambda m: m.code >= 200, 1.0 if host == SCANNER else 10.0)
        except TimeoutError:
            assert caller.seen == []  # not a word
            return False
        assert answer.code == 200, answer.text
        caller.ack(answer)
        await caller.hang_up()
        return True


@story
async def test_with_a_trunk_a_scanner_gets_no_answer_rings_nobody_and_is_in_no_figure() -> None:
    async with Hotline(trunk=by_address(), accept=ACCEPT) as hotline:
        with Caller(hotline.port, host=SCANNER) as scanner:
            for _ in range(5):
                scanner.send(scanner.request("INVITE", scanner.sdp()))
            scanner.send(scanner.request("INVITE", scanner.sdp(), drop=("CSeq",)))  # not even for a faulty one
            assert await scanner.quiet(0.5) == []
        assert [type(event) for event in hotline.events] == [AccessDenied]
        told = hotline.of(AccessDenied)[0]
        assert (told.kind, told.service, told.network) == (STRANGER, "SIP", "127.0.0.0/24")
        assert hotline.media.ports_in_use == 0


@story
async def test_the_provider_its_peers_accepted_networks_and_this_machine_are_answered() -> None:
    async with Hotline(trunk=by_address(), accept=ACCEPT) as hotline:
        for host in (PROVIDER, PEER, OFFICE, "127.0.0.1"):
            assert await is_taken(hotline, host), host
        assert not await is_taken(hotline, SCANNER)


@story
async def test_an_operator_s_phone_may_call_from_where_it_registered_as_long_as_it_is() -> None:
    seats = {"101": SeatConfig("101", "secret-of-101")}
    async with Hotline(trunk=by_address(), seats=seats) as hotline:
        with Caller(hotline.port, host=SEAT) as phone:
            phone.send(phone.request("INVITE", phone.sdp()))
            assert await phone.quiet(0.4) == []
        registered = await Phone.open(SEAT)
        try:
            await registered.register(f"127.0.0.1:{hotline.port}", "101", "secret-of-101")
            assert await is_taken(hotline, SEAT)
        finally:
            await registered.close()
        with Caller(hotline.port, host=SEAT) as phone:
            phone.send(phone.request("INVITE", phone.sdp()))
            assert await phone.quiet(0.4) == []


@story
async def test_a_seat_with_a_fixed_address_may_call_from_there() -> None:
    seats = {"104": SeatConfig("104", uri=f"sip:104@{SEAT}:5070")}
    async with Hotline(trunk=by_address(), seats=seats) as hotline:
        assert await is_taken(hotline, SEAT)


@story
async def test_without_a_trunk_everybody_is_answered_as_ever() -> None:
    async with Hotline() as hotline:
        assert await is_taken(hotline, SCANNER)
        assert hotline.of(AccessDenied) == []


@story
async def test_a_registered_trunk_is_known_by_its_line_wherever_its_call_comes_from() -> None:
    with Caller(1, host=PROVIDER) as provider:
        trunk = TrunkConfig(f"{PROVIDER}:{provider.port}", "02195598", "pass", trust_caller_header=True)
        async with Hotline(trunk=trunk) as hotline:
            register = await provider.receive(lambda m: m.method == "REGISTER")
            contact = re.search(r"<(sip:[^>]+;line=[0-9a-f]{16})>", register["contact"])
            assert contact
            provider.reply(register, 200, extra=[("Contact", f"<{contact[1]}>;expires=300")])
            assert await is_taken(hotline, SCANNER, uri=contact[1])
            assert not await is_taken(hotline, SCANNER, uri=contact[1][:-1])
            with Caller(hotline.port, host=SCANNER) as gateway:  # and believed like the trunk
                asserted = [("P-Asserted-Identity", "<sip:02161234567@isp>")]
                gateway.send(gateway.request("INVITE", gateway.sdp(), uri=contact[1], extra=asserted))
                gateway.ack(await gateway.expect(200))
                await gateway.hang_up()
            assert hotline.of(Incoming)[-1].caller == "02161234567"
            assert (await again(hotline)) != contact[1]  # a new one at each start
            provider.reply(register, 200)


async def again(hotline: Hotline) -> str:
    """The Contact the next process registers with."""
    with Caller(1, host=PROVIDER) as provider:
        trunk = TrunkConfig(f"{PROVIDER}:{provider.port}", "02195598", "pass")
        async with Hotline(trunk=trunk):
            register = await provider.receive(lambda m: m.method == "REGISTER")
            return register["contact"].partition(">")[0].lstrip("<")


@story
async def test_what_belongs_to_a_call_follows_it_from_other_addresses() -> None:
    async with Hotline(trunk=by_address(), auto=False) as hotline:
        with Caller(hotline.port, host=PROVIDER) as provider, Caller(hotline.port, host=SCANNER) as elsewhere:
            provider.send(invite := provider.request("INVITE", provider.sdp()))
            line = (await hotline.until(Incoming)).line
            elsewhere.send(invite)  # the INVITE again, over another path
            hotline.engine.answer(line)
            answer = await provider.expect(200)
            elsewhere.call_id, elsewhere.tag, elsewhere.number = provider.call_id, provider.tag, provider.number
            elsewhere.ack(answer)
            await hotline.until(LineUp)
            elsewhere.send(elsewhere.request("INVITE", elsewhere.sdp()))
            elsewhere.ack(await elsewhere.expect(200))
            elsewhere.send(elsewhere.request("BYE"))
            await elsewhere.expect(200)
            assert (await hotline.until(LineGone)).by == "far"
        with Caller(hotline.port, host=PROVIDER) as provider, Caller(hotline.port, host=SCANNER) as elsewhere:
            provider.send(provider.request("INVITE", provider.sdp(), branch="z9hG4bKgiven-up"))
            await hotline.until(Incoming, 2)
            cancel = provider.request("CANCEL", number=1, branch="z9hG4bKgiven-up")
            elsewhere.send(cancel)
            assert (await provider.expect(487)).cseq == "INVITE"
        assert hotline.of(AccessDenied) == []


# --- how much ------------------------------------------------------------------------------


async def honest_calls(hotline: Hotline, count: int, host: str = CITIZEN) -> float:
    """Seconds until the slowest of some calls in a row was answered."""
    slowest = 0.0
    for n in range(count):
        with Caller(hotline.port, f"1390000{n:04}", host) as caller:
            begun = asyncio.get_running_loop().time()
            await caller.call()
            slowest = max(slowest, asyncio.get_running_loop().time() - begun)
            await caller.hang_up()
    return slowest


@pytest.mark.parametrize("sources", [1, 46], ids=["of one", "of many"])
@story
async def test_230_calls_without_an_ack_keep_nobody_else_waiting(sources: int) -> None:
    async with Hotline(timing=Timing(), rtp_range=free_ports(1200)) as hotline:
        with ExitStack() as open_:
            attackers = [open_.enter_context(Caller(hotline.port, host=f"127.0.6.{n + 1}")) for n in range(sources)]
            for n in range(230):
                attacker = attackers[n % sources]
                attacker.call_id, attacker.tag = f"attack-{n}", f"tag{n}"
                attacker.send(attacker.request("INVITE", attacker.sdp()))
                if n % 10 == 0:  # within half a second: faster is another matter, of what the machine can do at all
                    await asyncio.sleep(0.02)
            assert await honest_calls(hotline, 10) < 4.0
        here = len(hotline.of(Incoming)) - len(hotline.of(LineGone))
        assert here <= (25 if sources == 1 else 100)
        for event in hotline.of(Incoming):
            hotline.engine.hangup(event.line, "over")


@story
async def test_a_source_that_goes_on_without_an_ack_is_refused_until_its_first_calls_are_overdue() -> None:
    async with Hotline(timing=Timing(), max_calls=8) as hotline:
        with Caller(hotline.port, host=SCANNER) as attacker:
            codes = []
            for n in range(5):
                attacker.call_id = f"attack-{n}"
                attacker.send(attacker.request("INVITE", attacker.sdp()))
                answer = await attacker.receive(lambda m: m.code >= 200 and m["call-id"] == attacker.call_id)
                codes.append(answer.code)
            assert codes == [200, 200, 200, 200, 503]
            assert [event.kind for event in hotline.of(AccessDenied)] == [SOURCE_FULL]
            await asyncio.sleep(2.1)
            attacker.call_id = "later"
            attacker.send(attacker.request("INVITE", attacker.sdp()))
            later = await attacker.receive(lambda m: m.code >= 200 and m["call-id"] == "later")
            assert later.code == 200
            gone = await hotline.until(LineGone)
            assert (gone.line, gone.by, gone.cause) == (hotline.of(Incoming)[0].line, "failure", "no_ack")


@story
async def test_the_provider_s_calls_all_come_from_one_address_and_are_not_bounded_by_it() -> None:
    async with Hotline(trunk=by_address(), rtp_range=free_ports(400)) as hotline:
        with Caller(hotline.port, host=PROVIDER) as provider:
            for n in range(60):
                provider.call_id, provider.tag = f"call-{n}", f"tag{n}"
                provider.send(provider.request("INVITE", provider.sdp()))
            await hotline.until(LineUp, 60)
        assert hotline.of(AccessDenied) == []


@story
async def test_the_fourth_call_at_once_of_one_number_hears_busy_and_is_taken_when_one_has_ended() -> None:
    async with Hotline(per_number=3) as hotline:
        with ExitStack() as open_:
            first, *others = [open_.enter_context(Caller(hotline.port, "13812345678")) for _ in range(5)]
            for caller in (first, *others[:2]):
                await caller.call()
            others[2].send(others[2].request("INVITE", others[2].sdp()))
            await others[2].expect(486)
            assert [event.kind for event in hotline.of(AccessDenied)] == [NUMBER_FULL]
            await first.hang_up()
            await others[3].call()
            for caller in (*others[:2], others[3]):
                await caller.hang_up()


@pytest.mark.parametrize("user", ["anonymous", "02155550000"], ids=["withheld", "a hospital's"])
@story
async def test_many_people_may_call_at_once_behind_a_withheld_or_shared_number(user: str) -> None:
    async with Hotline(per_number=3, shared_numbers=frozenset({"02155550000"})) as hotline:
        with ExitStack() as open_:
            callers = [open_.enter_context(Caller(hotline.port, user)) for _ in range(6)]
            for caller in callers:
                await caller.call()
            for caller in callers:
                await caller.hang_up()
        assert hotline.of(AccessDenied) == []


# --- where the provider calls from ---------------------------------------------------------


@contextmanager
def name_server(records: dict[str, str]) -> Iterator[tuple[str, int]]:
    """A DNS server that knows SRV ``records``."""
    import dns.message
    import dns.rrset

    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, source = sock.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            answer = dns.message.make_response(query)
            name = query.question[0].name
            if rows := records.get(name.to_text(omit_final_dot=True)):
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "SRV", *rows.split(",")))
            sock.sendto(answer.to_wire(), source)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield sock.getsockname()
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", sock.getsockname())
        thread.join()
        sock.close()


@story
async def test_all_targets_of_the_provider_s_srv_records_are_the_trunk() -> None:
    known = {"sip1.isp.example": ["203.0.113.7"], "sip2.isp.example": ["203.0.113.8", "2001:db8::8"]}
    records = {
        "_sip._udp.isp.example": "10 5 5060 sip1.isp.example.,20 5 5060 sip2.isp.example.",
        "_sips._tcp.isp.example": "0 0 0 .",
    }

    async def addresses(host: str) -> list[str]:
        return known.get(host, ["203.0.113.1"])

    with name_server(records) as server:
        found = await addresses_of("isp.example", lambda name: srv_targets(name, server), addresses)
    assert found == {"203.0.113.1", "203.0.113.7", "203.0.113.8", "2001:db8::8"}


@story
async def test_a_trunk_that_is_a_name_is_known_by_its_addresses() -> None:
    trunk = TrunkConfig("localhost", "", register=False, trust_caller_header=True)
    async with Hotline(trunk=trunk) as hotline:
        asserted = [("P-Asserted-Identity", "<sip:02161234567@isp>")]
        async with asyncio.timeout(20):
            while not (heard := hotline.of(Incoming)) or heard[-1].caller != "02161234567":
                with Caller(hotline.port) as caller:
                    await caller.call(asserted)
                    await caller.hang_up()
