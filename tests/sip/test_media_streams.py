"""Streams on real loopback sockets, against a far end with RTP code of its own."""

import asyncio
import secrets

import numpy as np
import pytest

from recordings import g711
from sip.embedded.media import Media, NoPorts
from tests.sip.far_end import EVENT, FarEnd, clip, media, until
from tests.sip.raw import story

pytestmark = pytest.mark.network

SILENCE = b"\xd5" * 160


def code(value: int) -> bytes:
    """A frame of clip(..., value) in A-law."""
    return g711.pcm_to_alaw(np.full(160, value, "<i2").tobytes())


@story
async def test_nothing_is_sent_before_the_far_end_is_known_then_silence_without_end():
    async with media() as m:
        stream = m.open()
        far = FarEnd(stream)
        await asyncio.sleep(0.1)
        assert stream.stats.sent == 0
        far.agree()
        await until(lambda: len(far.read()) >= 20)
        packets = far.read()
        assert {p[4] for p in packets} == {SILENCE}
        assert [p[1] for p in packets[:3]] == [True, False, False]
        assert (packets[-1][2] - packets[0][2]) & 0xFFFF == len(packets) - 1


@story
async def test_clips_are_played_back_to_back_whole_and_then_done_is_told_once():
    async with media() as m:
        stream = m.open()
        far, done = FarEnd(stream).agree(), []
        stream.play([clip(3, 1000), clip(2, -2000)], done.append)
        await until(lambda: done)
        await until(lambda: far.payloads()[-1] == SILENCE)
        said = [p for p in far.payloads() if p != SILENCE]
        assert said == [code(1000)] * 3 + [code(-2000)] * 2
        assert done == [True]


@story
async def test_a_clip_that_ends_within_a_frame_is_filled_up_with_silence():
    async with media() as m:
        stream = m.open()
        far, done = FarEnd(stream).agree(), []
        short = clip(1, 1000)
        stream.play([type(short)("short", short.pcm[:100])], done.append)
        await until(lambda: done and len(far.payloads()) > 3)
        assert code(1000)[:50] + SILENCE[50:] in far.payloads()


@story
async def test_a_new_prompt_replaces_the_old_one_and_its_caller_is_told():
    async with media() as m:
        stream = m.open()
        far, told = FarEnd(stream).agree(), []
        stream.play([clip(500, 1000)], lambda finished: told.append(("first", finished)))
        await until(lambda: code(1000) in far.payloads())
        stream.play([clip(2, 3000)], lambda finished: told.append(("second", finished)))
        assert told == [("first", False)]
        await until(lambda: len(told) == 2)
        assert told[1] == ("second", True)
        payloads = far.payloads()
        start = payloads.index(code(3000))
        assert code(1000) not in payloads[start:]
        assert SILENCE not in payloads[payloads.index(code(1000)) : start]


@story
async def test_a_prompt_begun_by_the_end_of_another_follows_without_a_gap():
    async with media() as m:
        stream = m.open()
        far, done = FarEnd(stream).agree(), []
        stream.play([clip(2, 1000)], lambda finished: stream.play([clip(2, 3000)], done.append))
        await until(lambda: done)
        said = far.payloads()
        first = said.index(code(1000))
        assert said[first : first + 4] == [code(1000)] * 2 + [code(3000)] * 2


@story
async def test_stopping_and_closing_tell_that_the_prompt_was_not_finished():
    async with media() as m:
        stream = m.open()
        FarEnd(stream).agree()
        told = []
        stream.play([clip(500, 1000)], told.append)
        stream.stop_play()
        stream.stop_play()
        stream.play([clip(500, 1000)], told.append)
        stream.close()
        stream.close()
        stream.play([clip(1, 1)], told.append)  # on a line that is gone
        assert told == [False, False, False]
        assert m.ports_in_use == 0


@story
async def test_a_changed_codec_goes_on_at_the_same_place_of_the_prompt():
    async with media() as m:
        stream = m.open()
        far, done = FarEnd(stream).agree(), []
        stream.play([clip(30, 1000)], done.append)
        await until(lambda: code(1000) in far.payloads())
        far.pt = 0
        far.agree()
        await until(lambda: done)
        said = [p for p in far.read() if p[4] not in (SILENCE, b"\xff" * 160)]
        assert len(said) == 30
        assert {p[4] for p in said if p[0] == 0} == {g711.pcm_to_ulaw(np.full(160, 1000, "<i2").tobytes())}


@story
async def test_while_sending_is_off_prompts_run_on_unheard():
    async with media() as m:
        stream = m.open()
        far, done = FarEnd(stream).agree(send=False), []
        stream.play([clip(5, 1000)], done.append)
        await until(lambda: done)
        assert far.read() == []
        far.agree(send=True)
        await until(far.read)
        assert far.read()[0][1]  # marked: there was a pause


