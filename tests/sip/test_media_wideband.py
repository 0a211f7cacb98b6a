"""G.722: prompts with all of a voice, joined without a click, and words that are understood."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from G722 import G722 as Codec

from ivr.telephony import Clip
from sip.core.leg_out import DialTarget, OutboundLeg
from sip.embedded import wideband
from sip.embedded.frames import FrameCache
from sip.embedded.rtp import DECODE, ENCODE, FRAME, G722, PCMA, PCMU
from sip.embedded.rtp_sender import translator
from tests.sip.core.house import FAR, House, codes
from tests.sip.core.script import SDP, request
from tests.sip.far_end import FarEnd, media, tone, until, wav
from tests.sip.raw import story

WIDE = 16_000
PEAK = 9000.0


def voice(seconds: float, hz: float = 150.0, seed: int = 1, fade: bool = True) -> np.ndarray:
    """Something like a voice: harmonics up to 7 kHz, and hiss, at once from its first sample to its last."""
    draw, time = np.random.default_rng(seed), np.arange(int(seconds * WIDE)) / WIDE
    sound = sum(np.sin(2 * np.pi * hz * k * time + draw.uniform(0, 6)) / k for k in range(1, int(7000 / hz)))
    sound = sound + 0.2 * draw.normal(size=len(time)) * (np.sin(2 * np.pi * 3 * time) > 0.5)
    sound *= PEAK / np.abs(sound).max()
    if fade:
        sound[:80] *= np.linspace(0, 1, 80)
        sound[-80:] *= np.linspace(1, 0, 80)
    return sound.astype(np.int16)


def clip(folder: Path, name: str, sound: np.ndarray) -> Clip:
    """A prompt as the voices make it: 8 kHz in memory, 16 kHz in a file."""
    path = folder / f"{name}.wav16"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(WIDE)
        file.writeframes(sound.tobytes())
    return Clip(name, sound[::2].tobytes(), wide=path)


def heard(codes: bytes) -> np.ndarray:
    """What a telephone makes of codes."""
    return np.array(Codec(WIDE, 64_000).decode(codes), float)


def share(sound: np.ndarray, low: float, high: float) -> float:
    """Of a sound's energy, how much lies between two frequencies."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / WIDE)
    return float(power[(hz >= low) & (hz < high)].sum() / power.sum())


def ready(cache: FrameCache, *clips: Clip) -> bytes:
    """What is sent of clips that were encoded before."""
    told: list[bytes] = []
    for each in clips:
        cache.encoded(each, G722)
    cache.request(clips, G722, told.append)
    return told[0]


def test_a_prompt_carries_the_upper_half_of_a_voice(tmp_path: Path) -> None:
    said = voice(1.0)
    told = heard(FrameCache().encoded(clip(tmp_path, "a", said), G722))
    assert share(told, 4000, 7000) == pytest.approx(share(said.astype(float), 4000, 7000), rel=0.3)
    assert share(told, 4000, 7000) > 0.003
    narrow = heard(FrameCache().encoded(Clip("b", said[::2].tobytes()), G722))
    assert share(narrow, 4200, 7000) < 0.0003  # what a prompt without a wide file has


def test_a_prompt_is_encoded_once_and_is_whole_frames(tmp_path: Path) -> None:
    cache, one = FrameCache(), clip(tmp_path, "a", voice(0.51))
    codes = cache.encoded(one, G722)
    assert len(codes) % FRAME == 0 and cache.encoded(one, G722) is codes


def test_a_prompt_whose_wide_file_is_gone_is_said_all_the_same(tmp_path: Path) -> None:
    lost = Clip("lost", voice(0.5)[::2].tobytes(), wide=tmp_path / "nowhere.wav16")
    assert np.abs(heard(FrameCache().encoded(lost, G722))).max() > PEAK / 2


@pytest.mark.parametrize("pause", [0, 13])
def test_prompts_encoded_by_themselves_are_joined_without_a_click(tmp_path: Path, pause: int) -> None:
    cache = FrameCache()
    quiet = [Clip("pause", bytes(2 * FRAME * pause))] if pause else []
    for seed in range(8):
        one, other = (clip(tmp_path, f"{seed}{n}", voice(0.8, 130 + 30 * n, seed + 10 * n)) for n in range(2))
        joined = ready(cache, one, *quiet, other)
        last = cache.encoded(other, G722)
        at = 2 * (len(joined) - len(last))
        alone = heard(4 * wideband.lead() + last)[-2 * len(last) :]  # as its encoder meant it
        wrong = np.abs(heard(joined)[at : at + 1600] - alone[:1600])
        assert wrong.max() < 0.12 * PEAK  # the codec's own noise is up to a fifth of it
        before = heard(joined)[at - 2 * 5 * FRAME + 160 : at]
        assert np.abs(before).max() < 0.03 * PEAK  # and nothing is heard between the two


