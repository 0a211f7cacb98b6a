"""Calls over TCP and TLS on the core: each message goes down the connection it belongs to (RFC 3261 §18, RFC 5923)."""

from __future__ import annotations

import re

import pytest

from sip.core.config import TrunkConfig
from sip.core.credentials import Credentials
from sip.core.events import Ended, Event, Found, LookUp, Registered, Up
from sip.core.leg_out import SERVER_S, DialTarget, OutboundLeg
from sip.core.registration import Registration
from sip.core.sip_messages import Addr
from sip.core.trunk import trunk_leg
from tests.sip.core.house import FAR, HERE, House, codes
from tests.sip.core.script import SDP, answer, request, tag_in
from tests.sip.written import Message, proof

PHONE = Addr(FAR.host, 49_152, "TLS")  # the phone's own end of its connection
ONE, TWO = Addr("192.0.2.101", 5060), Addr("192.0.2.102", 5060)


def over(data: bytes, transport: str = "TLS") -> bytes:
    return data.replace(b"SIP/2.0/UDP", b"SIP/2.0/" + transport.encode())


def tls_house() -> House:
    house = House(qualify_s=0)
    house.agent.connected(PHONE, house.now)
    return house


def register(house: House, source: Addr) -> None:
    """A phone registers over its connection; its Contact names a port nobody listens at."""
    contact = f"Contact: <sip:101@{FAR.host}:{FAR.port};transport={source.transport.lower()}>".encode()
    plain = over(request("REGISTER", 1, "r").data(), source.transport)
    plain = re.sub(rb"To: <sip:hotline@", b"To: <sip:101@", re.sub(rb"Contact: [^\r]*", contact, plain))
    (asked,) = house.receive(plain, source)
    name, value = proof(Message.read(asked), f"sip:hotline@{HERE.host}")
    again = plain.replace(b"CSeq: 1 ", f"{name}: {value}\r\nCSeq: 2 ".encode())
    *_, taken = house.receive(again.replace(b"branch=z9", b"branch=z9hG4bKagain"), source)
    assert b" 200 " in taken.split(b"\r\n")[0]


def ring(house: House) -> tuple[bytes, Addr]:
    """Ring the seat as the engine does; the INVITE and where it went."""
    (phone,) = house.registrar.phones.to_ring("101")
    target = DialTarget(phone.uri, house.registrar.phones.way_to(phone), phone.behind_nat)
    leg = OutboundLeg(house.agent, target, house.sound(), from_user="hotline", call_id="to-the-seat")
    house.legs.add(leg)
    leg.call(12.0)
    house.run()
    return house.sent[-1]


@pytest.mark.parametrize("transport", ["TCP", "TLS"])
def test_after_five_idle_minutes_the_invite_goes_down_the_phone_s_own_connection(transport: str) -> None:
    house, phone = House(qualify_s=0), PHONE._replace(transport=transport)  # nor does the hotline ask
    house.agent.connected(phone, house.now)
    register(house, phone)
    house.wait(300.0)
    assert phone in house.agent.far_ends()  # so nobody ends it as idle
    invite, to = ring(house)
    assert to == phone and invite.startswith(b"INVITE ")
    assert f"Via: SIP/2.0/{transport} ".encode() in invite
    assert re.search(rb"Contact: <sip:hotline@192\.0\.2\.1:5060;transport=" + transport.lower().encode(), invite)


def test_every_message_of_a_call_goes_down_the_connection_it_came_by() -> None:
    house = tls_house()
    sent = house.receive(over(request("INVITE", 1, "a", body=SDP).data()), PHONE)
    assert codes(sent, "INVITE") == [100, 200]
    house.receive(over(request("ACK", 1, "a", tag_in(sent[-1]), branch="ack").data()), PHONE)
    house.hang_up_all()
    assert [to for _, to in house.sent] == [PHONE] * 3 and house.sent[-1][0].startswith(b"BYE ")
    assert all(b"/TLS " in data.split(b"Via: SIP/2.0", 1)[1][:6] for data, _ in house.sent)


