"""Conferences: each hears the sum of the others, nobody itself, and no network of one is heard by all."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.telephony import Clip
from sip.embedded.media import Media, Stream
from sip.embedded.mixer import Mixer, Waiting, mixed
from sip.embedded.rtp import DECODE, ENCODE, FRAME, G722, PCMA, PCMU
from sip.embedded.rtp_sender import translator
from tests.sip.far_end import FarEnd, media
from tests.sip.raw import story

LOUD = 0.25  # share of the energy
HZ = {PCMA: 400.0, PCMU: 700.0, G722: 1100.0}


def flat(value: int) -> bytes:
    return np.full(FRAME, value, "<i2").tobytes()


@given(st.lists(st.one_of(st.just(b""), st.integers(-32768, 32767).map(flat)), min_size=1, max_size=6))
def test_fst_5_each_hears_the_others_and_never_itself(said: list[bytes]) -> None:
    for own, heard in enumerate(mixed(said)):
        others = [int(np.frombuffer(one, "<i2")[0]) for n, one in enumerate(said) if one and n != own]
        assert set(np.frombuffer(heard, "<i2").tolist()) == {max(-32768, min(32767, sum(others)))}


def spoken(waiting: Waiting, packets: list[int], size: int = FRAME, start: int = 0xFFFFFF00) -> list[int]:
    """Packets with these numbers come, one each 20 ms; the value in each frame that is heard meanwhile, 0: silence."""
    out = []
    for n in packets:
        if n >= 0:
            waiting.push(7, (start + n * size) & 0xFFFFFFFF, np.full(size, n + 1, "<i2").tobytes())
        frame = waiting.frame()
        out.append(int(np.frombuffer(frame, "<i2")[0]) if frame else 0)
    return out


def test_fst_5_what_is_said_waits_for_one_packet_and_then_goes_on_without_a_hole() -> None:
    assert spoken(Waiting(), list(range(50))) == [0, *range(1, 50)]


def test_fst_5_a_lost_packet_is_a_hole_of_its_length_and_a_late_one_is_left_out() -> None:
    assert spoken(Waiting(), [0, 1, 2, 4, 3, 5, 6])[-4:] == [3, 0, 5, 6]


def test_fst_5_who_pauses_and_speaks_again_is_heard_from_the_first_word() -> None:
    heard = spoken(Waiting(), [0, 1, 2, *[-1] * 30, 40, 41, 42])
    assert [value for value in heard if value] == [1, 2, 3, 41, 42]
    assert len(heard) == 36


@given(st.integers(0, 2**32 - 1), st.sampled_from((80, 160, 240, 480)))
def test_fst_5_however_packets_come_little_waits_and_nothing_is_heard_twice_or_turned_round(
    seed: int, size: int
) -> None:
    draw, waiting, heard = Random(seed), Waiting(), list[int]()
    order = sorted(range(200), key=lambda n: n + draw.choice((0, 0, 0, 0.5, 1.6, 4)))
    while order:
        come = [n for n in (order.pop(0) for _ in range(min(len(order), draw.choice((0, 1, 1, 1, 2, 9))))) if n % 17]
        for n in come:
            waiting.push(7, n * size, np.full(size, n + 1, "<i2").tobytes())
        frame = waiting.frame()
        assert len(frame) in (0, 2 * FRAME)
        heard += [int(value) for value in np.frombuffer(frame, "<i2") if value]
        assert len(waiting._pcm) <= 2 * (FRAME + size + 5 * FRAME)
    assert heard == sorted(heard) and max(Counter(heard).values()) <= size


class Ear:
    def __init__(self) -> None:
        self.listens, self.heard = True, list[bytes]()

    def hear(self, pcm: bytes) -> None:
        self.heard.append(pcm)


def test_fst_5_who_is_on_hold_neither_hears_nor_is_heard() -> None:
    mixer: Mixer[Ear] = Mixer(lambda _: None)
    a, b, c = Ear(), Ear(), Ear()
    for one in (a, b, c):
        mixer.join(one)
    c.listens = False
    for n in range(5):
        for value, one in ((100, a), (20, b), (3, c)):
            mixer.say(one, value, n * FRAME, flat(value))
        mixer.tick(n * 0.02)
    assert (a.heard[-1], b.heard[-1], c.heard) == (flat(20), flat(100), [])
    c.listens = True
    mixer.say(c, 3, 5 * FRAME, flat(3))
    mixer.tick(0.1)
    assert c.heard == [flat(120)]


def test_fst_5_an_empty_or_broken_conference_is_over_once() -> None:
    for breaks in (False, True):
        over: list[object] = []
        mixer: Mixer[Ear] = Mixer(over.append)
        one, other = Ear(), Ear()
        mixer.join(one)
        mixer.join(other)
        if breaks:
            mixer.broke(ValueError("as it happens"))
        mixer.leave(one)
        mixer.leave(other)
        mixer.tick(0.0)
        assert over == [mixer] and not mixer.members and not one.heard


class Table:
    """Three telephones, each with a codec and a tone of its own, in one conference."""

    def __init__(self, sound: Media) -> None:
        self.sound = sound
        self.far = {codec: FarEnd(sound.open(), codec).agree() for codec in HZ}
        self.spoken = {PCMA: ENCODE[PCMA], PCMU: ENCODE[PCMU], G722: translator(PCMA, G722)}
        self.ended: list[bool] = []
        self.time = 0

    def stream(self, codec: int) -> Stream:
        return self.far[codec].stream

    async def talk(self, seconds: float) -> dict[int, set[int]]:
        """All speak for so long; whose tone each heard towards the end."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for n in range(round(seconds / 0.02)):
            for codec, far in self.far.items():
                at = (self.time + np.arange(FRAME)) / 8000
                pcm = (6000 * np.sin(2 * np.pi * HZ[codec] * at)).astype("<i2").tobytes()
                code = ENCODE[PCMA](pcm) if codec == G722 else pcm
                far.speak(self.spoken[codec](code))
            self.time += FRAME
            await asyncio.sleep(max(0.0, begun + 0.02 * n - loop.time()))
        return {codec: self._heard(codec) for codec in HZ}

    def _heard(self, codec: int) -> set[int]:
        understood = translator(G722, PCMA) if codec == G722 else bytes
        codes = [understood(payload) for payload in self.far[codec].payloads()][-15:]
        pcm = np.frombuffer(DECODE[PCMA if codec == G722 else codec](b"".join(codes)), "<i2").astype(float)
        at = np.arange(len(pcm)) / 8000
        energy = max(float((pcm * pcm).sum()), 1e6)
        return {
            other
            for other, hz in HZ.items()
            if 2 * abs((pcm * np.exp(2j * np.pi * hz * at)).sum()) ** 2 / len(pcm) / energy > LOUD
        }


