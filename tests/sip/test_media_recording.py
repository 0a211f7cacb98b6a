"""Recording what the far end says, and that it is on disk when it is told."""

import asyncio
import os
import resource

import numpy as np
import pytest

from recordings import g711
from sip.embedded.recorder import Recorder
from sip.embedded.wavfile import WavWriter
from tests.sip.far_end import FarEnd, media, tone, until, wav
from tests.sip.raw import story


class Recording:
    """A recorder fed by hand: 20 ms of packets, then 20 ms of time."""

    def __init__(self, path, max_ms=60_000, silence_ms=0):
        self.writer, self.ends, self.now, self.ts = WavWriter(), [], 0.0, 4_294_967_000
        self.writer.start()
        self.recorder = Recorder(
            self.writer.open(path), max_ms, silence_ms, 0.0, lambda ms, end: self.ends.append((ms, end))
        )

    def hear(self, pcm: bytes, lost=(), order=lambda n: n) -> None:
        frames = [pcm[n : n + 320] for n in range(0, len(pcm), 320)]
        for n in sorted(range(len(frames)), key=order):
            if n not in lost:
                ts = (self.ts + 160 * n) & 0xFFFFFFFF
                self.recorder.packet(1, ts, g711.alaw_to_pcm(g711.pcm_to_alaw(frames[n])))
            self.tick()
        self.ts += 160 * len(frames)

    def tick(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.now += 0.02
            self.recorder.tick(self.now)

    def end(self, why="stopped"):
        self.recorder.end(why)
        self.writer.stop()
        return self.ends


def test_what_is_said_is_in_the_file_to_the_last_sample(tmp_path):
    one = Recording(tmp_path / "new" / "folder" / "a.wav")
    one.hear(tone(3000))
    assert one.end() == [(3000, "stopped")]
    assert wav(tmp_path / "new/folder/a.wav").tobytes() == g711.alaw_to_pcm(g711.pcm_to_alaw(tone(3000)))


def test_packets_out_of_order_are_put_in_order_and_a_lost_one_is_silence(tmp_path):
    one = Recording(tmp_path / "a.wav")
    one.hear(tone(1000), lost={20}, order=lambda n: n ^ 1 if n > 1 else n)
    assert one.end() == [(1000, "stopped")]
    want = np.frombuffer(g711.alaw_to_pcm(g711.pcm_to_alaw(tone(1000))), "<i2").copy()
    want[20 * 160 : 21 * 160] = 0
    assert (wav(tmp_path / "a.wav") == want).all()


def test_it_ends_after_the_longest_time(tmp_path):
    one = Recording(tmp_path / "a.wav", max_ms=1000)
    one.hear(tone(1500))
    assert one.end() == [(1000, "max")]
    assert len(wav(tmp_path / "a.wav")) == 8000


def test_it_ends_after_silence_that_follows_speech(tmp_path):
    one = Recording(tmp_path / "a.wav", silence_ms=2000)
    one.hear(tone(3000))
    one.hear(bytes(16 * 5000))
    [(ms, end)] = one.end()
    assert end == "silence"
    assert 4500 <= ms <= 5600


def test_nobody_speaking_at_all_is_silence_too(tmp_path):
    one = Recording(tmp_path / "a.wav", silence_ms=2000)
    one.hear(bytes(16 * 5000))
    assert one.end() == [(0, "silence")]  # no length: nobody spoke


def test_a_word_shorter_than_the_detector_looks_at_once_is_speech(tmp_path):
    one = Recording(tmp_path / "a.wav")
    one.hear(tone(180))
    assert one.end() == [(180, "stopped")]


def test_a_far_end_that_sends_nothing_at_all_is_silent_by_the_clock(tmp_path):
    one = Recording(tmp_path / "a.wav", silence_ms=2000)
    one.tick(200)
    assert one.end() == [(0, "silence")]
    assert not wav(tmp_path / "a.wav").any()
    assert 16_000 <= len(wav(tmp_path / "a.wav")) <= 17_600


def test_packets_that_stop_for_a_while_leave_silence_of_that_length(tmp_path):
    one = Recording(tmp_path / "a.wav")
    one.hear(tone(1000))
    one.tick(50)
    one.ts += 8000  # the source's clock went on
    one.hear(tone(1000))
    [(ms, _)] = one.end()
    assert ms == 3000
    assert not wav(tmp_path / "a.wav")[8000:16000].any()


def test_audio_that_waited_while_we_were_held_up_is_not_taken_for_missing(tmp_path):
    one = Recording(tmp_path / "a.wav")
    one.hear(tone(1000))
    one.now += 2.0
    one.recorder.stalled(100)
    one.hear(tone(3000))
    assert one.end() == [(4000, "stopped")]
    want = g711.alaw_to_pcm(g711.pcm_to_alaw(tone(1000) + tone(3000)))
    assert wav(tmp_path / "a.wav").tobytes() == want


def test_the_file_is_a_whole_wav_at_any_moment_so_that_a_crash_leaves_the_audio_so_far(tmp_path):
    one = Recording(tmp_path / "a.wav")
    one.hear(tone(3500))
    one.writer.stop()  # the thread is at its end: what is on disk now is what a crash would leave
    assert len(wav(tmp_path / "a.wav")) >= 3 * 8000


def test_a_folder_that_cannot_be_made_is_a_failed_recording(tmp_path):
    (tmp_path / "file").write_text("in the way")
    one = Recording(tmp_path / "file" / "a.wav")
    one.hear(tone(200))
    assert one.end() == [(0, "failed")]


def test_a_disk_that_fills_up_ends_it_as_failed_and_keeps_the_audio_so_far(tmp_path):
    """A limit on the size of files stands for the full disk: writing fails in the middle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    one = Recording(tmp_path / "a.wav")
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        one.hear(tone(10_000))
        ends = one.end()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ends == [(2000, "failed")]
    assert len(wav(tmp_path / "a.wav")) == 16_000


def test_only_the_owner_may_read_a_recording(tmp_path):
    one = Recording(tmp_path / "a.wav")
    one.end()
    assert os.stat(tmp_path / "a.wav").st_mode & 0o777 == 0o600


def test_a_recording_ends_once(tmp_path):
    one = Recording(tmp_path / "a.wav", max_ms=400)
    one.hear(tone(500))
    one.recorder.end("gone")
    assert one.end("stopped") == [(400, "max")]


@pytest.mark.parametrize(("finish", "why"), [("stop_record", "stopped"), ("close", "gone")])
def test_a_stream_records_its_far_end_and_tells_when_the_file_is_there(tmp_path, finish, why):
    @story
    async def told():
        async with media() as m:
            stream = m.open()
            far, ends = FarEnd(stream).agree(), []
            stream.record(tmp_path / "a.wav", 60_000, 0, lambda *end: ends.append(end))
            sound = g711.pcm_to_alaw(tone(400))
            for n in range(0, len(sound), 160):
                far.speak(sound[n : n + 160])
            far.key(5)
            await until(lambda: stream.stats.received == 20 + 6)
            getattr(stream, finish)()
            assert ends == []  # not before it is on disk
            await until(lambda: ends)
            [(path, ms, end)] = ends
            assert (path, end) == (tmp_path / "a.wav", why)
            assert ms >= 400
            assert wav(path).any()

    told()


@story
async def test_stopping_the_media_waits_until_every_recording_is_told(tmp_path):
    ends = []
    async with media() as m:
        for n in range(4):
            stream = m.open()
            FarEnd(stream).agree()
            stream.record(tmp_path / f"{n}.wav", 60_000, 0, lambda path, ms, end: ends.append((path.name, end)))
        await asyncio.sleep(0)
    assert sorted(ends) == [(f"{n}.wav", "gone") for n in range(4)]


@story
async def test_a_second_recording_ends_the_first(tmp_path):
    ends = []
    async with media() as m:
        stream = m.open()
        FarEnd(stream).agree()
        for n in range(2):
            stream.record(tmp_path / f"{n}.wav", 60_000, 0, lambda path, ms, end: ends.append((path.name, end)))
        await until(lambda: ends)
        assert ends == [("0.wav", "stopped")]
    assert ends[1:] == [("1.wav", "gone")]


@story
async def test_the_end_by_silence_comes_from_the_clock_of_the_stream(tmp_path):
    async with media() as m:
        stream = m.open()
        FarEnd(stream).agree()
        ends = []
        stream.record(tmp_path / "a.wav", 60_000, 300, lambda *end: ends.append(end))
        await until(lambda: ends)
        assert ends[0][2] == "silence"