def test_an_answer_whose_connection_is_gone_goes_to_the_sender_over_a_new_one() -> None:
    house = tls_house()
    house.answers = False
    house.receive(over(request("INVITE", 1, "a", body=SDP).data()), PHONE)
    house.agent.disconnected(PHONE, house.now)
    house.hang_up_all()
    assert house.sent[-1][1] == Addr(FAR.host, FAR.port, "TLS")


def test_a_phone_whose_connection_breaks_before_it_says_anything_is_known_to_be_away_at_once() -> None:
    house = tls_house()
    register(house, PHONE)
    ring(house)
    house.agent.disconnected(PHONE, house.now)
    house.run()
    ended = [event for event in house.events if isinstance(event, Ended)]
    assert [(event.by, event.cause) for event in ended] == [("far", "unreachable")]


def test_a_phone_whose_connection_is_gone_is_asked_at_its_contact_at_once() -> None:
    house = House(qualify_s=30)
    house.agent.connected(PHONE, house.now)
    register(house, PHONE)
    house.receive(over(answer(house.sent[-2][0], 200).data()), PHONE)
    house.agent.disconnected(PHONE, house.now)
    house.run()
    asked, to = house.sent[-1]
    assert asked.startswith(b"OPTIONS ") and to == Addr(FAR.host, FAR.port, "TLS")
    house.wait(10.0)
    assert not house.registrar.phones.reachable()["101"]


def test_a_call_goes_on_when_its_connection_breaks_and_what_is_asked_next_goes_to_the_contact() -> None:
    house = tls_house()
    sent = house.receive(over(request("INVITE", 1, "a", body=SDP).data()), PHONE)
    house.receive(over(request("ACK", 1, "a", tag_in(sent[-1]), branch="ack").data()), PHONE)
    house.agent.disconnected(PHONE, house.now)
    assert house.legs
    house.hang_up_all()
    assert house.sent[-1][1] == Addr(FAR.host, FAR.port, "TLS")


def test_who_calls_sips_gets_a_contact_that_is_sips() -> None:
    house = tls_house()
    sent = house.receive(
        over(request("INVITE", 1, "a", body=SDP).data()).replace(b" sip:hotline", b" sips:hotline", 1), PHONE
    )
    assert b"\r\nContact: <sips:hotline@" in sent[-1]


# --- the line to a provider ------------------------------------------------------------------


class Provider:
    """A core with a registration or a call to a provider of two servers, which answer as the test says."""

    def __init__(self) -> None:
        self.house = House()
        self.asked: list[LookUp] = []
        self.states: list[str] = []

    def registration(self, transport: str = "UDP") -> Registration:
        registration = Registration(self.house.agent, "isp.example", Credentials("u", "s"), 300, transport=transport)
        registration.start()
        return registration

    def events(self, *servers: Addr) -> None:
        """Answer what is looked up."""
        agent = self.house.agent
        while (event := agent.next_event()) is not None:
            self._happened(event, servers)
        for data, to in agent.datagrams_to_send(self.house.now):
            self.house.sent.append((data, to))

    def _happened(self, event: Event, servers: tuple[Addr, ...]) -> None:
        if isinstance(event, LookUp):
            self.asked.append(event)
            self.house.agent.found(event.number, Found(servers), self.house.now)
        elif isinstance(event, Registered):
            self.states.append(event.state)
        else:
            self.house.events.append(event)

    def wait(self, seconds: float, *servers: Addr) -> None:
        end = self.house.now + seconds
        while (due := self.house.agent.next_timer()) is not None and due <= end:
            self.house.now = max(self.house.now, due)
            self.house.agent.handle_timer(self.house.now)
            self.events(*servers)
        self.house.now = end

    def say(self, code: int, source: Addr, method: str) -> None:
        asked = next(
            data for data, to in reversed(self.house.sent) if to == source and data.startswith(method.encode())
        )
        body = SDP if (method, code) == ("INVITE", 200) else ()
        self.house.agent.receive(answer(asked, code, body).data(), source, self.house.now)
        self.events(ONE, TWO)


