"""Several phones of one seat, with real ones on loopback, on both engines that have them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from ivr.telephony import LineFailed, LineGone, LineRinging, LineUp, SeatReach
from tests.contract.rigs import RIGS, PhonesRig, Rig
from tests.contract.test_engines import REAL_CALLS, teller
from tests.sip.raw import Caller
from tests.sip.written import proof
from tests.support.asterisk import SECRET
from tests.support.baresip import Baresip
from tests.support.need import need

pytestmark = [pytest.mark.network, pytest.mark.parametrize("engine", REAL_CALLS)]


def phones(rig: Rig) -> PhonesRig:
    assert isinstance(rig, PhonesRig)
    return rig


def test_all_phones_of_a_seat_ring_and_the_first_to_lift_has_the_call(engine: str, tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        all_three = [await phones(rig).phone(f"phone{n}", "101", "silent") for n in range(3)]
        line = await rig.answered()
        rig.engine.dial("leg/1", "101", 10_000)
        await rig.wait(lambda: all(phone.leg for phone in all_three))
        await rig.event(LineRinging, "leg/1")
        all_three[1].answer()
        await rig.event(LineUp, "leg/1")
        await rig.wait(lambda: not all_three[0].leg and not all_three[2].leg)
        rig.engine.bridge(line, "leg/1")
        await rig.speak(line, 1000)
        await rig.wait(lambda: any(all_three[1].heard[-800:]))
        rig.engine.hangup("leg/1", "done")
        await rig.event(LineGone, "leg/1")
        await rig.wait(lambda: not all_three[1].leg)
        assert [type(e) for e in rig.events if getattr(e, "line", "") == "leg/1"] == [LineRinging, LineUp, LineGone]

    teller_of(engine, tmp_path)(story)


def test_a_phone_of_a_seat_is_told_that_its_call_was_taken_elsewhere_so_that_none_is_missed(
    engine: str, tmp_path: Path
) -> None:
    async def story(rig: Rig) -> None:
        here = phones(rig)
        with Caller(here.port, "101") as other:
            other.here = 200
            me = [(name, f"<sip:101@127.0.0.1>{tag}") for name, tag in (("To", ""), ("From", ";tag=g"))]
            other.send(other.request("REGISTER", extra=me, uri="sip:127.0.0.1"))
            proven = proof(await other.expect(401), "sip:127.0.0.1", secret=SECRET, user="101")
            other.send(other.request("REGISTER", extra=[*me, proven], uri="sip:127.0.0.1"))
            assert (await other.final("REGISTER")).code == 200
            answering = asyncio.create_task(other.receive(lambda message: message.method == "INVITE"))
            lifted = await here.phone("lifted", "101", "silent")
            rig.engine.dial("leg/1", "101", 10_000)
            other.reply(await answering, 180)
            await rig.wait(lambda: lifted.leg)
            lifted.answer()
            await rig.event(LineUp, "leg/1")
            cancel = await other.receive(lambda message: message.method == "CANCEL")
            assert any(re.match(r"SIP\s*;\s*cause=200\b", reason) for reason in cancel.all("reason")), cancel.text
            other.reply(cancel, 200)
            other.reply(answering.result(), 487)
            rig.engine.hangup("leg/1", "done")
            await rig.event(LineGone, "leg/1")

    teller_of(engine, tmp_path)(story)


def test_two_phones_lifted_at_once_are_one_call(engine: str, tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        both = [await phones(rig).phone(f"phone{n}", "101", "silent") for n in range(2)]
        rig.engine.dial("leg/1", "101", 10_000)
        await rig.wait(lambda: all(phone.leg for phone in both))
        for phone in both:
            phone.answer()
        await rig.event(LineUp, "leg/1")
        await rig.wait(lambda: sum(phone.leg is not None for phone in both) == 1)
        await rig.pause(300)
        assert not rig.of(LineGone) and sum(phone.leg is not None for phone in both) == 1

    teller_of(engine, tmp_path)(story)


def test_of_phones_that_are_busy_or_decline(engine: str, tmp_path: Path) -> None:
    """One that is busy does not end the others; a person who declines declines for the seat; all busy is busy."""

    async def story(rig: Rig) -> None:
        one, other = [await phones(rig).phone(name, "101", "busy") for name in ("one", "other")]
        rig.engine.dial("busy/1", "101", 10_000)
        assert (await rig.event(LineFailed, "busy/1")).reason == "busy"
        other.on_call = type(other.on_call)(answer_after_s=0.5)
        rig.engine.dial("busy/2", "101", 10_000)
        await rig.event(LineUp, "busy/2")
        rig.engine.hangup("busy/2", "done")
        await rig.wait(lambda: not other.leg)
        one.on_call, other.on_call = type(one.on_call)(refuse=603), type(other.on_call)()
        rig.engine.dial("declined/1", "101", 10_000)
        assert (await rig.event(LineFailed, "declined/1")).reason == "declined"
        await rig.wait(lambda: not other.leg)
        rig.engine.dial("left/1", "101", 10_000)
        one.on_call = type(one.on_call)()
        await rig.wait(lambda: other.leg)
        rig.engine.hangup("left/1", "caller_left")
        await rig.wait(lambda: not other.leg and not one.leg)

    teller_of(engine, tmp_path)(story)


def test_a_phone_that_died_is_not_rung_and_one_that_lives_is(engine: str, tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        dead, alive = [await phones(rig).phone(name, "101", "silent") for name in ("dead", "alive")]
        for phone in (dead, alive):
            phone._sip.socket.close()  # no farewell
        await phones(rig).ask_phones("101")
        await rig.wait(lambda: not rig.engine.reachable()["101"])
        rig.engine.dial("leg/1", "101", 12_000)
        assert (await rig.event(LineFailed, "leg/1")).reason == "unreachable"
        again = await phones(rig).phone("again", "101", "answers")  # the one that was started anew
        rig.engine.dial("leg/2", "101", 12_000)
        await rig.event(LineUp, "leg/2")
        assert again.leg and [e.reachable for e in rig.of(SeatReach)] == [True, False, True]

    teller_of(engine, tmp_path)(story)


def test_baresips_of_one_seat_register_beside_a_guesser_and_the_name_of_nobody_is_answered_alike(
    engine: str, tmp_path: Path
) -> None:
    path = need("baresip")

    async def guess(rig: PhonesRig, seat: str, secret: str, times: int, algorithm: str = "MD5") -> list[str]:
        """Try to register; the answers without what is chance."""
        told = []
        with Caller(rig.port, seat) as phone:
            for _ in range(times):
                headers = [("To", f"<sip:{seat}@127.0.0.1>"), ("From", f"<sip:{seat}@127.0.0.1>;tag=g")]
                phone.send(phone.request("REGISTER", extra=headers, uri="sip:127.0.0.1"))
                challenge = await phone.expect(401)
                answer = proof(challenge, "sip:127.0.0.1", algorithm=algorithm, secret=secret, user=seat)
                phone.send(phone.request("REGISTER", extra=[*headers, answer], uri="sip:127.0.0.1"))
                last = await phone.final("REGISTER")
                told += [f"{one.start} {[name for name, _ in one.headers]}" for one in (challenge, last)]
        return told

    async def story(rig: Rig) -> None:
        here = phones(rig)
        assert await guess(here, "101", "wrong", 15) == await guess(here, "998", "wrong", 15)
        for algorithm in ("SHA-256", "MD5"):
            challenge, last = await guess(here, "103", SECRET, 1, algorithm)
            assert challenge.count("www-authenticate") == 2 and "200" in last
        hotline = f"127.0.0.1:{here.port}"
        async with (
            Baresip.open(tmp_path / "one", path, seat="101", secret=SECRET, hotline=hotline) as one,
            Baresip.open(tmp_path / "wrong", path, seat="101", secret="guess", hotline=hotline) as wrong,
            Baresip.open(tmp_path / "other", path, seat="101", secret=SECRET, hotline=hotline) as other,
        ):
            for phone, said in ((one, "OK"), (other, "OK"), (wrong, "ERR")):
                while said not in (told := await phone.command("reginfo")):
                    assert "ERR" not in told or said == "ERR", told
                    await asyncio.sleep(0.1)
            last = (await guess(here, "101", SECRET, 1))[-1]
            assert re.match(r"SIP/2.0 200", last)
            rig.engine.dial("leg/1", "101", 10_000)
            await rig.event(LineUp, "leg/1")  # both answer by themselves, and one has it
            rig.engine.hangup("leg/1", "done")
            await rig.event(LineGone, "leg/1")

    teller_of(engine, tmp_path)(story)


def teller_of(engine: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    return teller(RIGS[engine], tmp_path)
