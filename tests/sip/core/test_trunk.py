"""The line to a provider: registering there, and calling citizens over it (RFC 3261 §10, §22)."""

from __future__ import annotations

import hashlib
import re

from sip.core.config import TrunkConfig
from sip.core.credentials import Credentials
from sip.core.events import Ended, Registered, Ringing, Speaks, Up
from sip.core.leg_out import OutboundLeg
from sip.core.registration import Registration
from sip.core.trunk import trunk_leg
from tests.sip.core.caller import Caller
from tests.sip.core.house import House
from tests.sip.written import Message

CHALLENGE = ("WWW-Authenticate", 'Digest realm="isp", nonce="n{0}", algorithm=MD5, qop="auth", opaque="o"')


def challenge(provider: Caller, request: Message, nonce: str, extra: str = "") -> None:
    provider.reply(request, 401, extra=[(CHALLENGE[0], CHALLENGE[1].format(nonce) + extra)])


def registering(house: House, provider: Caller, expires_s: int = 300) -> Registration:
    """A registration that has begun."""
    login = Credentials("02195598", "pass")
    registration = Registration(house.agent, f"{provider.host}:{provider.port}", login, expires_s)
    house.do(registration.start)
    return registration


def dialling(house: House, provider: Caller, caller_id: str = "") -> OutboundLeg:
    """A call of ours that has begun."""
    trunk = TrunkConfig(f"{provider.host}:{provider.port}", "02195598", "pass", register=False)
    leg = trunk_leg(house.agent, trunk, "13800001111", caller_id, [provider.address], house.sound())
    house.call(leg, 20)
    return leg


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def proves(request: Message, header: str, nonce: str) -> bool:
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', request[header]))
    ha1, ha2 = md5("02195598:isp:pass"), md5(f"{request.method}:{given['uri']}")
    expected = md5(f"{ha1}:{nonce}:{given['nc']}:{given['cnonce']}:auth:{ha2}")
    return given["response"] == expected and given["uri"] == request.uri


def is_proven(request: Message, nonce: str) -> bool:
    return proves(request, "authorization", nonce) and 'opaque="o"' in request["authorization"]


def test_the_trunk_registers_refreshes_and_leaves() -> None:
    house = House()
    provider = Caller(house)
    registration = registering(house, provider)
    challenge(provider, provider.asked("REGISTER"), "1")
    proven = provider.receive(lambda m: m.method == "REGISTER" and bool(m["authorization"]))
    assert is_proven(proven, "n1") and "expires=300" in proven["contact"]
    provider.reply(proven, 200, extra=[("Expires", "60")])
    assert registration.state.startswith("registered")
    refresh = provider.receive(lambda m: m.method == "REGISTER" and m.number > proven.number, 31)
    assert refresh["call-id"] == proven["call-id"]
    provider.reply(refresh, 200, extra=[("Expires", "300")])
    house.do(registration.leave)
    leaving = provider.receive(lambda m: "expires=0" in m["contact"])
    provider.reply(leaving, 200)
    assert registration.state == "off"
    assert [event.state for event in house.of(Registered)] == ["registering", "registered", "off"]


def test_a_stale_nonce_is_tried_again_a_wrong_secret_is_not() -> None:
    house = House()
    provider = Caller(house)
    registration = registering(house, provider)
    challenge(provider, provider.asked("REGISTER"), "1")
    challenge(provider, provider.receive(lambda m: bool(m["authorization"])), "2", ", stale=true")
    again = provider.receive(lambda m: 'nonce="n2"' in m["authorization"])
    assert is_proven(again, "n2")
    challenge(provider, again, "3")
    assert registration.state.startswith("failed: wrong user or secret")


def test_a_longer_interval_is_taken_when_the_provider_wants_it() -> None:
    house = House()
    provider = Caller(house)
    registration = registering(house, provider, 60)
    provider.reply(provider.asked("REGISTER"), 423, extra=[("Min-Expires", "900")])
    longer = provider.receive(lambda m: m["expires"] == "900")
    provider.reply(longer, 200)
    assert registration.state.startswith("registered")
    house.do(registration.leave)
    provider.reply(provider.receive(lambda m: m["expires"] == "0"), 200)


