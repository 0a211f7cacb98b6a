"""Inside a call: hold, keys by INFO, glare, session timers, routes (RFC 3261 §12, §14; RFC 4028)."""

from __future__ import annotations

import pytest

from sip.core.asking import ask
from sip.core.events import HeldChanged
from tests.sip.core.caller import Caller
from tests.sip.core.house import FAR, NOTHING, House


def holding(sdp: str) -> list[str]:
    return [
        sdp.replace("a=sendrecv", "a=sendonly"),
        sdp.replace("a=sendrecv", "a=inactive"),
        sdp.replace(f"c=IN IP4 {FAR.host}", "c=IN IP4 0.0.0.0"),
        sdp.replace("a=sendrecv\r\n", "").replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n"),
    ]


def test_hold_in_all_its_forms_and_resume() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    answers = []
    for body in holding(caller.sdp()):
        caller.send(caller.request("INVITE", body))
        held = caller.final()
        assert held.code == 200
        answers.append(held.body)
        caller.ack(held)
        assert house.of(HeldChanged)[-1].held and not house.leg.stream.sends
        caller.send(caller.request("INVITE", caller.sdp()))
        resumed = caller.final()
        assert "a=sendrecv" in resumed.body
        caller.ack(resumed)
        assert not house.of(HeldChanged)[-1].held and house.leg.stream.sends
    assert "a=recvonly" in answers[0] and "a=inactive" in answers[1] and "a=recvonly" in answers[3]
    assert len(house.of(HeldChanged)) == 8
    versions = [int(body.split("o=- ")[1].split()[1]) for body in answers]
    assert versions == sorted(set(versions))
    caller.hang_up()


def test_who_holds_goes_on_holding_when_the_other_side_offers_anew() -> None:
    house = House()
    phone = Caller(house)
    leg = house.dial(phone.address)
    phone.reply(invite := phone.asked("INVITE"), 200, phone.sdp())
    phone.remote_tag, phone.call_id, phone.tag = invite["from"].split("tag=")[1], invite["call-id"], "phone"
    house.do(lambda: leg.reinvite("sendonly"))
    held = phone.receive(lambda m: m.method == "INVITE" and "a=sendonly" in m.body)
    phone.reply(held, 200, holding(phone.sdp())[0].replace("sendonly", "recvonly"))
    for offer, answer in ((phone.sdp(), "a=sendonly"), (holding(phone.sdp())[0], "a=inactive")):
        phone.send(phone.request("INVITE", offer))
        answered = phone.final()
        assert answer in answered.body
        phone.ack(answered)


def test_a_reinvite_without_an_offer_gets_ours() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    caller.send(caller.request("INVITE"))
    offer = caller.final()
    assert " RTP/AVP 8 0 101" in offer.body
    caller.send(caller.request("INVITE", caller.sdp()))
    early = caller.receive(lambda m: m.cseq == "INVITE" and m.code not in (100, 200))
    assert early.code == 500 and early["retry-after"]
    caller.send(caller.request("ACK", caller.sdp(), number=2))
    caller.quiet()
    caller.number = iter(range(9, 99))
    caller.hang_up()


def test_a_reinvite_we_cannot_speak_is_488_and_the_call_goes_on() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    invite = caller.request("INVITE", caller.sdp().replace("RTP/AVP", "RTP/SAVPF"), number=2, branch="z9hG4bKsrtp")
    caller.send(invite)
    assert caller.final().code == 488
    caller.send(caller.request("ACK", number=2, branch="z9hG4bKsrtp"))
    assert not house.ends
    caller.number = iter(range(9, 99))
    caller.hang_up()


def test_crossing_reinvites_are_491() -> None:
    house = House()
    caller = Caller(house)
    caller.call([("Session-Expires", "90;refresher=uas"), ("Supported", "timer"), ("Allow", "INVITE, BYE")])
    house.do(house.leg.reinvite)
    caller.asked("INVITE")
    caller.send(caller.request("INVITE", caller.sdp()))
    assert caller.final().code == 491


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", "Signal= *\r\nDuration= 250\r\n", "*"),
        ("application/dtmf-relay", "Signal=11\r\nDuration=250\r\n", "#"),
        ("application/dtmf", "7", "7"),
        ("application/dtmf", "a\r\n", "A"),
        ("Application/DTMF-Relay;x=1", "duration=9\nsignal=0", "0"),
        ("application/dtmf-relay", "Signal: 5\r\nDuration: 160\r\n", "5"),
        ("application/dtmf-relay", "Signal=5 Duration=160", "5"),
        ("application/dtmf-relay", "Signal=#;Duration=160", "#"),
        ("application/dtmf-relay", 'Signal="5"\r\n', "5"),
    ],
)
def test_keys_come_by_sip_info_too(kind: str, body: str, key: str) -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    info = caller.send(caller.request("INFO", body, kind=kind))
    assert caller.final("INFO").code == 200
    caller.send(info)  # repeated: still one key
    assert caller.final("INFO").code == 200
    assert house.leg.stream.keys == key
    caller.hang_up()


