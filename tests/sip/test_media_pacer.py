"""One pacer, absolute deadlines: driven here with a clock of its own."""

from hypothesis import given
from hypothesis import strategies as st

from sip.embedded.pacer import BURST, FRAME_S, SLOTS, Slots


class Counter:
    """A stream that notes when it was told to send."""

    def __init__(self) -> None:
        self.ticks: list[float] = []
        self.skipped = 0
        self.errors: list[Exception] = []

    def tick(self, now: float) -> None:
        self.ticks.append(now)

    def broke(self, error: Exception) -> None:
        self.errors.append(error)

    def skip(self, frames: int) -> None:
        self.skipped += frames


def run(slots: Slots, until: float, late: float = 0.0) -> None:
    while slots.due <= until:
        slots.run(slots.due + late)


@given(st.integers(1, 40), st.floats(0, 0.015))
def test_every_stream_sends_fifty_frames_a_second_however_late_each_wake_is(count, late):
    slots, streams = Slots(100.0), [Counter() for _ in range(count)]
    for stream in streams:
        slots.join(stream)
    run(slots, 110.0, late)
    for stream in streams:
        assert 499 <= len(stream.ticks) <= 501
        assert stream.skipped == 0


def test_streams_are_spread_over_the_twenty_milliseconds():
    slots, streams = Slots(0.0), [Counter() for _ in range(200)]
    for stream in streams:
        slots.join(stream)
    run(slots, 0.1)
    together: dict[float, int] = {}
    for stream in streams:
        together[stream.ticks[0]] = together.get(stream.ticks[0], 0) + 1
    assert sorted(together.values()) == [200 // SLOTS] * SLOTS


@given(st.floats(0.0, 3.0))
def test_after_a_stall_no_stream_sends_more_than_a_short_burst_and_time_is_not_lost(stall):
    slots, stream = Slots(0.0), Counter()
    slots.join(stream)
    run(slots, 1.0)
    before = len(stream.ticks)
    slots.run(1.0 + stall)
    assert len(stream.ticks) - before <= BURST
    run(slots, 10.0)
    assert abs(len(stream.ticks) + stream.skipped - 10.0 / FRAME_S) <= 2


def test_a_stream_that_left_is_not_told_any_more_and_the_others_go_on():
    slots, one, other = Slots(0.0), Counter(), Counter()
    slots.join(one)
    slots.join(other)
    run(slots, 0.5)
    slots.leave(one)
    told = len(one.ticks)
    run(slots, 1.0)
    assert len(one.ticks) == told
    assert len(other.ticks) >= 49


def test_a_stream_that_fails_is_told_once_and_does_not_silence_the_others():
    class Broken(Counter):
        def tick(self, now: float) -> None:
            raise RuntimeError("broken")

    slots, other = Slots(0.0), Counter()
    broken = [Broken() for _ in range(SLOTS)]
    for stream in broken:
        slots.join(stream)
    slots.join(other)
    run(slots, 1.0)
    assert len(other.ticks) >= 49
    assert [len(stream.errors) for stream in broken] == [1] * SLOTS and len(slots) == 1