@pytest.mark.network
@story
async def test_fst_5_three_telephones_of_three_codecs_hear_each_other_and_each_change_of_it() -> None:
    async with media() as sound:
        table = Table(sound)
        a, u, g = (table.stream(codec) for codec in HZ)
        sound.confer([a, u, g])
        assert await table.talk(0.8) == {PCMA: {PCMU, G722}, PCMU: {PCMA, G722}, G722: {PCMA, PCMU}}
        u.mute(True)
        assert await table.talk(0.6) == {PCMA: {G722}, PCMU: {PCMA, G722}, G722: {PCMA}}
        u.mute(False)
        g.hold(True)
        assert await table.talk(0.6) == {PCMA: {PCMU}, PCMU: {PCMA}, G722: set()}
        g.hold(False)
        at = np.arange(8000) / 8000
        prompt = (8000 * np.sin(2 * np.pi * HZ[PCMU] * at)).astype("<i2").tobytes()
        a.play([Clip("for one ear", prompt)], table.ended.append)  # in place of the talk
        assert await table.talk(0.6) == {PCMA: {PCMU}, PCMU: {PCMA, G722}, G722: {PCMA, PCMU}}
        a.stop_play()
        sound.confer([a, u])
        assert await table.talk(0.6) == {PCMA: {PCMU}, PCMU: {PCMA}, G722: set()}
        sound.confer([g, u, a])
        assert (await table.talk(0.6))[G722] == {PCMA, PCMU}
        u.close()
        del table.far[PCMU], table.spoken[PCMU]
        assert set(a.company) == {a, g}
        sound.confer([a])
        assert not a.company and g.mixer is None
