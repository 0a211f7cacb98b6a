"""An operator's phone hands its party over by REFER (RFC 3515, RFC 3891, RFC 4488)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.core.events import Referred
from sip.core.referral import LONGEST_S, Referral, of_seat
from tests.sip.core.caller import Caller
from tests.sip.core.house import NOTHING, House
from tests.sip.core.network import FATES, A, B, Network
from tests.sip.core.test_bad_network import AFTERWARDS_S, EXAMPLES, GIVEN_UP_S
from tests.sip.written import Headers, Message


class Desk(Caller):
    """An operator's phone in a call of its seat."""

    def __init__(self, house: House, seat: str = "101", host: str = "192.0.2.101") -> None:
        super().__init__(house, seat, host)
        known = set(house.legs)
        self.answer_ = self.call()
        (self.leg,) = house.legs - known
        of_seat(self.leg, seat)
        self.referral = Referral(self.leg)

    def refer(self, *to: str, extra: Headers | None = None) -> Message:
        """The answer to a REFER."""
        self.send(self.request("REFER", extra=[*(("Refer-To", one) for one in to), *(extra or [])]))
        return self.final("REFER")

    def told(self) -> Message:
        """The next NOTIFY, answered as it should be."""
        notify = self.asked("NOTIFY")
        self.reply(notify, 200)
        return notify

    def tell(self, code: int) -> None:
        """The hotline knows how it goes."""
        self.house.do(lambda: self.referral.told(self.referred.token, code))

    @property
    def referred(self) -> Referred:
        return self.house.of(Referred)[-1]

    def replaces(self, tags: str = "") -> str:
        """This call, as a header of an address names it."""
        return f"{self.call_id}%3B" + (tags or f"to-tag%3D{self.remote_tag}%3Bfrom-tag%3D{self.tag}")


def state(notify: Message) -> tuple[str, str]:
    return notify.body.strip(), notify["subscription-state"].split(";")[0]


def test_fst_2_a_blind_transfer_is_accepted_and_told_until_its_end() -> None:
    house = House()
    desk = Desk(house)
    answer = desk.refer("<sip:102@192.0.2.1>")
    assert answer.code == 202 and answer["contact"]
    assert (desk.referred.number, desk.referred.replaced, desk.referred.leg) == ("102", None, desk.leg)
    first = desk.told()
    assert first["event"] == "refer" and first["content-type"].startswith("message/sipfrag")
    assert state(first) == ("SIP/2.0 100 Trying", "active")
    desk.tell(180)
    assert state(desk.told()) == ("SIP/2.0 180 Ringing", "active")
    desk.tell(200)
    assert state(desk.told()) == ("SIP/2.0 200 OK", "terminated")
    desk.tell(486)
    assert not desk.quiet() and not house.ends
    desk.hang_up()
    desk.quiet()
    assert house.left == NOTHING


def test_fst_2_a_second_transfer_waits_for_the_end_of_the_first_and_has_a_name_of_its_own() -> None:
    house = House()
    desk = Desk(house)
    desk.refer("<sip:102@192.0.2.1>")
    desk.told()
    assert desk.refer("<sip:103@192.0.2.1>").code == 491
    desk.tell(486)
    assert state(desk.told()) == ("SIP/2.0 486 Busy Here", "terminated")
    again = desk.request("REFER", extra=[("Refer-To", "<sip:103@192.0.2.1>")], number=77)
    desk.send(again)
    assert desk.final("REFER").code == 202
    assert desk.told()["event"] == "refer;id=77"
    assert [one.number for one in house.of(Referred)] == ["102", "103"]


def test_fst_2_news_that_come_faster_than_the_phone_answers_are_told_one_at_a_time_and_the_last_is_not_lost() -> None:
    house = House()
    desk = Desk(house)
    desk.refer("<sip:102@192.0.2.1>")
    for code in (180, 183, 200):
        desk.tell(code)
    assert state(desk.told()) == ("SIP/2.0 100 Trying", "active")
    assert state(desk.told()) == ("SIP/2.0 200 OK", "terminated")


def test_fst_2_who_wants_to_hear_nothing_hears_nothing() -> None:
    """RFC 4488."""
    house = House()
    desk = Desk(house)
    answer = desk.refer("<sip:102@192.0.2.1>", extra=[("Refer-Sub", "false")])
    assert answer.code == 202 and answer["refer-sub"] == "false"
    desk.tell(180)
    desk.tell(200)
    assert not desk.quiet()
    assert desk.refer("<sip:103@192.0.2.1>").code == 202


@pytest.mark.parametrize("code", [481, 489, 501])
def test_fst_2_a_phone_that_takes_no_news_gets_no_more_and_its_call_goes_on(code: int) -> None:
    house = House()
    desk = Desk(house)
    desk.refer("<sip:102@192.0.2.1>")
    desk.reply(desk.asked("NOTIFY"), code)
    desk.tell(180)
    desk.tell(200)
    assert not desk.quiet() and not house.ends