def test_an_info_that_is_no_key_is_refused_or_ignored() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    for body, kind, code in [
        ("<x/>", "application/xml", 415),
        ("Signal=?\r\n", "application/dtmf-relay", 400),
        ("Signal=16\r\n", "application/dtmf-relay", 400),  # flash
        ("Signal=55\r\n", "application/dtmf-relay", 400),
        ("", "", 200),
    ]:
        caller.send(caller.request("INFO", body, kind=kind))
        assert caller.final("INFO").code == code
    assert not house.leg.stream.keys
    caller.hang_up()


def test_refer_is_603_and_the_call_stays() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    caller.send(caller.request("REFER", extra=[("Refer-To", "<sip:00881234@192.0.2.9>")]))
    caller.expect(603)
    for method, code in [("SUBSCRIBE", 489), ("MESSAGE", 405), ("PRACK", 481), ("FOO", 501), ("OPTIONS", 200)]:
        caller.send(caller.request(method))
        assert caller.final(method).code == code
    assert not house.ends
    caller.hang_up()


def test_a_request_out_of_order_is_500() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    caller.send(caller.request("BYE", number=1))
    assert caller.final("BYE").code == 500
    caller.hang_up()


def test_update_refreshes_target_and_session() -> None:
    house = House()
    caller = Caller(house)
    elsewhere = Caller(house)
    caller.call()
    caller.send(caller.request("UPDATE", holding(caller.sdp())[0]))
    assert "a=recvonly" in caller.final("UPDATE").body
    assert house.of(HeldChanged)[0].held
    caller.send(caller.request("UPDATE", extra=[("Contact", f"<sip:new@{elsewhere.host}:{elsewhere.port}>")]))
    assert caller.final("UPDATE").code == 200
    house.hang_up("grace_timeout")
    bye = elsewhere.asked("BYE")
    assert bye.uri == f"sip:new@{elsewhere.host}:{elsewhere.port}"
    elsewhere.reply(bye, 200)


def test_the_route_set_is_kept_in_order() -> None:
    house = House()
    caller = Caller(house)
    proxy = Caller(house)
    routes = [f"<sip:{proxy.host}:{proxy.port};lr>", "<sip:192.0.2.9;lr>"]
    answer = caller.call([("Record-Route", ", ".join(routes))])
    assert answer.all("record-route") == routes
    house.hang_up("grace_timeout")
    bye = proxy.asked("BYE")
    assert bye.all("route") == routes and bye.uri == f"sip:{caller.user}@{caller.host}:{caller.port}"
    proxy.reply(bye, 200)


def test_a_bye_crossing_ours_is_answered_and_a_second_one_is_481() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    house.hang_up("grace_timeout")
    bye = caller.asked("BYE")
    caller.hang_up()
    caller.reply(bye, 200)
    caller.send(caller.request("BYE"))
    assert caller.final("BYE").code == 481
    assert house.ends == [("us", "grace_timeout")]


def test_a_bye_before_the_answer_ends_the_invite_with_487() -> None:
    house = House(answers=False)
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp()))
    house.do(house.leg.ring)
    caller.remote_tag = caller.receive(lambda m: m.code == 180)["to"].split("tag=")[1]
    caller.send(caller.request("BYE"))
    finals = [caller.receive(lambda m: m.code >= 200) for _ in range(2)]
    assert {(m.code, m.cseq) for m in finals} == {(200, "BYE"), (487, "INVITE")}
    assert house.ends[0][0] == "far"


def test_a_session_timer_we_refresh_and_one_that_runs_out() -> None:
    house = House()
    caller = Caller(house)
    answer = caller.call([("Session-Expires", "90;refresher=uas"), ("Supported", "timer")])
    assert answer["session-expires"] == "90;refresher=uas"
    update = caller.receive(lambda m: m.method == "UPDATE", 45)
    assert update["session-expires"] == "90;refresher=uac"
    caller.reply(update, 200, extra=[("Session-Expires", "90;refresher=uac")])
    again = caller.receive(lambda m: m.method == "UPDATE" and m["cseq"] != update["cseq"], 45)
    caller.reply(again, 200, extra=[("Session-Expires", "90;refresher=uas")])  # now it is our turn
    bye = caller.receive(lambda m: m.method == "BYE", 61)
    caller.reply(bye, 200)
    assert house.ends == [("failure", "session_expired")]


def test_a_session_interval_below_the_minimum_is_422() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp(), extra=[("x", "30"), ("k", "timer")]))
    assert caller.expect(422)["min-se"] == "90"


def test_a_bye_before_the_ack_ends_the_call_and_its_repetitions() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp()))
    caller.remote_tag = caller.expect(200)["to"].split("tag=")[1]
    caller.send(caller.request("BYE"))
    caller.receive(lambda m: m.cseq == "BYE" and m.code == 200)
    assert house.ends[0][0] == "far"
    assert not caller.quiet() and house.left == NOTHING