def test_a_prompt_after_an_interrupted_one_begins_clean(tmp_path: Path) -> None:
    cache = FrameCache()
    cut = cache.encoded(clip(tmp_path, "cut", voice(0.8, seed=3)), G722)[: 21 * FRAME]
    other = clip(tmp_path, "other", voice(0.5, 180, 4))
    told = ready(cache, other)
    last = cache.encoded(other, G722)
    got = heard(cut + told)[-2 * len(last) :]
    assert np.abs(got - heard(4 * wideband.lead() + last)[-2 * len(last) :])[:1600].max() < 0.12 * PEAK


def test_the_lead_is_hardly_a_sound() -> None:
    assert np.abs(heard(20 * wideband.lead())).max() < 80


@pytest.mark.parametrize("narrow", [PCMA, PCMU])
def test_a_call_between_a_wide_and_a_narrow_telephone_is_translated_both_ways(narrow: int) -> None:
    said = tone(1000, level=8000)
    there, back = translator(narrow, G722), translator(G722, narrow)
    packets = [ENCODE[narrow](said[at : at + 2 * FRAME]) for at in range(0, len(said), 2 * FRAME)]
    got = np.frombuffer(b"".join(DECODE[narrow](back(there(packet))) for packet in packets), "<i2").astype(float)
    want = np.frombuffer(said, "<i2").astype(float)
    delay = max(range(40), key=lambda d: float(got[d:4000] @ want[: 4000 - d]))
    assert np.corrcoef(got[delay:], want[: len(want) - delay])[0, 1] > 0.98


# --- what is agreed ----------------------------------------------------------------------------

OFFER = (*SDP[:5], "m=audio 40000 RTP/AVP {} 101", "a=rtpmap:101 telephone-event/8000")


@pytest.mark.parametrize(("formats", "spoken"), [("9 8 0", 9), ("8 9 0", 8), ("0 9", 0), ("9", 9), ("18 9 8", 9)])
def test_wide_sound_is_spoken_with_who_names_it_first(formats: str, spoken: int) -> None:
    house = House()
    sent = house.receive(request("INVITE", 1, "wide", body=tuple(line.format(formats) for line in OFFER)).data())
    assert codes(sent, "INVITE") == [100, 200]
    assert f" RTP/AVP {spoken} 101\r\n" in sent[-1].decode()


def test_who_will_be_joined_with_a_wide_caller_is_offered_that_first_and_others_are_not() -> None:
    for first, formats in ((9, "9 8 0 101"), (8, "8 0 101"), (0, "0 8 101")):
        house = House()
        target = DialTarget(f"sip:101@{FAR.host}:{FAR.port}", FAR)
        leg = OutboundLeg(house.agent, target, house.sound(), from_user="hotline", call_id="x", first=first)
        house.call(leg)
        assert f" RTP/AVP {formats}\r\n" in house.sent[-1][0].decode()


# --- on the line ---------------------------------------------------------------------------------


@story
async def test_a_wide_caller_hears_the_prompt_and_is_recorded_and_relayed(tmp_path: Path) -> None:
    async with media() as one:
        caller, operator = one.open(), one.open()
        far, phone = FarEnd(caller, 9).agree(), FarEnd(operator, 9).agree()
        done: list[bool] = []
        caller.play([clip(tmp_path, "a", voice(0.4))], done.append)
        await until(lambda: done)
        told = heard(b"".join(far.payloads(9)))
        assert np.abs(told).max() > PEAK / 2 and share(told, 4000, 7000) > 0.003

        ended: list[str] = []
        caller.record(tmp_path / "said.wav", 5000, 0, lambda path, ms, end: ended.append(end))
        spoken = Codec(WIDE, 64_000).encode(voice(0.6, 440.0, fade=False))
        caller.bridge(operator)
        for at in range(0, len(spoken), FRAME):
            far.speak(spoken[at : at + FRAME])
            if at % (10 * FRAME) == 0:
                await until(lambda at=at: caller.stats.received * FRAME > at)
        await until(lambda: caller.stats.received * FRAME == len(spoken))
        caller.stop_record()
        await until(lambda: ended)
        said = wav(tmp_path / "said.wav").astype(float)
        hz = np.fft.rfftfreq(len(said), 1 / 8000)[np.abs(np.fft.rfft(said)).argmax()]
        assert abs(hz - 440) < 5 and np.abs(said).max() > PEAK / 3
        await until(lambda: set(phone.payloads(9)) >= {spoken[at : at + FRAME] for at in range(0, len(spoken), FRAME)})
        caller.close()
        operator.close()