def test_fst_2_a_phone_that_does_not_answer_the_news_keeps_its_call() -> None:
    house = House()
    desk = Desk(house)
    desk.refer("<sip:102@192.0.2.1>")
    desk.tell(200)
    assert {got.method for got in desk.quiet()} == {"NOTIFY"} and not house.ends
    assert desk.refer("<sip:103@192.0.2.1>").code == 202


def test_fst_2_a_transfer_nobody_brings_to_an_end_is_told_to_have_failed() -> None:
    house = House()
    desk = Desk(house)
    desk.refer("<sip:102@192.0.2.1>")
    desk.told()
    begun = house.now
    last = desk.receive(lambda m: m.method == "NOTIFY", LONGEST_S + 1)
    desk.reply(last, 200)
    assert state(last) == ("SIP/2.0 503 Service Unavailable", "terminated") and house.now - begun == LONGEST_S
    desk.tell(200)
    assert not desk.quiet()


@pytest.mark.parametrize(("told", "last"), [(200, "SIP/2.0 200 OK"), (0, "SIP/2.0 503 Service Unavailable")])
def test_fst_2_when_the_hotline_ends_the_call_the_phone_is_told_first(told: int, last: str) -> None:
    house = House()
    desk = Desk(house)
    desk.refer("<sip:102@192.0.2.1>")
    if told:
        desk.tell(told)
    house.hang_up("transferred")
    news = [desk.receive(lambda m: m.method in ("NOTIFY", "BYE")) for _ in range(3)]
    assert [one.method for one in news] == ["NOTIFY", "NOTIFY", "BYE"]
    assert state(news[1]) == (last, "terminated")
    for one in news:
        desk.reply(one, 200)
    desk.quiet()
    assert house.left == NOTHING


def test_fst_2_a_phone_that_hangs_up_at_once_leaves_nothing_behind() -> None:
    house = House()
    desk = Desk(house)
    desk.refer("<sip:102@192.0.2.1>")
    desk.told()
    desk.hang_up()
    desk.tell(200)
    assert not [got for got in desk.quiet(LONGEST_S + 60) if got.method]
    assert house.left == NOTHING


def test_fst_2_a_repeated_refer_asks_once() -> None:
    house = House()
    desk = Desk(house)
    refer = desk.request("REFER", extra=[("Refer-To", "<sip:102@192.0.2.1>")])
    for _ in range(3):
        desk.send(refer)
        assert desk.final("REFER").code == 202
    assert len(house.of(Referred)) == 1


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("<sip:102@192.0.2.1>", "102"),
        ("sip:102@192.0.2.1", "102"),
        ("<sips:102@192.0.2.1;transport=tls>", "102"),
        ('"张 <sip:9@x>" <sip:102@192.0.2.1>;early=yes', "102"),
        ("<sip:%31%30%32@192.0.2.1>", "102"),
        ("<sip:102;phone-context=here:pin@192.0.2.1;user=phone>", "102"),
        ("<sip:window.a@somewhere.else.example>", "window.a"),
        ("<tel:+86-(10)-1234.5678;phone-context=x>", "+861012345678"),
        ("<sip:102@192.0.2.1;method=INVITE>", "102"),
        ("<sip:102@192.0.2.1?Subject=help&Route=%3Csip:evil%3E>", "102"),
    ],
)
def test_fst_2_of_an_address_the_number_counts(address: str, number: str) -> None:
    house = House()
    desk = Desk(house)
    assert desk.refer(address).code == 202
    assert (desk.referred.number, desk.referred.replaced) == (number, None)
    desk.told()
    assert "evil" not in b"".join(data for data, _ in house.sent).decode()


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        ([], 400),
        (["<sip:102@192.0.2.1>", "<sip:103@192.0.2.1>"], 400),
        (["<sip:102@192.0.2.1>, <sip:103@192.0.2.1>"], 400),
        (["<sip:192.0.2.1>"], 400),
        (["<sip:@192.0.2.1>"], 400),
        (["<sip:102%0d%0aX-Evil:1@192.0.2.1>"], 400),
        (["<sip:10 2@192.0.2.1>"], 400),
        (["<sip:一二@192.0.2.1>"], 400),
        ([f"<sip:{'1' * 65}@192.0.2.1>"], 400),
        ([f"<sip:102@192.0.2.1;x={'1' * 1024}>"], 400),
        (["<sip:102@192.0.2.1;method=BYE>"], 403),
        (["<http://192.0.2.1/102>"], 416),
        (["<tel:>"], 400),
        (["<urn:service:sos>"], 416),
        (["<sip:102@192.0.2.1?Replaces=>"], 400),
        (["<sip:102@192.0.2.1?Replaces=a>"], 400),
        (["<sip:102@192.0.2.1?Replaces=a%3Bto-tag%3D1>"], 400),
        (["<sip:102@192.0.2.1?Replaces=a%3Bto-tag%3D1%3Bto-tag%3D1%3Bfrom-tag%3D2>"], 400),
        (["<sip:102@192.0.2.1?Replaces=a%0d%0ab%3Bto-tag%3D1%3Bfrom-tag%3D2>"], 400),
        (["<sip:102@192.0.2.1?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&replaces=b%3Bto-tag%3D1%3Bfrom-tag%3D2>"], 400),
        (["<sip:102@192.0.2.1?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>"], 481),
    ],
)
def test_fst_2_what_names_no_number_or_no_call_is_refused_and_the_call_goes_on(addresses: list[str], code: int) -> None:
    house = House()
    desk = Desk(house)
    assert desk.refer(*addresses).code == code
    assert not house.of(Referred) and not house.ends
    assert not [got for got in desk.quiet() if got.method]