def places(provider: Provider, method: str) -> list[Addr]:
    """Where a method went, each place once in a row."""
    out: list[Addr] = []
    for data, to in provider.house.sent:
        if data.startswith(method.encode()) and (not out or out[-1] != to):
            out.append(to)
    return out


def test_a_registrar_that_gives_no_answer_is_left_for_the_next_server() -> None:
    provider = Provider()
    provider.registration()
    provider.events(ONE, TWO)
    assert provider.asked[0].port is None  # a domain: its SRV records count
    provider.wait(32.5, ONE, TWO)
    provider.say(200, TWO, "REGISTER")
    assert places(provider, "REGISTER") == [ONE, TWO] and provider.states == ["registering", "registered"]


def test_a_registrar_that_is_overloaded_is_left_at_once_and_the_refresh_stays_with_the_one_that_worked() -> None:
    provider = Provider()
    provider.registration()
    provider.events(ONE, TWO)
    provider.say(503, ONE, "REGISTER")
    provider.say(200, TWO, "REGISTER")
    provider.wait(151.0, ONE, TWO)
    assert places(provider, "REGISTER") == [ONE, TWO] and provider.house.sent[-1][1] == TWO


def test_a_registration_whose_connection_breaks_is_made_anew_within_a_second() -> None:
    provider, server = Provider(), ONE._replace(transport="TLS")
    provider.registration("TLS")
    provider.house.agent.connected(server, provider.house.now)
    provider.events(server)
    provider.say(200, server, "REGISTER")
    provider.house.agent.disconnected(server, provider.house.now)
    before = len(provider.house.sent)
    provider.wait(1.1, server)
    assert len(provider.house.sent) == before + 1 and b";transport=tls" in provider.house.sent[-1][0]


def call(provider: Provider) -> None:
    house, trunk = provider.house, TrunkConfig("isp.example", "", register=False)
    leg = trunk_leg(
        house.agent, trunk, "13900001111", "", house.agent.servers.ordered([ONE, TWO], house.now), house.sound()
    )
    house.legs.add(leg)
    leg.call(45.0)
    provider.events()


def test_a_server_that_says_nothing_costs_a_call_four_seconds_and_the_next_call_none() -> None:
    provider = Provider()
    call(provider)
    provider.wait(SERVER_S + 0.1)
    provider.say(200, TWO, "INVITE")
    assert places(provider, "INVITE")[:2] == [ONE, TWO]
    assert [type(event) for event in provider.house.events] == [Up]
    call(provider)
    assert provider.house.sent[-1][1] == TWO


def test_a_server_that_refuses_with_503_is_left_for_the_next_and_a_busy_citizen_is_not() -> None:
    for code, then in ((503, [ONE, TWO]), (486, [ONE])):
        provider = Provider()
        call(provider)
        provider.say(code, ONE, "INVITE")
        assert places(provider, "INVITE") == then


def test_a_late_answer_of_the_server_that_was_left_is_acknowledged_and_ended() -> None:
    provider = Provider()
    call(provider)
    provider.wait(SERVER_S + 0.1)
    provider.say(200, TWO, "INVITE")
    provider.say(200, ONE, "INVITE")
    late = [data.split(b" ")[0] for data, _ in provider.house.sent[-2:]]
    assert late == [b"ACK", b"BYE"] and len(provider.house.legs) == 1


@pytest.mark.parametrize(
    ("source", "contact"),
    [(FAR, "sip:x@198.51.100.9:6379;transport=tcp"), (PHONE, "sip:x@127.0.0.1:6379;transport=tcp")],
)
def test_a_caller_makes_the_hotline_open_no_connection_to_a_port_of_his_choice(source: Addr, contact: str) -> None:
    house = tls_house()
    invite = re.sub(rb"Record-Route: [^\r]*", f"Record-Route: <{contact};lr>".encode(), over_of(source))
    house.receive(invite, source)
    house.hang_up_all()
    assert all(to == source or to.transport == "UDP" for _, to in house.sent)


def over_of(source: Addr) -> bytes:
    return over(request("INVITE", 1, "a", body=SDP).data(), source.transport)