def test_a_provider_that_refuses_or_is_away_is_tried_again_with_pauses() -> None:
    house = House()
    provider = Caller(house)
    registration = registering(house, provider)
    first = provider.asked("REGISTER")
    provider.reply(first, 503)
    assert registration.state.startswith("failed: 503")
    second = provider.receive(lambda m: m.method == "REGISTER" and m["cseq"] != first["cseq"])
    provider.reply(second, 200)
    assert registration.state.startswith("registered")
    house.do(registration.leave)
    provider.reply(provider.receive(lambda m: m["expires"] == "0"), 200)


def test_a_number_is_called_from_the_account_which_is_proven_and_the_caller_id_is_asserted() -> None:
    house = House()
    provider = Caller(house)
    leg = dialling(house, provider, "037195598")
    first = provider.asked("INVITE")
    assert first.uri == f"sip:13800001111@{provider.host}:{provider.port}"
    assert first["from"].startswith(f"<sip:02195598@{provider.host}:{provider.port}>")
    assert first["p-asserted-identity"] == f"<sip:037195598@{provider.host}:{provider.port}>"
    header = 'Digest realm="isp", nonce="n1", algorithm=MD5, qop="auth"'
    provider.reply(first, 407, extra=[("Proxy-Authenticate", header)])
    proven = provider.receive(lambda m: m.method == "INVITE" and bool(m["proxy-authorization"]))
    assert proves(proven, "proxy-authorization", "n1") and proven["call-id"] == first["call-id"]
    assert proven["p-asserted-identity"] == first["p-asserted-identity"]
    provider.reply(proven, 180)
    assert house.of(Ringing) == [Ringing(leg)]
    provider.reply(proven, 200, provider.sdp())
    assert house.of(Up) == [Up(leg)]
    provider.receive(lambda m: m.method == "ACK" and m.number == proven.number)
    house.hang_up("done")
    provider.reply(provider.asked("BYE"), 200)


def test_a_second_challenge_ends_the_call_and_codes_of_the_network_are_told() -> None:
    house = House()
    provider = Caller(house)
    for code in (486, 603, 404, 407):
        dialling(house, provider)
        asked = provider.asked("INVITE")
        if code == 407:
            for nonce in ("n1", "n2"):
                header = f'Digest realm="isp", nonce="{nonce}", algorithm=MD5, qop="auth"'
                provider.reply(asked, 407, extra=[("Proxy-Authenticate", header)])
                if nonce == "n1":
                    asked = provider.receive(lambda m: bool(m["proxy-authorization"]))
        else:
            provider.reply(asked, code)
    told = [(event.cause, event.code) for event in house.of(Ended)]
    assert told == [("busy", 486), ("declined", 603), ("unreachable", 404), ("error", 407)]


def test_what_the_network_says_before_an_answer_is_taken_and_its_cause_is_kept() -> None:
    """183 with sound (关机 停机 空号), then 480 with the far network's cause in a Reason header (RFC 3326)."""
    house = House()
    provider = Caller(house)
    leg = dialling(house, provider)
    asked = provider.asked("INVITE")
    provider.reply(asked, 183, provider.sdp())
    provider.reply(asked, 183, provider.sdp())
    assert house.events == [Speaks(leg)] and leg.stream.remote == (provider.host, provider.rtp_port)  # type: ignore[attr-defined]
    provider.reply(asked, 480, extra=[("Reason", 'Q.850;cause=20;text="Subscriber absent"')])
    assert house.events == [Speaks(leg), Ended(leg, "far", "unreachable", 480)] and leg.q850 == 20


def test_a_provider_that_is_away_is_tried_at_longer_and_longer_pauses() -> None:
    house = House()
    provider = Caller(house)
    registration = registering(house, provider)
    began = [message for message in provider.quiet(1200) if message.method == "REGISTER"]
    tries = {message.number: message for message in began}
    assert 5 <= len(tries) <= 12 and len(began) > 5 * len(tries)  # each is repeated for 32 s
    assert registration.state == "failed: no answer"


def test_a_provider_whose_name_has_no_address_is_looked_up_again() -> None:
    house = House()
    provider = Caller(house)
    registration = Registration(house.agent, "sip.isp.example", Credentials("02195598", "pass"), 300)
    house.do(registration.start)
    assert registration.state == "failed: no address for sip.isp.example" and not house.sent
    house.names["sip.isp.example"] = provider.address
    provider.reply(provider.asked("REGISTER"), 200)
    assert registration.state == "registered"