def test_fst_2_an_attended_transfer_names_another_call_of_the_seat() -> None:
    house = House()
    desk, second = Desk(house), Desk(house)
    assert desk.refer(f"<sip:102@192.0.2.1?Replaces={second.replaces()}>").code == 202
    assert (desk.referred.leg, desk.referred.replaced) == (desk.leg, second.leg)


def test_fst_2_a_call_id_with_an_at_sign_is_found_escaped() -> None:
    house = House()
    desk, second = Desk(house), Desk(house)
    key, known = second.leg.dialog.call_id, house.agent.dialogs
    known["x@[192.0.2.9]", second.remote_tag] = known.pop((key, second.remote_tag))
    second.call_id = "x%40%5B192.0.2.9%5D"
    assert desk.refer(f"<sip:102@192.0.2.1?Replaces={second.replaces()}>").code == 202
    assert desk.referred.replaced is second.leg


def test_fst_2_nobody_takes_the_place_of_a_call_that_is_not_the_seats_own() -> None:
    house = House()
    desk, other = Desk(house), Desk(house, "103", "192.0.2.103")
    citizen = Caller(house)
    known = set(house.legs)
    citizen.call()
    assert len(house.legs - known) == 1
    for whose in (other.replaces(), f"{citizen.call_id}%3Bto-tag%3D{citizen.remote_tag}%3Bfrom-tag%3D{citizen.tag}"):
        assert desk.refer(f"<sip:102@192.0.2.1?Replaces={whose}>").code == 603
    for wrong in (
        desk.replaces(),  # the call itself
        desk.replaces(f"to-tag%3D{desk.tag}%3Bfrom-tag%3D{desk.remote_tag}"),
        other.replaces(f"to-tag%3D{other.remote_tag}%3Bfrom-tag%3Dguessed"),
    ):
        assert desk.refer(f"<sip:102@192.0.2.1?Replaces={wrong}>").code == 481
    assert not house.of(Referred)


def test_fst_2_early_only_does_not_take_the_place_of_an_answered_call() -> None:
    house = House()
    desk, second = Desk(house), Desk(house)
    assert desk.refer(f"<sip:102@192.0.2.1?Replaces={second.replaces()}%3Bearly-only>").code == 486


def test_fst_2_only_a_seats_phone_is_told_that_it_may_transfer_and_only_it_may() -> None:
    house = House()
    citizen = Caller(house)
    assert "REFER" not in citizen.call()["allow"]
    citizen.send(citizen.request("REFER", extra=[("Refer-To", "<sip:102@192.0.2.1>")]))
    assert citizen.final("REFER").code == 603
    desk = Desk(house)
    desk.send(desk.request("OPTIONS"))
    assert "REFER" in desk.final("OPTIONS")["allow"]
    desk.send(desk.request("REFER", extra=[("Refer-To", "<sip:102@192.0.2.1>"), ("To", "<sip:hotline@192.0.2.1>")]))
    assert desk.final("REFER").code == 603
    assert not house.of(Referred)


@EXAMPLES
@given(FATES, st.lists(st.tuples(st.sampled_from((180, 183)), st.sampled_from((0.0, 0.02, 0.6))), max_size=3))
def test_fst_2_however_refer_and_its_news_are_lost_and_repeated_it_is_asked_once_and_ended(
    fates: list[str], news: list[tuple[int, float]]
) -> None:
    network = Network()
    a = network.call()
    network.wait(1.0)
    b = network.called
    assert b is not None
    of_seat(b, "101")
    referral = Referral(b)
    network.fates = list(fates)
    answers: list[int] = []
    to = [("Refer-To", "<sip:102@h>")]
    network.do(lambda: a.request("REFER", headers=to, on_final=lambda answer: answers.append(answer.status_code)))
    network.wait(GIVEN_UP_S)
    asked = network.of(B, Referred)
    assert len(asked) <= 1
    if fates.count("lost") < 6:
        assert answers == [202] and len(asked) == 1
    for event in asked:
        assert isinstance(event, Referred)
        for code, pause in [*news, (200, 0.0)]:
            network.do(lambda code=code, token=event.token: referral.told(token, code))  # type: ignore[misc]
            network.wait(pause)
    network.wait(GIVEN_UP_S)
    network.fates = []
    assert b.state == "up"
    for leg in (a, b):
        network.hang_up(leg)
    network.wait(AFTERWARDS_S)
    assert network.left == 0 and len(network.of(A, Referred)) == 0