@story
async def test_an_old_style_hold_to_no_address_sends_nothing():
    async with media() as m:
        stream = m.open()
        stream.set_remote("0.0.0.0", 4000, 8, EVENT)
        await asyncio.sleep(0.1)
        assert stream.stats.sent == stream.stats.send_errors == 0


@pytest.mark.parametrize(("host", "pt"), [("127.0.0.1", 18), ("far.example", 8)])
def test_what_the_stream_cannot_speak_is_refused(host, pt):
    @story
    async def refused():
        async with media() as m:
            with pytest.raises(ValueError):
                m.open().set_remote(host, 4000, pt, None)

    refused()


@story
async def test_each_key_is_told_once_even_when_only_its_end_comes():
    async with media() as m:
        stream = m.open()
        far, keys = FarEnd(stream).agree(), []
        stream.on_key = keys.append
        far.key(5)
        far.key(5)
        far.key(11, packets=(4,))
        await until(lambda: len(keys) == 3)
        assert keys == ["5", "5", "#"]
        assert stream.stats.keys == 3


@story
async def test_keys_sent_by_one_stream_are_heard_by_another():
    async with media() as m:
        one, other = m.open(), m.open()
        one.set_remote("127.0.0.1", other.port, 8, 96)
        other.set_remote("127.0.0.1", one.port, 8, 96)
        keys = []
        other.on_key = keys.append
        for key in "1*#D":
            one.send_key(key, 60)
        await until(lambda: len(keys) == 4)
        assert "".join(keys) == "1*#D"


@story
async def test_a_key_for_a_far_end_without_telephone_events_is_refused():
    async with media() as m:
        stream = m.open()
        stream.set_remote("127.0.0.1", 4000, 8, None)
        with pytest.raises(ValueError, match="SIP INFO"):
            stream.send_key("1")


@story
async def test_junk_and_strange_payloads_are_counted_and_harm_nothing():
    async with media() as m:
        stream = m.open()
        far, keys = FarEnd(stream).agree(), []
        stream.on_key = keys.append
        for junk in (b"", b"\x80", b"hello", b"\x00" + secrets.token_bytes(1400), far.packet(b"")):
            far.raw(junk)
        far.raw(far.packet(SILENCE, pt=111))
        far.raw(far.packet(b"\x05", pt=EVENT))
        far.key(1)
        await until(lambda: keys)
        assert (stream.stats.junk, stream.stats.other, keys) == (5, 1, ["1"])


@story
async def test_the_far_end_is_followed_behind_its_nat_and_a_stranger_is_not():
    async with media() as m:
        stream = m.open()
        stream.set_remote("127.0.0.1", 9, 8, EVENT)  # as signalled: nobody there
        far, stranger, keys = FarEnd(stream), FarEnd(stream), []
        stream.on_key = keys.append
        far.speak(SILENCE)
        await until(far.read)
        assert stream.remote == (far.host, far.port)
        stranger.key(9)
        far.key(1)
        await until(lambda: keys)
        assert keys == ["1"]
        assert stream.stats.strays == 6
        assert stranger.read() == []


@story
async def test_a_tap_hears_what_the_far_end_says_in_either_law():
    async with media() as m:
        stream = m.open()
        far, heard = FarEnd(stream, pt=0).agree(), []
        stream.tap(heard.append)
        far.speak(g711.pcm_to_ulaw(np.full(160, 1000, "<i2").tobytes()))
        await until(lambda: heard)
        assert len(heard[0]) == 320
        assert np.abs(np.frombuffer(heard[0], "<i2") - 1000).max() <= 32


@story
async def test_call_backs_that_raise_do_not_stop_the_sound(caplog):
    async with media() as m:
        stream = m.open()
        far = FarEnd(stream).agree()

        def wrong(_: object) -> None:
            raise RuntimeError("wrong")

        stream.on_key = wrong
        stream.tap(wrong)
        stream.play([clip(1, 1000)], wrong)
        far.key(1)
        far.speak(SILENCE)
        await until(lambda: caplog.text.count("RuntimeError: wrong") == 3)
        so_far = len(far.read())
        await until(lambda: len(far.read()) > so_far + 3)


@story
async def test_a_stream_may_be_closed_by_its_own_call_backs():
    async with media() as m:
        stream = m.open()
        far = FarEnd(stream).agree()
        stream.on_key = lambda key: stream.close()
        far.key(1)
        far.key(2)
        await until(lambda: m.ports_in_use == 0)
        ended = m.open()
        FarEnd(ended).agree()
        ended.play([clip(1, 1000)], lambda finished: ended.close())
        await until(lambda: m.ports_in_use == 0)


