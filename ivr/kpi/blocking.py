"""Calls that were turned away for lack of room, and why (K26; pure): 时刻保持电话畅通.

A call is turned away before it is a row: what is known of it is when, why, and how many like it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ivr.kpi.making import Maker
from ivr.kpi.records import Figure, TurnedAway

# Figure -> what it is called, and which kinds of ``ivr.telephony.TURNED_AWAY`` it counts; K26 counts them all.
WHY = {
    "K26-full": ("满线未接入率", "calls turned away, all lines taken", ("CallLimit",)),
    "K26-late": ("繁忙未接入率", "calls turned away, we were behind", ("LoopLate", "LedgerLate")),
    "K26-ending": ("停机未接入率", "calls turned away, the system was ending", ("Ending",)),
}


def blocking(make: Maker, taken: int, away: Sequence[TurnedAway]) -> tuple[Figure, ...]:
    """K26 阻塞率: turned away (503) / attempts, of all and by why. ``taken``: the calls that were let in."""
    counts: Counter[str] = Counter()
    for each in away:
        counts[each.why] += each.n
    attempts = taken + counts.total()
    note = "turned away (503) / (turned away + calls taken); test calls and fax machines are no calls taken"
    return (
        make.ratio("K26", "阻塞率", "calls turned away", counts.total(), attempts, note=note),
        *(
            make.ratio(id_, zh, en, sum(counts[kind] for kind in kinds), attempts, note=note)
            for id_, (zh, en, kinds) in WHY.items()
        ),
    )
