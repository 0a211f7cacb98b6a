"""Whether one more call can be served in time: closed when we are behind, open again by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sip.admission import FULL, LEDGER_LATE, LOOP_LATE, Admission, AdmissionLimits, Lags
from sip.embedded.waited import KEPT_S, Waited

LIMITS = AdmissionLimits()
STEP_S = 0.05


class Told:
    """An admission that is looked at every 50 ms."""

    def __init__(self, max_calls: int = 200) -> None:
        self.admission, self.now = Admission(max_calls), 0.0

    def behind(self, seconds: float, loop_s: float = 0.0, ledger_s: float = 0.0) -> str:
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            self.admission.look(self.now, Lags(loop_s, ledger_s))
        return self.admission.refusal(10)


def test_every_call_within_the_limit_is_taken_while_nothing_is_late() -> None:
    told = Told(max_calls=3)
    told.behind(10, loop_s=0.02, ledger_s=0.05)
    assert [told.admission.refusal(calls) for calls in range(5)] == ["", "", "", FULL, FULL]


def test_who_could_not_be_served_in_time_is_told_so_and_why() -> None:
    assert Told().behind(1, loop_s=0.5) == LOOP_LATE
    assert Told().behind(1, ledger_s=0.5) == LEDGER_LATE
    assert Told().behind(1, loop_s=0.4, ledger_s=0.9) == LEDGER_LATE


def test_one_pause_of_the_machine_turns_nobody_away() -> None:
    told = Told()
    told.behind(5)
    told.now += 3.0  # nothing of ours ran
    told.admission.look(told.now, Lags(3.0, 3.0))
    assert told.admission.refusal(10) == ""
    assert told.behind(1) == ""


def test_a_process_that_is_stopped_again_and_again_for_a_moment_takes_calls() -> None:
    told = Told()
    for _ in range(100):
        assert told.behind(STEP_S, loop_s=0.5) == told.behind(STEP_S) == ""


def test_it_opens_again_by_itself_once_it_is_calm_and_not_before() -> None:
    told = Told()
    assert told.behind(1, ledger_s=1.0) == LEDGER_LATE
    assert told.behind(5, ledger_s=(LIMITS.open_s + LIMITS.close_s) / 2) == LEDGER_LATE  # not worse, not calm
    assert told.behind(LIMITS.calm_s / 2) == LEDGER_LATE
    assert told.behind(LIMITS.calm_s) == ""
    assert told.behind(5, ledger_s=(LIMITS.open_s + LIMITS.close_s) / 2) == ""  # and stays open there


@given(st.lists(st.tuples(st.floats(0.001, 2), st.floats(0, 5), st.floats(0, 5)), max_size=60))
def test_whatever_happened_a_calm_second_opens_it_and_a_late_one_closes_it(
    looks: list[tuple[float, float, float]],
) -> None:
    told = Told()
    for wait, loop_s, ledger_s in looks:
        told.now += wait
        told.admission.look(told.now, Lags(loop_s, ledger_s))
    assert told.behind(1) == ""
    assert told.behind(1, loop_s=1) == LOOP_LATE


def test_datagrams_that_lay_there_during_one_pause_turn_nobody_away() -> None:
    told, waited = Told(), Waited()
    told.behind(1)
    told.now += 2.0
    for _ in range(50):  # read one after the other, for 50 ms
        told.now += 0.001
        waited.note(2.0, told.now)
    for _ in range(20):
        told.now += STEP_S
        told.admission.look(told.now, Lags(waited.lag_s(told.now)))
        assert told.admission.refusal(10) == ""


def test_the_longest_wait_of_the_last_moments_counts_and_is_forgotten_after_them() -> None:
    waited = Waited()
    waited.note(0.7, 10.0)
    waited.note(0.1, 10.0 + KEPT_S / 2)
    assert waited.lag_s(10.0 + KEPT_S / 2) == waited.lag_s(10.0 + KEPT_S) == 0.7
    assert waited.lag_s(10.0 + 2.5 * KEPT_S) == waited.lag_s(10.0 + 4 * KEPT_S) == 0.0
    waited.note(0.2, 20.0)
    assert waited.lag_s(99.0) == 0.0