@story
async def test_bridged_streams_hear_each_other_and_keys_pass_over():
    async with media() as m:
        a, b = m.open(), m.open()
        caller, operator = FarEnd(a).agree(), FarEnd(b, pt=0).agree()
        a.bridge(b)
        voice = bytes(range(160))
        for _ in range(3):
            caller.speak(voice)
            operator.speak(voice)
        await until(lambda: g711.alaw_to_ulaw(voice) in operator.payloads())
        await until(lambda: g711.ulaw_to_alaw(voice) in caller.payloads())
        keys = []
        a.on_key = keys.append
        caller.key(5)
        await until(lambda: len([p for p in operator.payloads(EVENT) if p[1] & 0x80]) == 3)
        assert {p[0] for p in operator.payloads(EVENT)} == {5}
        assert keys == ["5"]


@story
async def test_a_bridged_line_stays_alive_with_silence_while_the_other_side_says_nothing():
    async with media() as m:
        a, b = m.open(), m.open()
        caller, _ = FarEnd(a).agree(), FarEnd(b).agree()
        a.bridge(b)
        await until(lambda: len(caller.payloads()) > 20)
        assert set(caller.payloads()) == {SILENCE}


@story
async def test_on_hold_nothing_passes_until_it_is_taken_back_but_keys_are_told():
    async with media() as m:
        a, b = m.open(), m.open()
        caller, operator = FarEnd(a).agree(), FarEnd(b).agree()
        keys = []
        a.on_key = keys.append
        a.bridge(b)
        a.hold(True)
        caller.speak(bytes(160))
        operator.speak(bytes(160))
        caller.key(0)
        await until(lambda: keys and b.stats.received)
        for far in (caller, operator):
            seen = len(far.read())
            await until(lambda far=far, seen=seen: len(far.read()) > seen + 5)
            assert set(far.payloads()) == {SILENCE}
            assert far.payloads(EVENT) == []
        a.hold(False)
        caller.speak(bytes(160))
        await until(lambda: bytes(160) in operator.payloads())


@story
async def test_parted_streams_do_not_hear_each_other_any_more():
    async with media() as m:
        a, b, c = m.open(), m.open(), m.open()
        caller, operator, third = FarEnd(a).agree(), FarEnd(b).agree(), FarEnd(c).agree()
        a.bridge(b)
        a.bridge(c)  # a transfer: b is left alone
        caller.speak(bytes(160))
        operator.speak(b"\x11" * 160)
        await until(lambda: bytes(160) in third.payloads())
        await until(lambda: b.stats.received)
        c.close()
        caller.speak(b"\x22" * 160)
        await until(lambda: a.stats.received == 2)
        seen = len(operator.read())
        await until(lambda: len(operator.read()) > seen + 5)
        assert set(operator.payloads()) == set(caller.payloads()) == {SILENCE}


@story
async def test_a_prompt_to_one_side_of_a_bridge_is_heard_instead_of_the_other_side():
    async with media() as m:
        a, b = m.open(), m.open()
        caller, operator = FarEnd(a).agree(), FarEnd(b).agree()
        a.bridge(b)
        done = []
        a.play([clip(5, 1000)], done.append)
        operator.speak(bytes(160))
        await until(lambda: done)
        said = [p for p in caller.payloads() if p != SILENCE]
        assert said == [code(1000)] * 5


@story
async def test_when_the_ports_are_used_up_the_next_call_gets_a_clear_word_and_one_that_ends_makes_room():
    async with media(pairs=2) as m:
        one, _ = m.open(), m.open()
        assert m.ports_in_use == 2
        with pytest.raises(NoPorts, match="widen the RTP port range"):
            m.open()
        one.close()
        m.open()


@story
async def test_a_media_that_is_not_started_says_so():
    with pytest.raises(RuntimeError, match="start the media"):
        Media("127.0.0.1", (20000, 20099)).open()


@story
async def test_comfort_noise_is_a_sign_of_life():
    async with media() as m:
        stream = m.open()
        far = FarEnd(stream).agree()
        far.speak(SILENCE)
        await until(lambda: stream.stats.received and stream.last_packet_ms >= 200)
        far.raw(far.packet(b"\x40", pt=13))
        await until(lambda: stream.stats.other == 1 and stream.last_packet_ms < 200)


@story
async def test_how_long_nothing_came_is_told():
    async with media() as m:
        stream = m.open()
        far = FarEnd(stream).agree()
        await until(lambda: stream.last_packet_ms >= 100)
        far.speak(SILENCE)
        await until(lambda: stream.stats.received)
        assert stream.last_packet_ms < 30_000
        before = stream.last_packet_ms
        await until(lambda: stream.last_packet_ms > before + 50)
