"""When a case next needs somebody's attention: warnings before the due date, escalation after it (CBK-11).

    level = due_level(case, now)      # what to warn of now, or None
    next_action(case)                 # the next moment something must happen; stored as an index for the sweeper

Pure: the stored moment can be computed anew at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.cases.case import CaseRow

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Level:
    """A warning: after ``percent`` of the promised time, to these (``owner``, ``lead``, ``supervisor``)."""

    id: str
    percent: int
    to: tuple[str, ...]


# The owner twice before it is due; then the shift lead; then the supervisor.
LEVELS = (
    Level("half", 50, ("owner",)),
    Level("near", 80, ("owner",)),
    Level("due", 100, ("owner", "lead")),
    Level("late", 120, ("owner", "lead", "supervisor")),
)
SUPERVISED = Level("supervised", 0, ("owner", "supervisor"))  # a supervision notice 督办 ran out


def next_action(case: CaseRow) -> int | None:
    """The next moment (UTC ms) this case needs attention; None: never, or not while its clock stands."""
    moments = [_moment(case, level.percent) for level in LEVELS if _runs(case) and level.percent > case.warned]
    if case.supervised is not None and not case.supervised_warned:
        moments.append(case.supervised)
    return min(moments, default=None)


def due_level(case: CaseRow, now: int) -> Level | None:
    """The highest warning that is due at ``now``: a clock that jumped ahead warns once, not four times."""
    if case.supervised is not None and not case.supervised_warned and case.supervised <= now:
        return SUPERVISED
    due = [
        level for level in LEVELS if _runs(case) and level.percent > case.warned and
        _moment(case, level.percent) <= now
    ]  # fmt: skip
    return due[-1] if due else None


def _runs(case: CaseRow) -> bool:
    """Is a promise still open, and its clock running? A repair is promised until somebody is on site."""
    kept = case.replied is not None or case.closed is not None or case.arrived is not None
    return case.due_ms is not None and case.paused is None and not kept


def _moment(case: CaseRow, percent: int) -> int:
    assert case.due_ms is not None
    return case.span_from + (case.due_ms - case.span_from) * percent // 100
