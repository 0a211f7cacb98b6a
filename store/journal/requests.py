"""How a row of ``calls`` is a record of the figures, and how what is asked of records is asked in SQL: side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, func, not_, or_

from ivr.kpi.predicates import COMPARE, Compared, Either, Every, Flag, Known, Not, Predicate, remember
from ivr.kpi.records import AgentRequest, RequestOutcome
from ivr.projections.fold import NORMAL_ENDS
from store.sql import table

C = table("calls").c
# F of B9: nobody could be had, or our own fault; both are our doing.
CLASSES: dict[str, RequestOutcome] = {
    "abandoned": "abandoned", "callback": "callback", "unanswered": "failed", "failed": "failed",
}  # fmt: skip
COLUMNS = (
    C.outcome, C.agent_answered, C.agent_left, C.human_wait, C.agent_ring_wait, C.network_wait, C.test,
    C.human_requested, C.arrived, C.released_by, C.cause, C.window, C.late_apology,
    C.handed_over,
)  # fmt: skip


def request(row: Any) -> AgentRequest:
    """A call as figures see it; ``row`` begins with :data:`COLUMNS`."""
    outcome, answered, left, wait, ring, network, test, requested, arrived, by, cause, _window = row[:12]
    return AgentRequest(
        "waiting" if wait is None else "answered" if answered is not None else CLASSES.get(outcome, "failed"),
        wait or 0,
        ring,
        network,
        test,
        (requested or 0) - arrived,
        left - answered if left is not None and answered is not None else None,
        by == "us" and cause not in NORMAL_ENDS,
        arrived,
        requested is not None,
        *row[12:14],
    )


FLAGS: Mapping[str, ColumnElement[bool]] = {
    "asked": C.human_requested.is_not(None),
    "test": C.test,
    "cut": and_(C.released_by == "us", C.cause.not_in(NORMAL_ENDS)),
    "apology": C.late_apology,
}
FIELDS: Mapping[str, ColumnElement[Any]] = {
    "wait": C.human_wait,
    "ring": C.agent_ring_wait,
    "network": C.network_wait,
    "lead": C.human_requested - C.arrived,
    "talk": C.agent_left - C.agent_answered,
    "arrived": C.arrived,
    "handed": C.handed_over,
}
_OVER = and_(C.human_wait.is_not(None), C.agent_answered.is_(None))
# What is still in the queue has no wait yet, so whatever has one is of some class.
OUTCOMES: Mapping[str, ColumnElement[bool]] = {
    "waiting": C.human_wait.is_(None),
    "answered": and_(C.human_wait.is_not(None), C.agent_answered.is_not(None)),
    "abandoned": and_(_OVER, C.outcome == "abandoned"),
    "callback": and_(_OVER, C.outcome == "callback"),
    "failed": and_(_OVER, C.outcome.not_in(("abandoned", "callback"))),
}


@remember
def where(predicate: Predicate) -> ColumnElement[bool]:
    """Return the condition on ``calls`` that holds for a row when the predicate holds for its record."""
    match predicate:
        case Flag(name):
            return FLAGS[name]
        case Known(name):
            return FIELDS[name].is_not(None)
        case Compared("outcome", _by, value):
            return OUTCOMES[str(value)]
        case Compared(name, by, value):
            return cast(ColumnElement[bool], COMPARE[by](FIELDS[name], value))
        case Not(Flag("test")):
            return C.test.is_(False)
        case Not(Known(name)):
            return FIELDS[name].is_(None)
        case Not(of):
            return not_(func.coalesce(where(of), False))  # what is not known is not so
        case Every(of=parts):
            return and_(*map(where, sorted(parts, key=repr)))
        case Either(of=parts):
            return or_(*map(where, sorted(parts, key=repr)))
    raise TypeError(predicate)
