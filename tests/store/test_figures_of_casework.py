"""Figures of promises and aftercare, through letters, calls, replies and follow-ups as people make them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from ivr.kpi.records import Figure
from ivr.profile import Profile
from store.engine import reading
from store.figures.figures import figures
from store.journal.rebuild import verify
from store.read.worklists import settle_missed
from tests.support.casework import MORNING, Desk
from tests.support.history import Caller

HOUR, DAY = 3_600_000, 86_400_000


def now(desk: Desk, **options: Any) -> dict[str, Figure]:
    """The figures of the fortnight from the morning on, seen at the desk's time."""
    with Session(reading(desk.engine)) as session:
        found = figures(session, MORNING - HOUR, MORNING + 14 * DAY, Profile.load(), desk.now, **options)
    return {figure.id: figure for figure in found}


def counts(figure: Figure) -> tuple[object, int]:
    return figure.numerator, figure.denominator


def follow_up(desk: Desk, **told: str) -> None:
    desk.called(desk.list("followup")[0].first["id"], "reached", **told)


def test_cbk_5_k15_and_k16_count_closed_cases_by_who_was_reached(desk: Desk) -> None:
    desk.closed(desk.letter(number="13800000001"))
    follow_up(desk, solved="yes", rating="2")
    desk.closed(desk.letter(number="13800000002"))
    follow_up(desk, solved="yes", rating="4")
    desk.closed(desk.letter(number="13800000003"))
    desk.called(desk.list("followup")[0].first["id"], "no_answer")
    desk.closed(desk.letter(number="", kind="report", anonymous=True))
    found = now(desk)
    assert counts(found["K15"]) == (2, 3)
    assert dict(found["K15"].exclusions) == {"anonymous": 1}
    assert (counts(found["K16"]), counts(found["K16-rated"])) == ((1, 2), (2, 2))


def test_k17_a_bad_rating_by_keys_is_handled_when_the_person_is_reached(desk: Desk) -> None:
    caller = Caller(desk.ledger, desk.now, number="13800000009").arrives().asks_for_a_person().rings("101")
    caller.answered_by("101", after=2000).rates(5).ends(after=9000)
    desk.now = caller.at + 1000
    assert counts(now(desk)["K17"]) == (0, 1)
    follow_up(desk, solved="yes")
    assert counts(now(desk)["K17"]) == (1, 1)
    assert desk.list("followup") == [] and verify(desk.engine) == []


def test_k17_a_bad_rating_in_a_follow_up_is_followed_up_again(desk: Desk) -> None:
    case_id = desk.closed(desk.letter())
    follow_up(desk, solved="yes", rating="4")
    assert counts(now(desk)["K17"]) == (0, 1)
    desk.do(case_id, "archive", "王芳")
    assert len(desk.list("followup")) == 1  # also when the case is put away
    desk.now += HOUR
    follow_up(desk, solved="yes", rating="2")
    found = now(desk)
    assert counts(found["K17"]) == (1, 1) and desk.list("followup") == []
    assert verify(desk.engine) == []


def test_k17_what_is_not_solved_is_answered_for_by_the_reopened_case(desk: Desk) -> None:
    case_id = desk.closed(desk.letter())
    follow_up(desk, solved="no", rating="5", reason="仍未解决")
    assert desk.list("followup") == []  # nobody is called again before something was done
    desk.do(case_id, "reply", "李强", text="再次答复", evidence="通话")
    desk.do(case_id, "close", "李强")
    assert counts(now(desk)["K17"]) == (0, 1)
    desk.now += HOUR
    follow_up(desk, solved="yes", rating="1")
    assert counts(now(desk)["K17"]) == (1, 1)
    assert verify(desk.engine) == []


def test_a_case_closed_twice_is_followed_up_once(desk: Desk) -> None:
    case_id = desk.closed(desk.letter())
    follow_up(desk, solved="no", rating="5", reason="仍未解决")
    assert counts(now(desk)["K15"]) == (0, 0)  # it is open again
    desk.do(case_id, "reply", "李强", text="再次答复", evidence="通话")
    desk.do(case_id, "close", "李强")
    assert counts(now(desk)["K15"]) == (1, 1)


def test_cmp_1_k12_k13_and_k14_follow_reply_and_closing(desk: Desk) -> None:
    desk.closed(desk.letter())
    replied_only = desk.letter()
    desk.do(replied_only, "accept", "李强")
    desk.do(replied_only, "reply", "李强", text="已核实并改正", evidence="通话")
    desk.letter()
    desk.now += 10 * DAY
    found = now(desk)
    assert counts(found["K13-complaint"]) == (2, 3)
    assert counts(found["K13-complaint-strict"]) == (2, 3)
    assert counts(found["K14"]) == (2, 3)
    assert counts(found["K12"]) == (1, 3)


def test_sup_3_a_broken_promise_stays_broken_when_the_case_is_reopened(desk: Desk) -> None:
    case_id = desk.letter()
    desk.do(case_id, "accept", "李强")
    desk.now += 9 * DAY
    desk.do(case_id, "reply", "李强", text="已核实并改正", evidence="通话")
    assert counts(now(desk)["K13-complaint"]) == (0, 1)
    desk.do(case_id, "reopen", "王芳", reason="来电人再次反映")
    desk.do(case_id, "reply", "李强", text="再次答复", evidence="通话")
    found = now(desk)
    assert counts(found["K13-complaint"]) == (0, 1)
    with Session(reading(desk.engine)) as session:  # the second promise is due later, and kept
        later = figures(session, MORNING - HOUR, MORNING + 30 * DAY, Profile.load(), desk.now)
    by_id = {figure.id: figure for figure in later}
    assert counts(by_id["K13-complaint"]) == counts(by_id["K14"]) == (1, 2)
    assert counts(by_id["K13-complaint-strict"]) == (1, 2)


