"""Calls that were turned away for lack of room, and why (K26 阻塞率; pure): 时刻保持电话畅通.

A call is turned away before it is a row: what is known of it is when, why, and how many like it.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.kpi.records import KpiLimits, Period, TurnedAway

AWAY_NOTE = "turned away (503) / (turned away + calls taken); test calls and fax machines are no calls taken"
# Figure -> which kinds of ``ivr.telephony.TURNED_AWAY`` it counts; K26 counts them all.
WHY = {"K26-full": ("CallLimit",), "K26-late": ("LoopLate", "LedgerLate"), "K26-ending": ("Ending",)}
TAKEN = ""  # the ``why`` of the calls that were let in


def away_fate(why: tuple[str, ...] = ()) -> Callable[[TurnedAway, Period, KpiLimits], str]:
    """Return what attempts are to a figure: ``good`` is turned away, for one of these reasons if some are given."""

    def fate(each: TurnedAway, _period: Period, _limits: KpiLimits) -> str:
        return "good" if each.why != TAKEN and (not why or each.why in why) else "failed"

    return fate
