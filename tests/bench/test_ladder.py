"""The measurements' own reckoning: which rate is tried next, what sipp wrote, what counts as a gap."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.need import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from support.callers import Call
from support.ladder import Ladder
from support.measures import pacing, waits_of
from support.sipp import percentile, scenario, setups, succeeded

MS = 1_000_000


def climb(holds_up_to: float, ladder: Ladder) -> Ladder:
    while (rate := ladder.next()) is not None:
        ladder.went(rate, rate <= holds_up_to)
    return ladder


@pytest.mark.parametrize("limit", [5, 24, 31, 66, 110])
def test_the_ladder_finds_the_highest_rate_that_holds(limit: int) -> None:
    ladder = climb(limit, Ladder(first=24, rungs=20))
    assert limit / ladder.fine - 1 <= ladder.best <= limit


def test_the_ladder_ends_when_nothing_holds_and_when_everything_does() -> None:
    assert climb(0, Ladder(rungs=8)).best == 0
    everything = climb(10**9, Ladder(rungs=8))
    assert len(everything.tried) == 8 and everything.best == everything.tried[-1][0]


def test_a_rung_missed_by_chance_gets_a_second_chance_and_the_search_goes_on_above_it() -> None:
    ladder, paused = Ladder(first=24, rungs=20), []
    while (rate := ladder.next()) is not None:
        unlucky = rate >= 38 and not paused
        paused += [rate] if unlucky else []
        ladder.went(rate, rate <= 90 and not unlucky)
    assert ladder.best > 38


def test_what_sipp_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / "stat.csv").write_text("StartTime;SuccessfulCall(C);FailedCall(C)\nx;3;0\ny;19;1\n")
    (tmp_path / "scenario_12_rtt.csv").write_text("Date_ms;response_time_ms;rtd_no\n204.0;4;setup\n404.0;12;setup\n")
    assert succeeded(tmp_path / "stat.csv") == 19
    assert setups(tmp_path) == [4.0, 12.0]
    assert percentile([float(n) for n in range(1, 101)], 95) == 95
    assert percentile([], 95) == float("inf")


def test_the_scenario_presses_its_key_and_lasts_as_long_as_is_said() -> None:
    text = scenario(2.0, 6.0)
    assert text.index('milliseconds="2000"') < text.index("play_pcap_audio") < text.index('milliseconds="4000"')


def packet(number: int, at_20_ms: int) -> bytes:
    return number.to_bytes(2, "big") + (160 * at_20_ms).to_bytes(4, "big") + b"same"


def test_a_late_packet_is_a_gap_and_silence_between_two_prompts_is_none() -> None:
    stamps = [packet(n, n) for n in range(4)] + [packet(4, 100), packet(5, 101)]
    arrivals = [0, 20 * MS, 75 * MS, 80 * MS, 2000 * MS, 2020 * MS]
    found = pacing(arrivals, stamps, 0, 3000 * MS)
    assert (found.packets, found.wide, found.widest_ms) == (4, 1, 55.0)


def test_the_wait_after_a_key_counts_to_the_prompts_first_packet_also_when_that_was_not_seen() -> None:
    call = Call(0, keys_sent=[1000 * MS], heard=[(500 * MS, 0), (1070 * MS, 3)])
    assert waits_of(call) == [10.0]
