"""Clips are encoded once and kept within a limit."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.telephony import Clip
from sip.embedded.frames import FrameCache
from sip.embedded.rtp import FRAME, PCMA, PCMU, SILENCE
from tests.sip.far_end import clip


@given(st.integers(0, 1000), st.sampled_from([PCMA, PCMU]))
def test_an_encoded_clip_is_whole_frames_the_last_filled_up_with_silence(samples, pt):
    codes = FrameCache().encoded(Clip("a", bytes(2 * samples)), pt)
    assert len(codes) % FRAME == 0
    assert 0 <= len(codes) - samples < FRAME
    assert SILENCE[pt].startswith(codes[samples:])


def test_a_clip_is_encoded_once_for_each_codec():
    cache, one = FrameCache(), clip(5, 1000)
    assert cache.encoded(one, PCMA) is cache.encoded(one, PCMA)
    assert cache.encoded(one, PCMU) != cache.encoded(one, PCMA)


def test_beyond_the_limit_the_clip_that_was_not_used_for_the_longest_time_is_forgotten():
    cache = FrameCache(limit_bytes=2 * 5 * FRAME)
    a, b, c = (clip(5, value) for value in (1, 2, 3))
    first = cache.encoded(a, PCMA), cache.encoded(b, PCMA)
    cache.encoded(a, PCMA)
    cache.encoded(c, PCMA)
    assert cache.encoded(a, PCMA) is first[0]
    assert cache.encoded(b, PCMA) is not first[1]


def test_a_clip_larger_than_the_limit_is_played_all_the_same():
    assert len(FrameCache(limit_bytes=10).encoded(clip(5, 1), PCMA)) == 5 * FRAME
