"""Music for callers on hold: ours, even and quiet, or a centre's own file in pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recordings.music import FIGURES, FILE, PIECE_S, RATE, HoldMusic, made, read
from tests.recordings.conftest import record


def test_our_music_is_quiet_even_and_joins_its_own_beginning() -> None:
    samples = np.frombuffer(made(), dtype="<i2") / 32768
    assert len(samples) == RATE * PIECE_S
    levels = [float(np.sqrt((second**2).mean())) for second in samples.reshape(PIECE_S, RATE)]
    assert 0.02 < min(levels) and max(levels) < 2.5 * min(levels) and np.abs(samples).max() < 0.5
    assert abs(samples[-1] - samples[0]) < 0.05  # no click where it begins anew
    spectrum = np.abs(np.fft.rfft(samples))
    loudest = float(np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()])
    assert min(abs(loudest - hz) for figure in FIGURES for hz in figure) < 3


def test_it_is_made_once_and_read_from_its_file(tmp_path: Path) -> None:
    HoldMusic(tmp_path).build()
    was = (tmp_path / FILE).stat().st_mtime_ns
    HoldMusic(tmp_path).build()
    assert (tmp_path / FILE).stat().st_mtime_ns == was
    music = HoldMusic(tmp_path)
    assert music.piece(0) == music.piece(7) == (0, made())


def test_a_centres_own_file_goes_round_in_pieces(tmp_path: Path) -> None:
    music = HoldMusic(tmp_path, record(tmp_path / "own.wav", 16000, 70.0))
    pieces = [music.piece(n) for n in range(4)]
    assert [place for place, _ in pieces] == [0, 1, 2, 0]
    assert {len(pcm) for _, pcm in pieces} == {2 * RATE * PIECE_S}


@pytest.mark.parametrize("seconds", [3.0, 45.0])
def test_ans_12_between_two_words_are_thirty_seconds_of_music_however_short_the_file_is(
    tmp_path: Path, seconds: float
) -> None:
    own = record(tmp_path / "own.wav", 8000, seconds)
    music, once = HoldMusic(tmp_path, own), read(own)
    size = 2 * RATE * PIECE_S
    assert [len(music.piece(n)[1]) for n in range(3)] == [size] * 3
    joined = music.piece(0)[1] + music.piece(1)[1]
    assert joined[len(once) :].startswith(once[: size // 3])  # it goes round


def test_a_file_that_cannot_be_played_is_stood_in_for_by_ours(tmp_path: Path) -> None:
    (tmp_path / "own.wav").write_bytes(b"no sound")
    assert HoldMusic(tmp_path, tmp_path / "own.wav").piece(0) == (0, made())