def test_pwr_1_a_repair_that_did_not_hold_is_to_be_reached_again(desk: Desk) -> None:
    case_id = desk.letter("repair")
    desk.do(case_id, "accept", "李强")
    desk.do(case_id, "arrive", "李强")
    desk.do(case_id, "reply", "李强", text="已修复", evidence="通话")
    desk.do(case_id, "reopen", "王芳", reason="又停电了")
    assert desk.case(case_id)["next_action_at"] is not None  # the 45 minutes run, and are watched
    desk.now += HOUR
    assert counts(now(desk)["K18"]) == (1, 2)
    desk.do(case_id, "arrive", "李强")
    found = now(desk)
    assert counts(found["K18"]) == (1, 2)
    assert found["K18-time"].value == (120 + 3660) / 2


def test_the_stricter_figure_has_the_stricter_period(desk: Desk) -> None:
    """A complaint of 2026-11-23 is due on Saturday the 28th, rolled to Monday the 30th."""
    case_id = desk.letter()
    case = desk.case(case_id)
    assert (case["unrolled"], case["due"]) == ("2026-11-28", "2026-11-30")
    with Session(reading(desk.engine)) as session:
        saturday = figures(
            session, case["unrolled_ms"] - HOUR, case["unrolled_ms"] + 1, Profile.load(), MORNING + 9 * DAY
        )
    by_id = {figure.id: figure for figure in saturday}
    assert counts(by_id["K13-complaint"]) == (0, 0)
    assert counts(by_id["K13-complaint-strict"]) == (0, 1)


def test_pwr_1_k18_measures_the_arrival_on_site(desk: Desk) -> None:
    case_id = desk.letter("repair")
    desk.do(case_id, "accept", "李强")
    desk.do(case_id, "arrive", "李强")
    desk.letter("repair")
    desk.now += HOUR
    found = now(desk)
    assert counts(found["K18"]) == (1, 2)
    assert (found["K18-time"].value, found["K18-time"].denominator) == (120.0, 1)


def test_k20_counts_each_missed_number_once_and_whoever_reached_us(desk: Desk) -> None:
    desk.missed_call("13800001111")
    desk.missed_call("13800001111")
    desk.missed_call("13900002222")
    desk.missed_call("13700003333")
    desk.missed_call("13600004444", test=True)
    desk.answered_call("13900002222")
    with desk.engine.begin() as connection:
        settle_missed(connection, desk.now)
    assert counts(now(desk)["K20"]) == (1, 1)  # the others still have time
    desk.now += 25 * HOUR
    first = next(e.first["id"] for e in desk.list("missed") if len(e.callbacks) == 2)
    desk.called(first, "reached", reason="已回电说明")
    assert counts(now(desk)["K20"]) == (1, 3)


def test_k20_who_did_not_want_to_be_called_and_called_us_again_was_reached(desk: Desk) -> None:
    desk.missed_call("13800001111")
    desk.called(desk.list("missed")[0].first["id"], "refused")
    desk.missed_call("13900002222")
    desk.answered_call("13800001111")
    desk.now += 25 * HOUR
    assert counts(now(desk)["K20"]) == (1, 2)


def test_k20_a_test_call_hides_no_citizen_of_the_same_number(desk: Desk) -> None:
    desk.missed_call("13800001111")
    desk.missed_call("13800001111", test=True)
    desk.now += 25 * HOUR
    found = now(desk)["K20"]
    assert counts(found) == (0, 1) and dict(found.exclusions)["test_calls"] == 1


def test_k20_who_was_spoken_with_and_wants_another_time_was_reached_then(desk: Desk) -> None:
    desk.missed_call("13800001111")
    desk.called(desk.list("missed")[0].first["id"], "reached", agreed=desk.now + 30 * HOUR)
    desk.now += 25 * HOUR
    assert counts(now(desk)["K20"]) == (1, 1)


def test_the_figures_of_a_window_take_the_cases_of_its_calls(desk: Desk) -> None:
    desk.missed_call("13800001111")
    desk.now += 25 * HOUR
    assert counts(now(desk, window="general")["K20"]) == (0, 1)
    assert counts(now(desk, window="repair")["K20"]) == (0, 0)
    assert counts(now(desk, window="repair")["K1"]) == (0, 0)


def test_k25_an_order_that_was_sent_back_once_went_to_the_wrong_desk(desk: Desk) -> None:
    right, wrong = desk.letter(number="13800000001"), desk.letter(number="13800000002")
    desk.closed(desk.letter(number="13800000003"))  # was never dispatched
    for case_id in (right, wrong):
        desk.do(case_id, "classify", urgency="ordinary", window="general", category="attitude")
        desk.do(case_id, "assign", handler="李强")
    desk.do(wrong, "return", "李强", reason="不属本窗口职责")
    desk.do(wrong, "assign", handler="赵敏")
    for case_id, who in ((right, "李强"), (wrong, "赵敏")):
        desk.do(case_id, "accept", who)
        desk.do(case_id, "reply", who, text="已核实并改正", evidence="信函")
        desk.do(case_id, "close", who)
    assert counts(now(desk)["K25"]) == (1, 2)
    assert verify(desk.engine) == []
