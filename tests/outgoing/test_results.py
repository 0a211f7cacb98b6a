"""What is known of a citizen who could not be had: from the far network's cause, the SIP code, or the line itself."""

from __future__ import annotations

import pytest

from ivr.outgoing.results import result_of
from sip.replies import q850_of
from tests.outgoing.conftest import CITIZEN, House, SeatPlan

# reason of the port, SIP code, Q.850 cause, what came of it
TABLE = [
    ("unreachable", 404, 1, "not_in_use"), ("unreachable", 480, 1, "not_in_use"), ("busy", 486, 17, "busy"),
    ("unreachable", 480, 17, "busy"), ("unreachable", 480, 18, "unavailable"), ("unreachable", 480, 19, "no_answer"),
    ("unreachable", 480, 20, "unavailable"), ("declined", 603, 21, "declined"), ("unreachable", 410, 22, "not_in_use"),
    ("unreachable", 502, 27, "unavailable"), ("error", 484, 28, "not_in_use"), ("unreachable", 480, 31, "unavailable"),
    ("unreachable", 503, 34, "network"), ("unreachable", 503, 38, "network"), ("unreachable", 503, 41, "network"),
    ("unreachable", 503, 42, "network"), ("unreachable", 480, 0, "unavailable"), ("busy", 600, 0, "busy"),
    ("no_answer", 0, 0, "no_answer"), ("unreachable", 503, 0, "line_failed"), ("refused", 403, 0, "line_failed"),
    ("error", 407, 0, "line_failed"), ("unreachable", 0, 0, "line_failed"), ("unreachable", 404, 16, "not_in_use"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "code", "q850", "result"), TABLE)
def test_each_cause_of_the_far_side_has_its_result(reason: str, code: int, q850: int, result: str) -> None:
    assert result_of(reason, code, q850) == result


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        (['Q.850;cause=20;text="Subscriber absent"'], 20),
        (["q.850 ; text=\"x, y\" ; cause = 17"], 17),
        (['SIP;cause=480;text="x"', "Q.850;cause=34"], 34),
        (['SIP;cause=200;text="Q.850;cause=1"'], 0),
        (["Q.850;cause=0"], 0), (["Q.850;cause=999"], 0), (["Q.850;cause=٣"], 0), (["Q.850;cause="], 0), ([], 0),
    ],
)  # fmt: skip
def test_the_cause_is_read_from_the_reason_header_and_from_nothing_like_it(values: list[str], cause: int) -> None:
    assert q850_of(values) == cause


@pytest.mark.parametrize(
    ("plan", "result"),
    [
        (SeatPlan(fail="unreachable", code=480), "unavailable"),
        (SeatPlan(fail="unreachable", code=503, q850=42), "network"),
        (SeatPlan(fail="unreachable", code=480, q850=19), "no_answer"),
    ],
)
def test_a_phone_that_is_switched_off_or_out_of_reach_is_an_attempt(house: House, plan: SeatPlan, result: str) -> None:
    entry = house.missed()
    house.sim.number(CITIZEN, plan)
    made = house.click(entry)
    house.run(30)
    assert house.call(made)["result"] == result
    assert [tried["result"] for tried in house.attempts(entry)] == ["no_answer"]
    row = house.callback(entry)
    assert row.state == "open" and row.tries == 1 and row.next_at > house.clock.now_ms()


def test_a_fault_of_our_own_line_is_no_attempt(house: House) -> None:
    entry = house.missed()
    house.sim.number(CITIZEN, SeatPlan(fail="unreachable", code=503))
    made = house.click(entry)
    house.run(30)
    assert house.call(made)["result"] == "line_failed" and house.attempts(entry) == []


def test_the_operator_hears_what_the_network_says_instead_of_our_ringing(house: House) -> None:
    entry = house.missed()
    off = SeatPlan(fail="unreachable", code=480, q850=20, says="您拨打的电话已关机")
    house.sim.number(CITIZEN, off)
    made = house.click(entry)
    house.run(30)
    heard = house.sim.heard(f"{made}/seat")
    assert heard[-2:] == ["您拨打的电话已关机", "[failed]"] and heard.count("[ringback]") <= 1
    assert house.call(made)["answered"] is None and house.call(made)["result"] == "unavailable"
