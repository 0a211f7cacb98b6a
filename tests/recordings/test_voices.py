"""A text becomes a voice: a person's recording, else the online voice, else espeak-ng."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.cache import Disk, Memory
from recordings.online import REST_S, Online
from recordings.sound import Sound, SpokenText
from recordings.studio import Studio, VoiceError
from recordings.voices import VoiceChoice, Voices
from tests.recordings.conftest import record, sound

GREETING = "您好,这里是供电公司,请讲。"


@pytest.fixture
def voices(tmp_path: Path, studio: Studio) -> Voices:
    return Voices(tmp_path / "cache", tmp_path / "human", studio=studio)


class Service:
    """The online voice as a local function: answers with a file, hangs up, or counts."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer, self.asked = answer, list[tuple[str, str, float]]()

    def __call__(self, text: str, lang: str, timeout_s: float) -> bytes:
        self.asked.append((text, lang, timeout_s))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def mp3(tmp_path: Path) -> bytes:
    return record(tmp_path / "service.mp3", 24000).read_bytes()


# --- espeak-ng, the voice that is always there ---


def test_a_text_is_spoken_and_kept(voices: Voices) -> None:
    assert voices.cached(GREETING) is None
    sound = voices.speak(GREETING)
    assert sound.source == "espeak"
    assert sound.text == GREETING
    assert 1500 < sound.ms < 8000
    assert sound.path8 is not None and sound.path16 is not None
    assert sound.path8.stat().st_size == len(sound.pcm) + 44
    assert abs(sound.path16.stat().st_size - 2 * len(sound.pcm)) < 100
    assert voices.cached(GREETING) is sound


def test_chinese_is_spoken_as_chinese_and_not_spelled_out(voices: Voices, phrases: list[SpokenText]) -> None:
    for line in phrases:
        if line.lang == "zh-CN":
            said = voices.phonemes(line.text)
            assert "(en)" not in said, (line.text, said)
            characters = sum("一" <= c <= "鿿" for c in line.text)
            tones = sum(said.count(tone) for tone in ("55", "35", "214", "51", "11"))
            assert tones >= 0.8 * characters, (line.text, said)  # a tone per character; neutral tones have none


def test_a_character_with_two_readings_is_read_by_its_word(voices: Voices) -> None:
    assert "S;i35N" in voices.phonemes("行走")  # xíng
    assert "Xa35N" in voices.phonemes("银行").replace("A", "a").replace("'", "")  # háng


def test_a_syllable_that_espeak_has_no_rule_for_is_not_spelled_in_english(voices: Voices) -> None:
    assert voices.phonemes("英雄路").count("(en)") == 0
    assert voices.unspoken("琼海市雄楚大道穷胸凶兄") == ()
    assert voices.unspoken("示范宆路") == ("宆",)


def test_machines_are_given_words_and_people_the_text_as_it_is_written(tmp_path: Path, studio: Studio) -> None:
    record(tmp_path / "human" / "zh-CN" / "greet.std.wav", 8000)
    voices = Voices(tmp_path / "cache", tmp_path / "human", words=lambda text, lang: "九五五九八热线", studio=studio)
    kept = Voices(tmp_path / "cache", studio=studio)
    assert voices.speak("95598热线") == kept.cached("九五五九八热线")  # by what is said
    assert kept.cached("95598热线") is None
    assert voices.speak("95598热线", phrase_key="greet.std").source == "human"
    note = json.loads((tmp_path / "human" / "zh-CN" / "greet.std.json").read_text("utf-8"))
    assert note["text"] == "95598热线"


