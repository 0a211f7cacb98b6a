"""Setting a call up: offers and answers, CANCEL, repetitions, lost ACKs (RFC 3261 §9, §13, §17)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sip.core.caller import Caller
from tests.sip.core.house import FAR, HERE, NOTHING, House


def test_an_invite_is_answered_and_a_bye_ends_the_call() -> None:
    house = House()
    caller = Caller(house)
    answer = caller.call()
    assert caller.seen[0].code == 100
    assert "m=audio" in answer.body and f"@{HERE.host}:{HERE.port}>" in answer["contact"]
    caller.hang_up()
    assert house.ends == [("far", "bye")]
    house.wait(32)
    assert house.left == NOTHING


def test_ringing_is_told_with_180_and_the_same_tag_as_the_answer() -> None:
    house = House(answers=False)
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp()))
    house.do(house.leg.ring)
    ringing = caller.receive(lambda m: m.code == 180)
    house.do(house.leg.answer)
    answer = caller.expect(200)
    assert ringing["to"] == answer["to"] and "tag=" in answer["to"]
    caller.ack(answer)
    caller.hang_up()


def test_a_law_is_chosen_when_both_are_offered_and_mu_law_when_it_is_alone() -> None:
    house = House()
    caller = Caller(house)
    answer = caller.call()
    assert " RTP/AVP 8 101" in answer.body
    caller.hang_up()
    caller = Caller(house)
    only_mu = caller.sdp().replace("AVP 8 0 101", "AVP 0").replace("a=rtpmap:8 PCMA/8000\r\n", "")
    caller.send(caller.request("INVITE", only_mu))
    answer = caller.expect(200)
    assert " RTP/AVP 0\r\n" in answer.body
    caller.ack(answer)
    caller.hang_up()


def test_telephone_events_keep_the_payload_type_the_caller_chose() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp().replace("101", "96")))
    answer = caller.expect(200)
    assert " RTP/AVP 8 96" in answer.body and "a=rtpmap:96 telephone-event/8000" in answer.body
    caller.ack(answer)
    caller.hang_up()


def test_an_invite_without_an_offer_gets_one_and_is_up_when_the_ack_answers_it() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE"))
    offer = caller.expect(200)
    assert " RTP/AVP 8 0 101" in offer.body
    assert not house.up
    caller.ack(offer, caller.sdp())
    assert house.up == [house.leg]
    sound = house.leg.stream
    assert (sound.remote, sound.payload_type, sound.sends) == ((caller.host, caller.rtp_port), 8, True)
    caller.hang_up()


def test_a_late_offer_that_is_never_answered_ends_the_call() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE"))
    caller.ack(caller.expect(200))
    assert house.ends[0][0] == "failure"
    assert not house.ports


def test_of_several_media_lines_only_audio_is_taken() -> None:
    house = House()
    caller = Caller(house)
    video = "m=video 40000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    head, audio = caller.sdp().split("m=audio")
    caller.send(caller.request("INVITE", f"{head}{video}m=audio{audio}m=application 9 TCP/TLS 1\r\n"))
    answer = caller.expect(200)
    media = [line for line in answer.body.split("\r\n") if line.startswith("m=")]
    assert media[0].startswith("m=video 0 ") and media[2].startswith("m=application 0 ")
    assert media[1].startswith("m=audio ") and not media[1].startswith("m=audio 0 ")
    caller.ack(answer)
    caller.hang_up()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda sdp: sdp.replace("AVP 8 0 101", "AVP 18").replace("8 PCMA", "18 G729"), 488),
        (lambda sdp: sdp.replace("RTP/AVP", "RTP/SAVPF"), 488),
        (lambda sdp: sdp.replace("m=audio", "m=video"), 488),
        (lambda sdp: sdp[: sdp.index("m=")], 488),
        (lambda sdp: sdp.replace(f"c=IN IP4 {FAR.host}\r\n", ""), 488),
        (lambda sdp: sdp.replace("m=audio", "m=audio x"), 488),
    ],
    ids=["only G.729", "SRTP", "only video", "no media", "no address", "unreadable"],
)
def test_an_offer_we_cannot_speak_is_refused_with_488(change: Callable[[str], str], code: int) -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", change(caller.sdp())))
    caller.expect(code)
    assert not house.calls and not house.ports


def test_a_cancel_before_the_answer_gets_200_and_the_invite_487() -> None:
    house = House(answers=False)
    caller = Caller(house)
    invite = caller.request("INVITE", caller.sdp(), number=1, branch="z9hG4bKcancelled")
    caller.send(invite)
    caller.send(caller.request("CANCEL", number=1, branch="z9hG4bKcancelled"))
    finals = [caller.receive(lambda m: m.code >= 200) for _ in range(2)]
    assert {(m.code, m.cseq) for m in finals} == {(200, "CANCEL"), (487, "INVITE")}
    assert house.ends == [("far", "cancelled")]
    (leg,) = house.calls
    house.do(leg.answer)  # too late: ignored
    caller.send(caller.request("ACK", number=1, branch="z9hG4bKcancelled"))
    caller.quiet()
    assert not house.up and len(house.ends) == 1
    assert leg.stream.remote is None  # no audio was ever sent


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp(), number=1, branch="z9hG4bKlate"))
    answer = caller.expect(200)
    caller.send(caller.request("CANCEL", number=1, branch="z9hG4bKlate"))
    assert caller.final("CANCEL").code == 200
    caller.number = iter(range(2, 99))
    caller.ack(answer)
    caller.hang_up()
    assert house.ends[0][1] == "bye"


def test_a_cancel_for_nothing_gets_481() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("CANCEL"))
    caller.expect(481)


def test_an_invite_repeated_before_and_after_the_200_is_one_call() -> None:
    house = House(answers=False)
    caller = Caller(house)
    invite = caller.send(caller.request("INVITE", caller.sdp()))
    house.do(house.leg.ring)
    caller.receive(lambda m: m.code == 180)
    caller.send(invite)
    caller.receive(lambda m: m.code == 180)
    house.do(house.leg.answer)
    first = caller.expect(200)
    caller.send(invite)
    again = caller.expect(200)
    assert again.text == first.text
    caller.ack(first)
    caller.send(invite)
    caller.quiet()
    assert len(house.calls) == len(house.ports) == 1
    caller.hang_up()


def test_the_same_invite_over_another_path_is_482() -> None:
    house = House(answers=False)
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp(), number=1))
    caller.send(caller.request("INVITE", caller.sdp(), number=1))
    caller.expect(482)
    assert len(house.calls) == 1


def test_a_200_is_repeated_until_its_ack_comes() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp()))
    first = caller.expect(200)
    second = caller.expect(200)
    assert first.text == second.text
    caller.ack(second)
    assert not caller.quiet()
    caller.hang_up()


def test_without_any_ack_the_call_ends_with_bye_and_frees_its_port() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp()))
    caller.expect(200)
    bye = caller.asked("BYE")
    caller.reply(bye, 200)
    assert house.ends == [("failure", "no_ack")]
    assert not house.ports


def test_a_hang_up_of_ours_before_the_ack_waits_for_it_with_its_bye() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp()))
    answer = caller.expect(200)
    house.hang_up("grace_timeout")
    assert house.ends[0][0] == "us"
    assert not [m for m in caller.quiet(10) if m.method == "BYE"]
    caller.ack(answer)
    bye = caller.asked("BYE")
    caller.reply(bye, 200)


def test_a_refused_call_is_repeated_until_its_ack_and_the_ack_is_absorbed() -> None:
    house = House(answers=False)
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp(), number=1, branch="z9hG4bKbusy"))
    house.hang_up("busy")
    caller.expect(486)
    caller.expect(486)
    caller.send(caller.request("ACK", number=1, branch="z9hG4bKbusy"))
    assert not caller.quiet()
    assert house.ends[0][0] == "us"


def test_a_call_nobody_answers_ends_by_itself() -> None:
    house = House(answers=False, setup_timeout_s=30)
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp()))
    caller.expect(480)
    assert house.ends == [("failure", "setup_timeout")]
