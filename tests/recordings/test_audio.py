"""Prompts sound alike and survive the telephone line (requirements B7)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings import audio, g711
from recordings.sound import SpokenText, wav_bytes
from recordings.studio import Studio
from recordings.voices import Voices
from tests.recordings.conftest import record, sound

HIGHEST_ALAW = 32256  # what the loudest A-law code decodes to: reached only when something clips


def over_the_line(pcm: bytes) -> np.ndarray:
    """What a caller on an A-law trunk hears."""
    return np.frombuffer(g711.alaw_to_pcm(g711.pcm_to_alaw(pcm)), "<i2").astype(np.float64)


def speech_level(heard: np.ndarray) -> float:
    """Speech level by another ruler than the product's: 50 ms windows within 15 dB of the loudest."""
    windows = np.lib.stride_tricks.sliding_window_view(heard / 32768, 400)[::80]
    power = (windows**2).mean(axis=1)
    return float(10 * np.log10(power[power > power.max() * 10**-1.5].mean()))


@pytest.fixture(scope="module")
def heard(
    studio: Studio, phrases: list[SpokenText], tmp_path_factory: pytest.TempPathFactory
) -> dict[SpokenText, np.ndarray]:
    voices = Voices(tmp_path_factory.mktemp("cache"), studio=studio)
    return {line: over_the_line(voices.speak(line.text, line.lang).pcm) for line in phrases}


def test_all_prompts_are_within_2_db_of_each_other_after_a_law(heard: dict[SpokenText, np.ndarray]) -> None:
    assert len(heard) >= 40
    levels = {line.text: audio.level(pcm / 32768, 8000) for line, pcm in heard.items()}
    assert max(levels.values()) - min(levels.values()) < 2.0, levels
    assert abs(np.median(list(levels.values())) - audio.TARGET_DBFS) < 0.5


def test_another_way_of_measuring_finds_them_even_too(heard: dict[SpokenText, np.ndarray]) -> None:
    levels = {line.text: speech_level(pcm) for line, pcm in heard.items()}
    assert max(levels.values()) - min(levels.values()) < 2.0, levels


def test_no_prompt_clips_after_a_law(heard: dict[SpokenText, np.ndarray]) -> None:
    peaks = {line.text: float(np.abs(pcm).max()) for line, pcm in heard.items()}
    assert max(peaks.values()) < HIGHEST_ALAW, peaks


def test_every_prompt_has_the_same_short_silence_around_it(heard: dict[SpokenText, np.ndarray]) -> None:
    for line, pcm in heard.items():
        power = (pcm[: len(pcm) // 80 * 80].reshape(-1, 80) ** 2).mean(axis=1)
        loud = np.flatnonzero(power > power.max() * 10**-3.0)
        lead_ms, tail_ms = loud[0] * 10, (len(power) - 1 - loud[-1]) * 10
        assert 30 <= lead_ms <= 200, (line.text, lead_ms)  # a soft consonant may begin below the threshold
        assert 100 <= tail_ms <= 300, (line.text, tail_ms)


def test_outside_the_telephone_band_there_is_nothing_to_speak_of(heard: dict[SpokenText, np.ndarray]) -> None:
    pcm = np.concatenate([heard[line] for line in heard])
    power = np.abs(np.fft.rfft(pcm)) ** 2
    hz = np.fft.rfftfreq(len(pcm), 1 / 8000)
    inside = power[(hz >= 300) & (hz <= 3400)].sum()
    assert power[(hz < 200) | (hz > 3600)].sum() < inside * 10**-3


@given(
    loudness_db=st.floats(-40, 0),
    crest=st.floats(1.0, 8.0),
    seed=st.integers(0, 2**31),
    seconds=st.floats(0.15, 3.0),
)
@settings(max_examples=40, deadline=None)
def test_whatever_is_recorded_comes_out_level_and_unclipped(
    loudness_db: float, crest: float, seed: int, seconds: float
) -> None:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * 22050))
    shaped = np.sign(noise) * np.abs(noise) ** (crest / 4)
    samples = shaped / np.abs(shaped).max() * 10 ** (loudness_db / 20)
    out = over_the_line(audio.prompt(samples, 22050).pcm8)
    assert np.abs(out).max() < HIGHEST_ALAW
    assert abs(audio.level(out / 32768, 8000) - audio.TARGET_DBFS) < 1.0


@pytest.mark.parametrize(("suffix", "rate"), [(".wav", 48000), (".flac", 44100), (".ogg", 16000), (".wav", 8000)])
def test_a_persons_recording_of_any_format_and_rate_becomes_a_prompt(tmp_path: Path, suffix: str, rate: int) -> None:
    samples, found = audio.read(record(tmp_path / f"x{suffix}", rate))
    made = audio.prompt(samples, found)
    assert found == rate
    assert abs(len(made.pcm16) - 2 * len(made.pcm8)) <= 4
    assert 600 < len(made.pcm8) / 16 < 1300  # 1 s of speech less the half second of silence at each end


def test_slower_is_longer_at_the_same_pitch() -> None:
    t = np.arange(16000) / 8000
    tone = np.sin(2 * np.pi * 600 * t)
    slow = sound(audio.prompt(tone, 8000, stretch=1.5).pcm8)
    assert len(slow) / 8000 == pytest.approx(2 * 1.5 + 0.18, abs=0.1)
    spectrum = np.abs(np.fft.rfft(slow))
    assert np.fft.rfftfreq(len(slow), 1 / 8000)[spectrum.argmax()] == pytest.approx(600, abs=5)
    level = np.sqrt((slow[2000:22000].reshape(-1, 100) ** 2).mean(axis=1))
    assert level.min() > level.max() * 0.8  # the pieces join without holes


def test_silence_is_refused_with_advice() -> None:
    with pytest.raises(audio.AudioError, match="record it again"):
        audio.prompt(np.zeros(8000), 8000)


def test_a_file_that_is_no_sound_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "greet.wav").write_bytes(b"not a sound")
    with pytest.raises(audio.AudioError, match=r"greet\.wav.*WAV, FLAC or OGG"):
        audio.read(tmp_path / "greet.wav")


def test_a_whole_conversation_is_not_taken_for_a_prompt(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "call.wav", np.zeros(8000 * 301), 8000)
    with pytest.raises(audio.AudioError, match=r"call\.wav lasts 301 s"):
        audio.read(tmp_path / "call.wav")


def test_a_written_wav_reads_back_as_it_was(tmp_path: Path) -> None:
    pcm = bytes(range(256)) * 8
    (tmp_path / "x.wav").write_bytes(wav_bytes(pcm, 8000))
    data, rate = soundfile.read(tmp_path / "x.wav", dtype="int16")
    assert (data.tobytes(), rate) == (pcm, 8000)
