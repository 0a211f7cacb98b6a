"""Where a provider's name leads: SRV first, in the order of its records, and its own addresses only without them."""

from __future__ import annotations

import random
import socket
from collections import Counter

from sip.core.events import Found
from sip.core.sip_messages import Addr
from sip.embedded.resolver import Resolver, Srv, in_order
from tests.sip.raw import story

IPS = {
    "isp.example": ["203.0.113.1"],
    "a.isp.example": ["203.0.113.7", "203.0.113.8"],
    "b.isp.example": ["203.0.113.9"],
}


class Dns:
    """What is asked, and the answers; ``away``: none come."""

    def __init__(self, **records: list[Srv]) -> None:
        self.records = {name.replace("__", "."): found for name, found in records.items()}
        self.asked: list[str] = []
        self.away = False

    async def srv(self, name: str) -> list[Srv]:
        self.asked.append(name)
        return [] if self.away else self.records.get(name, [])

    async def a(self, host: str, family: int) -> list[str]:
        return [] if self.away else IPS.get(host, [])

    def resolver(self) -> Resolver:
        return Resolver(self.srv, self.a)


TWO = [Srv(20, 0, 5070, "b.isp.example"), Srv(10, 0, 5081, "a.isp.example")]


@story
async def test_srv_records_say_hosts_ports_and_order_for_each_transport() -> None:
    dns = Dns(_sips___tcp__isp__example=TWO)
    found = await dns.resolver().find("isp.example", None, "TLS")
    assert dns.asked == ["_sips._tcp.isp.example"]
    assert found.addresses == (
        Addr("203.0.113.7", 5081, "TLS"), Addr("203.0.113.8", 5081, "TLS"), Addr("203.0.113.9", 5070, "TLS"),
    )  # fmt: skip


@story
async def test_without_srv_the_name_s_own_address_and_the_usual_port_count() -> None:
    dns = Dns()
    for transport, port in (("UDP", 5060), ("TCP", 5060), ("TLS", 5061)):
        assert (await dns.resolver().find("isp.example", None, transport)).addresses == (
            Addr("203.0.113.1", port, transport),
        )
    assert dns.asked == ["_sip._udp.isp.example", "_sip._tcp.isp.example", "_sips._tcp.isp.example"]


@story
async def test_a_port_an_address_and_a_name_without_a_dot_ask_for_no_srv() -> None:
    dns = Dns(_sip___udp__isp__example=TWO)
    assert (await dns.resolver().find("isp.example", 5090, "UDP")).addresses == (Addr("203.0.113.1", 5090),)
    assert (await dns.resolver().find("203.0.113.5", None, "TLS")).addresses == (Addr("203.0.113.5", 5061, "TLS"),)
    assert await dns.resolver().find("pbx", None, "UDP") == Found((), "cannot find the address of pbx")
    assert dns.asked == []


@story
async def test_a_call_does_not_wait_for_dns_again_and_what_was_good_counts_while_dns_is_away() -> None:
    dns = Dns(_sip___udp__isp__example=TWO)
    resolver = dns.resolver()
    first = await resolver.find("isp.example", None, "UDP")
    assert await resolver.find("isp.example", None, "UDP") == first and len(dns.asked) == 1
    resolver._kept = {asked: (at - 3600, found) for asked, (at, found) in resolver._kept.items()}
    dns.away = True
    assert await resolver.find("isp.example", None, "UDP") == first and len(dns.asked) == 2


def test_among_equals_weights_are_shares_and_a_lower_priority_always_goes_first() -> None:
    records = [Srv(10, 75, 5060, "a"), Srv(10, 25, 5060, "b"), Srv(5, 0, 5060, "first")]
    dice = random.Random(7)
    orders = Counter(tuple(srv.host for srv in in_order(records, dice)) for _ in range(2000))
    assert set(orders) == {("first", "a", "b"), ("first", "b", "a")}
    assert 0.70 < orders["first", "a", "b"] / 2000 < 0.80


@story
async def test_addresses_of_this_machine_come_from_its_own_resolver() -> None:
    resolver = Resolver()
    resolver.family = socket.AF_INET
    assert (await resolver.find("localhost", None, "UDP")).addresses == (Addr("127.0.0.1", 5060),)
