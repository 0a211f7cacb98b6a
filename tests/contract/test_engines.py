"""One contract, every engine: what ``ivr/telephony.py`` promises, told as stories."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from ivr.called import CalledNumbers
from ivr.numbers import Number, read
from ivr.telephony import (
    DtmfKey,
    Incoming,
    LineFailed,
    LineGone,
    LineRinging,
    LineUp,
    PlaybackEnded,
    RecordingEnded,
    SeatReach,
)
from tests.contract.rigs import RIGS, AsteriskByHttpRig, PhonesRig, Rig, voice
from tests.rules.numbers_table import CITY, OF_THE_CITY
from tests.sip.raw import Caller

Story = Callable[[Rig], Awaitable[None]]


REAL_CALLS = [name for name in RIGS if name != "simulator"]


@pytest.fixture(params=["simulator", *(pytest.param(name, marks=pytest.mark.network) for name in REAL_CALLS)])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    """Tell a story on one engine."""
    return teller(RIGS[request.param], tmp_path)


def teller(kind: type[Rig], tmp_path: Path) -> Callable[[Story], None]:
    """Tells stories on this engine."""

    def tell(story: Story) -> None:
        async def run() -> None:
            rig = kind(tmp_path)
            await rig.start()
            try:
                await asyncio.wait_for(story(rig), 60)
            finally:
                await rig.stop()
            ends = [e.line for e in rig.events if isinstance(e, (LineGone, LineFailed))]
            assert len(ends) == len(set(ends)), "a line ended twice"
            for line in ends:
                last = [e for e in rig.events if getattr(e, "line", None) == line][-1]
                assert isinstance(last, (LineGone, LineFailed)), f"{last} after the end"

        asyncio.run(run())

    return tell


def test_an_incoming_call_is_reported_once_with_both_numbers(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.call("13800001111")
        (incoming,) = rig.of(Incoming)
        assert (incoming.line, incoming.called, incoming.caller) == (line, "95598", "13800001111")

    told(story)


@pytest.mark.network
@pytest.mark.parametrize("engine", REAL_CALLS)
def test_the_called_number_is_also_told_from_where_the_network_keeps_it(engine: str, tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        assert isinstance(rig, PhonesRig)
        more = [("P-Called-Party-ID", "<sip:95598@h>"), ("Diversion", '"Office" <sip:+862312345@h>;reason=busy')]
        with Caller(rig.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp(), extra=more))
            (incoming,) = await rig.wait(lambda: rig.of(Incoming))
            assert incoming.also[:2] == ("+862312345", "95598")
            rig.engine.hangup(incoming.line, "busy")
            caller.ack(await caller.final())
            await rig.wait(lambda: rig.of(LineGone))

    teller(RIGS[engine], tmp_path)(story)


@pytest.mark.network
@pytest.mark.parametrize("engine", REAL_CALLS)
def test_acceptance_1_the_engine_knows_callers_and_called_numbers_by_every_spelling_of_the_table(
    engine: str, tmp_path: Path
) -> None:
    """Who calls by the key; which number was called as it was written, from which the same key is read.

    No network calls a number by full-width digits: such are written for callers alone. Parameters that a network
    puts behind a number (``;isub=1``, RFC 3966) are no part of it.
    """

    async def story(rig: Rig) -> None:
        assert isinstance(rig, PhonesRig)
        wrong = []
        for row in (row for row in OF_THE_CITY if row.written.strip()):
            written = quote(row.written, safe=";=")
            number = read(row.written.partition(";")[0], CITY)
            key = number.key if isinstance(number, Number) else ""
            called = written if row.key and row.written[0] in "+0123456789" else "95598"
            with Caller(rig.port, user=written) as caller:
                before = len(rig.of(Incoming))
                caller.send(caller.request("INVITE", caller.sdp(), uri=f"sip:{called}@127.0.0.1:{rig.port}"))
                (incoming,) = await rig.wait(lambda n=before: rig.of(Incoming)[n:])  # type: ignore[misc]
                rig.engine.hangup(incoming.line, "busy")
                caller.ack(await caller.final())
            mine = {row.key if called == written else "95598": True}
            if (incoming.caller or "", CalledNumbers(mine, False, CITY)(incoming.called)) != (key, True):
                wrong.append((row.written, incoming.caller, incoming.called))
        assert wrong == []
        await rig.wait(lambda: len(rig.of(LineGone)) == len(rig.of(Incoming)))

    teller(RIGS[engine], tmp_path)(story)


def test_a_withheld_number_is_none(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        await rig.call(None)
        assert rig.of(Incoming)[0].caller is None

    told(story)


def test_answering_brings_the_line_up_once(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.call()
        rig.engine.ring(line)
        rig.engine.answer(line)
        rig.engine.answer(line)
        await rig.event(LineUp, line)
        await rig.pause(300)
        assert len(rig.of(LineUp, line)) == 1

    told(story)


def test_a_caller_who_gives_up_before_the_answer_is_gone(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.call()
        rig.engine.ring(line)
        await rig.pause(200)
        await rig.caller_leaves(line)
        gone = await rig.event(LineGone, line)
        assert gone.by == "far"

    told(story)


def test_a_prompt_ends_by_itself_and_says_so(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.answered()
        rig.engine.play(line, [voice(200), voice(200, 600)], "p1")
        done = await rig.event(PlaybackEnded, line)
        assert (done.token, done.finished) == ("p1", True)

    told(story)


def test_a_new_prompt_replaces_the_old_one(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.answered()
        rig.engine.play(line, [voice(5000)], "p1")
        await rig.pause(100)
        rig.engine.play(line, [voice(100)], "p2")
        await rig.wait(lambda: len(rig.of(PlaybackEnded, line)) == 2)
        assert [(e.token, e.finished) for e in rig.of(PlaybackEnded, line)] == [("p1", False), ("p2", True)]

    told(story)


def test_stopping_a_prompt_reports_it_unfinished_and_stopping_nothing_reports_nothing(
    told: Callable[[Story], None],
) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.answered()
        rig.engine.stop_play(line)
        rig.engine.play(line, [voice(5000)], "p1")
        await rig.pause(100)
        rig.engine.stop_play(line)
        await rig.event(PlaybackEnded, line)
        await rig.pause(200)
        assert [(e.token, e.finished) for e in rig.of(PlaybackEnded, line)] == [("p1", False)]

    told(story)


def test_each_key_press_is_reported_once(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.answered()
        for key in "10*#":
            await rig.press(line, key)
            await rig.pause(300)
        await rig.wait(lambda: len(rig.of(DtmfKey, line)) >= 4)
        assert "".join(e.key for e in rig.of(DtmfKey, line)) == "10*#"

    told(story)


def test_a_recording_ends_when_the_caller_has_finished_speaking(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.answered()
        path = rig.folder / "r1.wav"
        rig.engine.record(line, "r1", path, 30_000, 1000)
        await rig.speak(line, 1500)
        done = await rig.event(RecordingEnded, line)
        assert (done.token, done.path, done.end) == ("r1", path, "silence")
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
            assert file.getnframes() / 8 >= 1400

    told(story)


def test_a_recording_can_be_stopped(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.answered()
        rig.engine.record(line, "r1", rig.folder / "r1.wav", 30_000, 20_000)
        await rig.speak(line, 3000)
        await rig.pause(800)
        rig.engine.stop_record(line)
        done = await rig.event(RecordingEnded, line)
        assert done.end == "stopped"

    told(story)


def test_what_was_said_is_kept_when_the_caller_hangs_up_while_speaking(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.answered()
        path = rig.folder / "r1.wav"
        rig.engine.record(line, "r1", path, 30_000, 20_000)
        await rig.speak(line, 3000)
        await rig.pause(1000)
        await rig.caller_leaves(line)
        await rig.event(LineGone, line)
        done = await rig.event(RecordingEnded, line)
        assert done.end == "gone" and path.exists()
        assert rig.events.index(done) < rig.events.index(rig.of(LineGone, line)[0])

    told(story)


def test_a_seat_is_reported_reachable_and_rings_and_answers(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        await rig.seat("101", "answers")
        assert [(e.seat, e.reachable) for e in rig.of(SeatReach)] == [("101", True)]
        rig.engine.dial("leg/1", "101", 10_000, "故障报修 1111")
        await rig.event(LineRinging, "leg/1")
        await rig.event(LineUp, "leg/1")
        rig.engine.hangup("leg/1", "done")
        assert (await rig.event(LineGone, "leg/1")).by == "us"

    told(story)


@pytest.mark.parametrize("does, reason", [("busy", "busy"), ("silent", "no_answer"), ("absent", "unreachable")])
def test_a_seat_that_cannot_be_had_says_why(told: Callable[[Story], None], does: str, reason: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.seat("101", does)
        rig.engine.dial("leg/1", "101", 1500)
        assert (await rig.event(LineFailed, "leg/1")).reason == reason

    told(story)


def test_a_ringing_seat_can_be_called_off(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        await rig.seat("101", "silent")
        rig.engine.dial("leg/1", "101", 30_000)
        await rig.event(LineRinging, "leg/1")
        rig.engine.hangup("leg/1", "answered elsewhere")
        assert (await rig.event(LineFailed, "leg/1")).reason == "cancelled"

    told(story)


def test_a_bridged_operator_stays_up_when_the_caller_leaves_and_the_other_way_round(
    told: Callable[[Story], None],
) -> None:
    async def story(rig: Rig) -> None:
        for i, leaves in enumerate(("caller", "operator")):
            seat, leg = f"10{i + 1}", f"leg/{i}"
            await rig.seat(seat, "answers")
            line = await rig.answered()
            rig.engine.dial(leg, seat, 10_000)
            await rig.event(LineUp, leg)
            rig.engine.bridge(line, leg)
            await rig.pause(300)
            if leaves == "caller":
                await rig.caller_leaves(line)
                gone, stays = line, leg
            else:
                await rig.operator_leaves(seat)
                gone, stays = leg, line
            assert (await rig.event(LineGone, gone)).by == "far"
            await rig.pause(200)
            assert rig.of(LineGone, stays) == []
            rig.engine.hangup(stays, "done")
            await rig.event(LineGone, stays)

    told(story)


def test_a_number_is_rung_over_the_trunk_and_joined_with_an_operator(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        await rig.seat("101", "answers")
        await rig.citizen("13800001111", "answers")
        rig.engine.dial("out/seat", "101", 10_000)
        await rig.event(LineUp, "out/seat")
        rig.engine.dial_number("out/citizen", "13800001111", 10_000, "02195598")
        await rig.event(LineRinging, "out/citizen")
        await rig.event(LineUp, "out/citizen")
        rig.engine.bridge("out/seat", "out/citizen")
        await rig.pause(300)
        await rig.operator_leaves("101")
        await rig.event(LineGone, "out/seat")
        rig.engine.hangup("out/citizen", "operator_left")
        assert (await rig.event(LineGone, "out/citizen")).by == "us"

    told(story)


@pytest.mark.parametrize("does, reason", [("busy", "busy"), ("silent", "no_answer")])
def test_a_number_that_cannot_be_had_says_why(told: Callable[[Story], None], does: str, reason: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.citizen("13800001111", does)
        rig.engine.dial_number("out/1", "13800001111", 1500)
        assert (await rig.event(LineFailed, "out/1")).reason == reason

    told(story)


def test_verbs_on_a_line_that_is_gone_are_ignored(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.answered()
        rig.engine.hangup(line, "grace_timeout")
        gone = await rig.event(LineGone, line)
        assert gone.by == "us"
        rig.engine.play(line, [voice(100)], "p9")
        rig.engine.stop_play(line)
        rig.engine.record(line, "r9", rig.folder / "r9.wav", 1000, 1000)
        rig.engine.stop_record(line)
        rig.engine.answer(line)
        rig.engine.bridge(line, "nobody")
        rig.engine.hold(line, True)
        rig.engine.hangup(line, "again")
        rig.engine.hangup("never-was", "x")
        await rig.pause(300)
        assert rig.events[-1] is gone

    told(story)


def test_stopping_the_engine_ends_every_line(told: Callable[[Story], None]) -> None:
    async def story(rig: Rig) -> None:
        line = await rig.answered()
        await rig.engine.stop()
        await rig.event(LineGone, line)

    told(story)


@pytest.mark.parametrize(
    "story",
    [
        test_a_new_prompt_replaces_the_old_one,
        test_what_was_said_is_kept_when_the_caller_hangs_up_while_speaking,
        test_a_bridged_operator_stays_up_when_the_caller_leaves_and_the_other_way_round,
        test_stopping_the_engine_ends_every_line,
    ],
)
def test_the_same_holds_when_requests_go_to_asterisk_by_http(
    story: Callable[[Callable[[Story], None]], None], tmp_path: Path
) -> None:
    story(teller(AsteriskByHttpRig, tmp_path))
