"""K26: calls that were turned away for lack of room, and why."""

from __future__ import annotations

from ivr.kpi.blocking import WHY
from ivr.kpi.formulas import figures
from ivr.kpi.records import Figure, KpiLimits, Period, TurnedAway
from ivr.telephony import TURNED_AWAY


def blocking(taken: int, away: list[TurnedAway]) -> list[Figure]:
    period, limits = Period(0, 1000, 1000), KpiLimits("p", "human_wait", 12_000)
    found = figures([], [], period, limits, taken=taken, away=away)
    return [figure for figure in found if figure.id.startswith("K26")]


def test_k26_is_the_share_of_attempts_that_found_no_room_and_of_each_why() -> None:
    away = [TurnedAway("CallLimit"), TurnedAway("CallLimit", 6), TurnedAway("LoopLate", 2), TurnedAway("LedgerLate")]
    found = {figure.id: (figure.numerator, figure.denominator) for figure in blocking(90, away)}
    assert found == {"K26": (10, 100), "K26-full": (7, 100), "K26-late": (3, 100), "K26-ending": (0, 100)}
    assert blocking(90, away)[0].value == 0.1


def test_k26_has_no_value_where_nobody_called() -> None:
    assert [figure.value for figure in blocking(0, [])] == [None] * 4


def test_every_kind_of_refusal_for_want_of_room_is_in_one_why() -> None:
    assert sorted(kind for kinds in WHY.values() for kind in kinds) == sorted(TURNED_AWAY)