def test_a_session_refreshed_without_an_interval_does_not_run_out() -> None:
    house = House()
    caller = Caller(house)
    answer = caller.call([("Session-Expires", "90"), ("Supported", "timer")])
    assert answer["session-expires"] == "90;refresher=uac" and answer["require"] == "timer"
    caller.send(caller.request("INVITE", caller.sdp()))
    caller.ack(caller.final())
    caller.quiet(600)
    assert not house.ends
    caller.hang_up()


def test_an_offer_before_the_answer_has_to_wait() -> None:
    house = House(answers=False)
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp()))
    house.do(house.leg.ring)
    caller.remote_tag = caller.receive(lambda m: m.code == 180)["to"].split("tag=")[1]
    caller.send(caller.request("UPDATE", caller.sdp()))
    assert caller.final("UPDATE")["retry-after"]
    caller.send(caller.request("INVITE", caller.sdp()))
    assert caller.receive(lambda m: m.code >= 200).code == 500
    assert house.leg.stream.remote is None


@pytest.mark.parametrize("code", [200, 405, 500])
def test_whatever_a_phone_answers_when_it_is_asked_whether_it_is_there_is_life(code: int) -> None:
    house = House()
    caller = Caller(house)
    caller.here = code
    caller.call()
    nobody: list[float] = []
    house.do(lambda: ask(house.leg, lambda: nobody.append(house.now)))
    assert [got.method for got in caller.quiet()] == ["OPTIONS"]
    assert not nobody and not house.ends
    caller.hang_up()


@pytest.mark.parametrize("code", [408, 481])
def test_a_phone_that_knows_nothing_of_the_call_when_it_is_asked_ends_it(code: int) -> None:
    house = House()
    caller = Caller(house)
    caller.here = code
    caller.call()
    house.do(lambda: ask(house.leg, lambda: None))
    caller.reply(caller.asked("BYE"), 200)
    assert house.ends == [("failure", "lost")] and not house.ports


def test_a_phone_that_says_nothing_when_it_is_asked_is_given_up_after_32_seconds() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    nobody: list[float] = []
    for _ in range(3):  # one question is open at a time
        house.do(lambda: ask(house.leg, lambda: nobody.append(house.now)))
    asked = house.now
    assert len({got.number for got in caller.quiet()}) == 1
    assert nobody == [asked + 32]


@pytest.mark.parametrize(
    ("refusal", "extra", "least", "most", "then"),
    [
        (500, [("Retry-After", "3")], 3, 3.1, "UPDATE"),  # another request overtook it (RFC 3261 §12.2.2)
        (500, [], 5, 5.1, "UPDATE"),
        (500, [("Retry-After", "86400 (tomorrow)")], 20, 20.1, "UPDATE"),  # the session would end before
        (491, [], 2.1, 4.0, "UPDATE"),
        (488, [], 5, 5.1, "UPDATE"),
        (405, [], 5, 5.1, "INVITE"),  # it takes no UPDATE, whatever it allowed
        (422, [("Min-SE", "180")], 5, 5.1, "UPDATE"),
    ],
)
def test_a_session_whose_refresh_was_refused_for_the_moment_is_refreshed_again(
    refusal: int, extra: list[tuple[str, str]], least: float, most: float, then: str
) -> None:
    """Else the far end, which waits for it, ends the call in the middle of a sentence (RFC 4028 §7.4, §10)."""
    house = House()
    caller = Caller(house)
    caller.call([("Session-Expires", "90;refresher=uas"), ("Supported", "timer")])
    refused = caller.receive(lambda m: m.method == "UPDATE", 50)
    begun = house.now
    caller.reply(refused, refusal, extra=extra)
    again = caller.asked(then)
    assert least <= house.now - begun <= most
    assert again["session-expires"] == ("180" if refusal == 422 else "90") + ";refresher=uac"
    assert not house.ends


def test_a_hold_that_was_overtaken_is_offered_again() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    house.do(lambda: house.leg.reinvite("sendonly"))
    caller.reply(caller.asked("INVITE"), 500, extra=[("Retry-After", "1")])
    again = caller.receive(lambda m: m.method == "INVITE" and "a=sendonly" in m.body)
    caller.reply(again, 200, caller.sdp().replace("sendrecv", "recvonly"))
    caller.asked("ACK")
    assert not house.ends


def test_a_bye_that_is_refused_ends_the_call_all_the_same() -> None:
    """RFC 3261 §15.1.1: whatever is answered, the dialog is over."""
    house = House()
    caller = Caller(house)
    caller.call()
    house.do(lambda: house.leg.hang_up("done"))
    caller.reply(caller.asked("BYE"), 500, extra=[("Retry-After", "1")])
    assert house.ends == [("us", "done")] and not house.agent.dialogs
