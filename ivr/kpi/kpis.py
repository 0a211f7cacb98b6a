"""Every figure by its id.

A figure is wholly said by its record: add one to :mod:`ivr.kpi.kpis_of_calls` or :mod:`ivr.kpi.kpis_of_rows`, and it is
counted, shown, exported and documented, and the rows behind it are found. It is a share (or mean) of rows, such as
cases, each judged by a ``fate``; or of calls, by predicates that hold for records as for SQL (:mod:`ivr.kpi.calls`).
"""

from __future__ import annotations

import re
from dataclasses import replace

from ivr.cases.names import Term
from ivr.kpi.call_totals import Wanted
from ivr.kpi.calls import OfCalls, at
from ivr.kpi.kpi import Kpi
from ivr.kpi.kpis_of_calls import OF_CALLS
from ivr.kpi.kpis_of_rows import OF_ROWS
from ivr.kpi.records import KpiLimits

KPIS: dict[str, Kpi] = {kpi.id: kpi for kpi in sorted((*OF_CALLS, *OF_ROWS), key=lambda kpi: kpi.number)}
# What figures of one number have in common.
FAMILIES: dict[int, Term] = {
    1: Term("接通率", "Answer rate"),
    2: Term("规定秒数内接通", "Answered within N seconds"),
    3: Term("应答速度", "Speed of answer"),
    4: Term("放弃", "Gave up waiting"),
    5: Term("铃响达标", "Within the ringing limit"),
    6: Term("迟接致歉", "Apology when late"),
    7: Term("通话时长", "Duration"),
    8: Term("占用率", "Occupancy"),
    9: Term("利用率", "Utilisation"),
    12: Term("按时办结", "Closed in time"),
    13: Term("按期答复", "Replied in time"),
    14: Term("承诺兑现", "Promises kept"),
    15: Term("回访", "Follow-up"),
    16: Term("满意", "Satisfaction"),
    17: Term("差评回访", "bad ratings"),
    18: Term("抢修到达", "Repairs reached"),
    19: Term("停电公告", "Outage notices"),
    20: Term("漏接回拨", "Missed callers"),
    21: Term("我方先挂机", "Ended by us"),
    22: Term("转人工", "Asking for a person"),
    23: Term("多次转接", "Handed over again"),
    25: Term("派单", "Dispatching"),
    26: Term("线路畅通", "Room for callers"),
}


def of(id_: str) -> Kpi | None:
    """Return the record of a figure; of ``K2a-15`` that of ``K2a``."""
    if (found := KPIS.get(id_)) is not None:
        return None if isinstance(found.how, OfCalls) and found.how.levels else found
    name, _dash, level = id_.partition("-")
    found = KPIS.get(name)
    has_levels = found is not None and isinstance(found.how, OfCalls) and found.how.levels
    return found if has_levels and re.fullmatch(r"\d+(\.\d+)?", level) else None


def limits_of(id_: str, limits: KpiLimits) -> KpiLimits:
    """Return the limits with the level N that the id names, if it names one."""
    kpi = of(id_)
    named = kpi is not None and id_ != kpi.id
    return replace(limits, level=round(float(id_.partition("-")[2]) * 1000)) if named else limits


def levels(how: OfCalls, limits: KpiLimits) -> list[KpiLimits]:
    """Return the limits for each figure of the record: one with each level N, or only these."""
    return [replace(limits, level=level) for level in limits.all_levels] if how.levels else [limits]


def wanted(limits: KpiLimits) -> Wanted:
    """Return what of calls must be counted for all figures."""
    every = [
        (kpi.how, each) for kpi in KPIS.values() if isinstance(kpi.how, OfCalls) for each in levels(kpi.how, limits)
    ]
    return Wanted.by(
        (part for how, each in every for part in how.parts(each)),
        ((how.measure, at(how.of, each)) for how, each in every if how.measure is not None),
    )
