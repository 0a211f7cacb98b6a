"""baresip and PJSIP, which this project did not write, hand their party over, as operators do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.telephony import Incoming, LineGone, LineUp, SeatReach, TransferAsked
from sip.core.config import Timing
from tests.sip.far_end import until
from tests.sip.raw import Caller, Hotline, story
from tests.sip.test_transports_of_phones import PHONES, SEATS, Wire

pytestmark = pytest.mark.network


def sipfrags(wire: Wire) -> list[str]:
    """How its transfer went, as the phone was told and as it took it."""
    told = [data.decode() for data, _ in wire.of("NOTIFY")]
    assert all("Event: refer" in text for text in told)
    return [text.rpartition("\r\n\r\n")[2].strip() for text in told]


@pytest.mark.parametrize("kind", ["baresip", "pjsip"])
@pytest.mark.parametrize("end", [200, 486])
def test_fst_2_an_operators_telephone_asks_to_hand_over_and_hears_how_it_went(
    kind: str, end: int, need: Callable[[str], str], tmp_path: Path
) -> None:
    @story
    async def run() -> None:
        async with Hotline(seats=SEATS, timing=Timing()) as hotline:
            wire, at = Wire(hotline), f"127.0.0.1:{hotline.port}"
            phone_at = {"seat": "101", "secret": SEATS["101"].secret, "hotline": at}
            async with PHONES[kind](need, tmp_path / "phone", **phone_at) as phone:
                await hotline.until(SeatReach)
                hotline.engine.dial("leg", "101", 12_000)
                await hotline.until(LineUp)
                await phone.transfer(f"sip:102@{at}")
                asked = await hotline.until(TransferAsked)
                assert (asked.line, asked.target, asked.replaces) == ("leg", "102", "")
                for code in (180, end):
                    hotline.engine.transfer_told("leg", asked.token, code)
                await until(lambda: len(wire.of("NOTIFY")) >= 2 and f"SIP/2.0 {end}" in sipfrags(wire)[-1])
                if kind == "pjsip":
                    await until(lambda: end in phone.told())
                    assert not hotline.of(LineGone)
                else:  # however it went, it leaves the call; that the caller is not lost is the hotline's business
                    assert (await hotline.until(LineGone)).by == "far"
                    await phone.until("TRANSFER_FAILED" if end == 486 else "CALL_CLOSED")
            answers = [data for data, _ in wire.messages if data.startswith(b"SIP/2.0 ") and b" NOTIFY\r\n" in data]
            assert answers and {data[8:11] for data in answers} == {b"200"}

    run()


def test_fst_1_an_operator_asks_a_colleague_and_puts_the_party_through(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    @story
    async def run() -> None:
        async with Hotline(seats=SEATS, timing=Timing()) as hotline:
            at = f"127.0.0.1:{hotline.port}"
            phone_at = {"seat": "101", "secret": SEATS["101"].secret, "hotline": at}
            async with PHONES["pjsip"](need, tmp_path / "phone", **phone_at) as phone:
                await hotline.until(SeatReach)
                with Caller(hotline.port) as citizen:
                    await citizen.call()
                    hotline.engine.dial("leg", "101", 12_000)
                    await hotline.until(LineUp, 2)
                    hotline.engine.bridge(hotline.of(Incoming)[0].line, "leg")
                    await phone.consult(f"sip:102@{at}")
                    second = await hotline.until(Incoming, 2)
                    assert (second.seat, second.called) == ("101", "102")
                    await hotline.until(LineUp, 3)
                    await until(lambda: len([event for event in phone.events if event["event"] == "up"]) == 2)
                    await phone.put_through()
                    asked = await hotline.until(TransferAsked)
                    assert (asked.line, asked.replaces) == ("leg", second.line)
                    hotline.engine.transfer_told("leg", asked.token, 200)
                    await until(lambda: 200 in phone.told())
                    hotline.engine.hangup("leg", "transferred")
                    hotline.engine.hangup(second.line, "transferred")
                    await hotline.until(LineGone, 2)
                    assert not [event for event in hotline.of(LineGone) if event.line == hotline.of(Incoming)[0].line]

    run()
