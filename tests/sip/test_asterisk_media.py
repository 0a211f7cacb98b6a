"""Files shared with Asterisk: nothing personal stays, nothing that was said is lost."""

from __future__ import annotations

import wave
from pathlib import Path

from ivr.telephony import Clip
from sip.asterisk.media import MediaFolder, take, write_wav
from tests.support import audio


def test_what_is_spoken_of_a_person_is_a_file_for_one_playback_only(tmp_path: Path) -> None:
    folder = MediaFolder(tmp_path)
    folder.open()
    tone, number = Clip("tone-beep", bytes(320)), Clip("abc", bytes(1600), "一三八…")
    tone_uri, number_uri = folder.uris([tone, number], "line#p1")
    spoken = Path(number_uri.removeprefix("sound:")).with_suffix(".wav")
    assert spoken.exists() and "abc" not in spoken.name
    folder.forget("line#p1")
    assert not spoken.exists()
    assert Path(tone_uri.removeprefix("sound:")).with_suffix(".wav").exists()


def test_what_a_process_before_left_of_a_person_is_removed_at_the_start(tmp_path: Path) -> None:
    before = MediaFolder(tmp_path)
    before.open()
    before.uris([Clip("abc", bytes(1600), "一三八…")], "line#p1")
    MediaFolder(tmp_path).open()
    assert list(tmp_path.iterdir()) == []


def test_a_prompt_with_a_file_of_its_own_is_played_from_there(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "x.wav"
    assert MediaFolder(tmp_path).uris([Clip("x", bytes(320), "您好", path)], "p") == [f"sound:{path.with_suffix('')}"]


def test_a_recording_that_asterisk_never_finished_is_read_to_its_end(tmp_path: Path) -> None:
    words = audio.voice(3, 1500)
    recorded, path = tmp_path / "spool.wav", tmp_path / "kept" / "r1.wav"
    write_wav(recorded, words)
    raw = bytearray(recorded.read_bytes())
    raw[4:8] = raw[40:44] = bytes(4)  # the lengths are written last
    recorded.write_bytes(raw)
    taken = take(recorded, path)
    assert taken.ms == taken.spoken_ms == 1500 and not recorded.exists()
    with wave.open(str(path)) as file:
        assert file.readframes(file.getnframes()) == words


def test_a_recording_in_which_nobody_spoke_has_no_spoken_length(tmp_path: Path) -> None:
    recorded = tmp_path / "spool.wav"
    write_wav(recorded, bytes(16 * 2000))
    assert (taken := take(recorded, tmp_path / "r1.wav")).ms == 2000 and taken.spoken_ms == 0