def test_the_four_tones_are_heard(studio: Studio) -> None:
    """Mandarin's tones change the meaning: 妈 is level, 麻 rises, 马 dips, 骂 falls."""

    def melody(text: str) -> list[float]:
        """Pitch in Hz along the syllable, by autocorrelation between 60 and 200 Hz."""
        samples = sound(studio.espeak(text, "cmn", 100)[1])
        pieces = [samples[at : at + 1000] for at in range(1600, len(samples) - 2400, 800)]
        voiced = [piece for piece in pieces if np.sqrt((piece**2).mean()) > 0.02]
        scores = [np.correlate(piece, piece, mode="full")[len(piece) - 1 :] for piece in voiced]
        return [16000 / (80 + float(np.argmax(score[80:267]))) for score in scores]

    level, rising, dipping, falling = (melody(c) for c in "妈麻马骂")
    assert max(level) < 1.12 * min(level)
    assert rising[-1] > 1.1 * rising[0] and rising[len(rising) // 2] > 1.04 * rising[0]
    assert dipping[len(dipping) // 2] < 1.04 * dipping[0] and dipping[-1] > 1.04 * min(dipping[2:])
    assert falling[-1] < 0.9 * falling[0]


@pytest.mark.parametrize(("pace", "most"), [(1.0, 200), (0.75, 150)])
def test_b5_the_pace_is_at_most_200_characters_a_minute_and_150_for_the_elderly(
    voices: Voices, phrases: list[SpokenText], pace: float, most: int
) -> None:
    for line in phrases:
        characters = sum(c.isalnum() for c in line.text)
        if line.lang == "zh-CN" and characters >= 8:
            sound = voices.speak(line.text, pace=pace)
            assert characters / (sound.ms - 180) * 60_000 <= most, line.text


def test_punctuation_is_heard_as_a_pause(voices: Voices) -> None:
    assert voices.speak("请按一。请按二。").ms > voices.speak("请按一请按二").ms + 150


def test_markup_and_control_characters_are_never_obeyed(voices: Voices) -> None:
    # espeak-ng takes \x01 as the start of a command: here "speed 400".
    assert voices.speak("请\x01400S稍候").text == "请 400S稍候"
    assert "51" in voices.phonemes('<break time="9s"/>是')
    assert voices.speak('<break time="9s"/>是').ms < 9000


@pytest.mark.parametrize(
    ("text", "pace", "why"),
    [
        ("", 1, "nothing to speak"),
        ("。!", 1, "nothing to speak"),
        ("好" * 2001, 1, "at most 2000"),
        ("好", 0.1, "0.55 to 1.6"),
    ],
)
def test_what_cannot_be_spoken_is_refused_with_the_reason(voices: Voices, text: str, pace: float, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        voices.speak(text, pace=pace)


def test_a_language_without_a_voice_is_refused_by_name(voices: Voices) -> None:
    with pytest.raises(VoiceError, match="no voice 'xx-klingon'"):
        voices.speak("nuqneH", "xx-klingon")


def test_equal_texts_in_another_form_are_one_prompt(voices: Voices) -> None:
    assert voices.speak("caf\u00e9  open", "en").id == voices.speak("cafe\u0301 open\n", "en").id


def test_personal_texts_are_never_written_to_disk(voices: Voices, tmp_path: Path) -> None:
    sound = voices.speak("您的电话是幺三八零零幺三八零零零", keep=False)
    assert sound.path8 is None
    assert voices.cached("您的电话是幺三八零零幺三八零零零") is sound
    assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file()] == []


# --- the worker ---


def test_a_worker_that_dies_is_replaced_and_the_caller_hears_the_prompt() -> None:
    studio = Studio()
    try:
        studio.espeak("好", "cmn", 150)
        first = studio.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert studio.espeak("好", "cmn", 150)[0]
        assert studio.pid != first
    finally:
        studio.close()


def test_a_worker_that_hangs_is_replaced_and_the_caller_hears_the_prompt() -> None:
    studio = Studio(reply_limit_s=0.5, start_limit_s=60.0)
    try:
        studio.version()
        first = studio.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        assert studio.espeak("好", "cmn", 140)[0]
        assert studio.pid != first
    finally:
        studio.close()


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import os, sys; from recordings.studio import Studio; s = Studio(); s.version(); "
        "print(s.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    worker = int(out.stdout)
    until = time.monotonic() + 30
    while Path(f"/proc/{worker}/cmdline").exists() and b"recordings" in Path(f"/proc/{worker}/cmdline").read_bytes():
        assert time.monotonic() < until, "the worker outlived its parent"
        time.sleep(0.05)


def test_espeak_speaks_from_a_very_long_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # espeak-ng keeps its data path in 160 bytes; deep virtual environments are longer.
    home = tmp_path / ("deep-" * 20) / ("deeper-" * 10)
    home.mkdir(parents=True)
    (home / "espeakng_loader").symlink_to(Path(espeakng_loader.__file__).parent)
    monkeypatch.setenv("PYTHONPATH", str(home))
    studio = Studio()
    try:
        assert studio.espeak("好", "cmn", 140)[0]
    finally:
        studio.close()


def test_without_espeak_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "espeakng_loader.py").write_text("raise ImportError('not installed')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    studio = Studio()
    voices = Voices(tmp_path / "cache", studio=studio)
    try:
        with pytest.raises(VoiceError, match=r"pip install 'open-hotline\[voice\]'"):
            voices.speak(GREETING)
        assert "pip install" in voices.status().espeak_trouble
    finally:
        studio.close()


def test_many_threads_share_one_worker(voices: Voices) -> None:
    texts = [f"请按{n}" for n in "一二三四五六"] * 3
    heard: list[Sound] = []
    threads = [threading.Thread(target=lambda t=t: heard.append(voices.speak(t))) for t in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(heard) == len(texts)
    assert len({s.id for s in heard}) == 6


# --- the cache ---


def test_a_second_process_finds_what_the_first_one_made(voices: Voices, tmp_path: Path) -> None:
    made = voices.speak(GREETING)
    other = Voices(tmp_path / "cache", studio=Studio())  # a studio that never starts: nothing is synthesised
    assert other.cached(GREETING) == made


def test_processes_that_make_the_same_prompt_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from recordings.voices import Voices; v = Voices(Path(sys.argv[1]))\n"
        "for n in range(12): v.speak('请按%d' % (n % 4), keep=True) if n % 3 else v.build(['请按%d' % n])\nv.close()"
    )
    run = [sys.executable, "-c", script, str(tmp_path)]
    both = [subprocess.Popen(run) for _ in range(2)]
    assert [p.wait(timeout=120) for p in both] == [0, 0]
    after = Voices(tmp_path, studio=Studio())
    for n in (0, 1, 2, 3, 6, 9):
        found = after.cached(f"请按{n}")
        assert found is not None and found.path8 is not None
        assert found.path8.read_bytes()[44:] == found.pcm
    assert not list(tmp_path.rglob(".new-*"))


@pytest.mark.parametrize("suffix", [".wav", ".wav16", ".json"])
@pytest.mark.parametrize("damage", [b"", b"{}", b"RIFF junk"])
def test_a_damaged_file_is_made_again(
    voices: Voices, tmp_path: Path, studio: Studio, suffix: str, damage: bytes
) -> None:
    voices.speak(GREETING)
    (file,) = (tmp_path / "cache").glob(f"*/*{suffix}")
    file.write_bytes(damage)
    fresh = Voices(tmp_path / "cache", studio=studio)
    assert fresh.cached(GREETING) is None
    again = fresh.speak(GREETING)
    assert again.path8 is not None and again.path8.read_bytes()[44:] == again.pcm
    assert Voices(tmp_path / "cache", studio=studio).cached(GREETING) == again


def test_when_nothing_can_be_written_the_caller_hears_it_all_the_same(
    tmp_path: Path, studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    voices = Voices(tmp_path / "cache", studio=studio)
    with caplog.at_level(logging.ERROR):
        sound = voices.speak(GREETING)
    assert sound.path8 is None and sound.ms > 1000
    assert voices.cached(GREETING) is sound
    assert "no prompt can be kept" in caplog.text
    assert "no prompt can be kept" in voices.status().cache_trouble


def test_when_there_is_room_again_prompts_are_kept_again(tmp_path: Path, studio: Studio) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    voices = Voices(tmp_path / "cache", studio=studio)
    assert voices.speak(GREETING).path8 is None
    (tmp_path / "cache").unlink()
    assert voices.speak("请讲。").path8 is not None
    assert voices.speak(GREETING).path8 is not None
    assert voices.status().cache_trouble == ""


def test_a_disk_that_fills_up_half_way_leaves_no_torn_file(
    voices: Voices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.replace, []

    def full(source: str, target: Path) -> None:
        calls.append(target)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr("recordings.cache.os.replace", full)
    assert voices.speak(GREETING).path8 is None
    assert "No space left" in voices.status().cache_trouble
    monkeypatch.undo()
    assert len([p for p in (tmp_path / "cache").rglob("*") if p.is_file()]) == 1  # the whole first file only
    assert Voices(tmp_path / "cache", studio=Studio()).cached(GREETING) is None


def test_pruning_keeps_what_was_used_last(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    for n in range(4):
        disk.store(f"k{n}" * 10, f"a{n}" * 10, str(n), "espeak", bytes([n]) * 5000, bytes([n]) * 5000)
        os.utime(next(tmp_path.glob(f"*/k{n}*.json")), (n, n))
    disk.load("k0" * 10)  # used again
    freed = disk.prune(22_000)
    assert freed > 20_000
    assert [n for n in range(4) if disk.load(f"k{n}" * 10)] == [0, 3]
    assert disk.prune(22_000) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 40)), max_size=60))
@settings(deadline=None)
def test_memory_never_holds_more_than_its_limit(puts: list[tuple[int, int]]) -> None:
    memory = Memory(100)
    for key, size in puts:
        memory.put(key, Sound("x", b"." * size, "", None, None, "espeak"))
        held = {k: s for k in range(10) if (s := memory.get(k))}
        assert sum(len(s.pcm) for s in held.values()) <= 100
        assert len(held[key].pcm) == size


# --- a person's recording ---


def test_a_persons_recording_comes_first(voices: Voices, tmp_path: Path) -> None:
    record(tmp_path / "human" / "zh-CN" / "greet.std.wav")
    assert voices.speak(GREETING, phrase_key="greet.std").source == "human"
    assert voices.speak(GREETING).source == "espeak"
    assert voices.speak(GREETING, phrase_key="greet.other").source == "espeak"


def test_a_recording_is_stale_when_its_text_changed_until_it_is_made_again(voices: Voices, tmp_path: Path) -> None:
    file = record(tmp_path / "human" / "zh-CN" / "greet.std.flac")
    voices.speak("您好。", phrase_key="greet.std")
    new = SpokenText("您好,请讲。", phrase_key="greet.std")
    assert voices.speak(new.text, phrase_key=new.phrase_key).source == "espeak"
    assert voices.status([new, SpokenText("您好。", phrase_key="greet.std")]).stale == (new,)
    assert voices.build([new]).stale == (new,)
    record(file, seconds=2.0)
    assert voices.speak(new.text, phrase_key=new.phrase_key).source == "human"
    assert voices.status([new]).stale == ()


def test_a_stale_recording_may_be_used_when_so_set(tmp_path: Path, studio: Studio) -> None:
    record(tmp_path / "human" / "zh-CN" / "greet.std.wav")
    voices = Voices(tmp_path / "cache", tmp_path / "human", settings=VoiceChoice(stale="use"), studio=studio)
    voices.speak("您好。", phrase_key="greet.std")
    assert voices.speak("您好,请讲。", phrase_key="greet.std").source == "human"
    assert len(voices.status([SpokenText("您好,请讲。", phrase_key="greet.std")]).stale) == 1


def test_the_text_it_was_recorded_for_is_written_beside_it(voices: Voices, tmp_path: Path) -> None:
    record(tmp_path / "human" / "en" / "bye.ogg")
    voices.speak("Goodbye.", "en", phrase_key="bye")
    assert json.loads((tmp_path / "human" / "en" / "bye.json").read_text())["text"] == "Goodbye."


def test_a_slower_pace_slows_a_persons_recording_too(voices: Voices, tmp_path: Path) -> None:
    record(tmp_path / "human" / "zh-CN" / "x.wav", seconds=3.0)
    normal, slow = (voices.speak("好。", pace=pace, phrase_key="x").ms - 180 for pace in (1.0, 0.75))
    assert slow == pytest.approx(normal / 0.75, rel=0.05)


def test_a_broken_recording_is_named_and_the_machine_speaks(voices: Voices, tmp_path: Path) -> None:
    (tmp_path / "human" / "zh-CN").mkdir(parents=True)
    (tmp_path / "human" / "zh-CN" / "greet.std.wav").write_bytes(b"not a sound")
    assert voices.speak(GREETING, phrase_key="greet.std").source == "espeak"
    assert "greet.std.wav" in voices.status().unusable["zh-CN/greet.std"]


@pytest.mark.parametrize("key", ["../../secret", "/etc/x", "..", "a/b", ""])
def test_a_phrase_key_cannot_leave_its_folder(voices: Voices, tmp_path: Path, key: str) -> None:
    record(tmp_path / "secret.wav")
    (tmp_path / "human" / "zh-CN").mkdir(parents=True)
    assert voices.speak("好", phrase_key=key).source == "espeak"


# --- the online voice ---


def test_the_online_voice_is_used_when_built_and_then_without_the_network(
    tmp_path: Path, studio: Studio, mp3: bytes
) -> None:
    service = Service(mp3)
    voices = Voices(tmp_path / "cache", allow_online=True, studio=studio, online=Online(service))
    built = voices.build([GREETING, SpokenText("Hello.", "en-GB")])
    assert built.sources == {"gtts": 2} and not built.failed
    assert [(text, lang) for text, lang, _ in service.asked] == [(GREETING, "zh-CN"), ("Hello.", "en")]
    service.answer = OSError("cable cut")
    later = Voices(tmp_path / "cache", allow_online=True, studio=studio, online=Online(service))
    assert later.speak(GREETING).source == "gtts"
    assert len(service.asked) == 2


def test_a_live_call_never_waits_for_the_network(tmp_path: Path, studio: Studio, mp3: bytes) -> None:
    service = Service(mp3)
    voices = Voices(tmp_path / "cache", allow_online=True, studio=studio, online=Online(service))
    assert voices.speak(GREETING).source == "espeak"
    assert service.asked == []
    assert voices.build([GREETING]).sources == {"gtts": 1}
    assert voices.speak(GREETING).source == "gtts"  # the better voice takes over


def test_nothing_goes_online_unless_allowed(tmp_path: Path, studio: Studio, mp3: bytes) -> None:
    service = Service(mp3)
    voices = Voices(tmp_path / "cache", studio=studio, online=Online(service))
    assert voices.build([GREETING]).sources == {"espeak": 1}
    assert service.asked == []
    assert voices.status().online == "off"


@pytest.mark.parametrize(
    "failure",
    [
        TimeoutError("timed out"),
        OSError("no route to host"),
        ValueError("language not supported"),
        b"<html>blocked</html>",
    ],
)
def test_when_the_service_fails_the_offline_voice_speaks(
    tmp_path: Path, studio: Studio, failure: bytes | Exception
) -> None:
    service = Service(failure)
    voices = Voices(tmp_path / "cache", allow_online=True, studio=studio, online=Online(service))
    assert voices.build([GREETING]).sources == {"espeak": 1}
    assert voices.speak(GREETING).source == "espeak"


def test_an_unreachable_service_is_asked_once_and_again_ten_minutes_later(
    tmp_path: Path, studio: Studio, mp3: bytes
) -> None:
    now = [0.0]
    service = Service(TimeoutError("timed out"))
    online = Online(service, timeout_s=1.5, now=lambda: now[0])
    voices = Voices(tmp_path / "cache", allow_online=True, studio=studio, online=online)
    voices.build(["一", "二", "三"])
    assert service.asked == [("一", "zh-CN", 1.5)]
    assert "unreachable (timed out)" in voices.status().online
    service.answer, now[0] = mp3, REST_S + 1
    assert voices.build(["一", "二", "三"]).sources == {"gtts": 3}
    assert "unreachable" not in voices.status().online


# --- building ---


def test_a_build_reports_every_line_and_one_bad_line_stops_no_other(voices: Voices) -> None:
    seen: list[tuple[int, int, str]] = []
    built = voices.build(
        ["请讲。", "。", SpokenText("Yes.", "en")], lambda n, of, line, made: seen.append((n, of, type(made).__name__))
    )
    assert seen == [(1, 3, "Sound"), (2, 3, "Unspeakable"), (3, 3, "Sound")]
    assert built.sources == {"espeak": 2}
    assert [line.text for line, _ in built.failed] == ["。"]


def test_a_second_build_makes_nothing_new(voices: Voices, tmp_path: Path) -> None:
    voices.build(["请讲。"])
    (entry,) = (tmp_path / "cache").glob("*/*.wav")
    before = entry.stat().st_ino
    fresh = Voices(tmp_path / "cache", studio=Studio())  # would start a worker if anything were missing
    assert fresh.build(["请讲。"]).sources == {"espeak": 1}
    assert entry.stat().st_ino == before


def test_a_missing_piper_is_said_and_espeak_speaks(tmp_path: Path, studio: Studio) -> None:
    model = tmp_path / "voice.onnx"
    voices = Voices(tmp_path / "cache", settings=VoiceChoice(piper={"zh-CN": model}), studio=studio)
    assert voices.speak(GREETING).source == "espeak"
    with pytest.raises(VoiceError):
        studio.piper("好", model)


def test_status_says_which_voice_works(voices: Voices) -> None:
    voices.speak(GREETING)
    status = voices.status()
    assert status.espeak.startswith("1.") and status.espeak_trouble == ""
    assert status.cache_entries == 1 and status.cache_bytes > 10_000


def test_a_recording_that_cannot_be_read_is_said_by_another_voice_and_stops_nothing(
    voices: Voices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = record(tmp_path / "human" / "zh-CN" / "greet.std.wav")
    whole = Path.read_bytes

    def broken(file: Path) -> bytes:
        if file == path:
            raise OSError(5, "Input/output error")
        return whole(file)

    monkeypatch.setattr(Path, "read_bytes", broken)
    assert voices.cached(GREETING, phrase_key="greet.std") is None
    assert voices.speak(GREETING, phrase_key="greet.std").source == "espeak"
