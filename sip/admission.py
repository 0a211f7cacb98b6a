"""Whether one more call can be served in time, or is better told so at once (pure; every engine asks it).

Work that queues up makes every caller wait until all have given up. So new calls are turned away (503, with
Retry-After) as soon as what is queued would keep a caller waiting, and are taken again as soon as it would not; calls
that are up are never touched.

    admission.look(now, Lags(loop_s=0.01, ledger_s=0.02))
    if why := admission.refusal(calls): ...              # CallLimit, LoopLate, LedgerLate
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.telephony import TURNED_AWAY

FULL, LOOP_LATE, LEDGER_LATE, ENDING = TURNED_AWAY


@dataclass(frozen=True, slots=True)
class Lags:
    """How far behind we are, in seconds. ``loop_s``: what is due waits so long for its turn.

    ``ledger_s``: age of the oldest turn of a call that is not yet known to be durable.
    """

    loop_s: float = 0.0
    ledger_s: float = 0.0

    @property
    def worst(self) -> float:
        """The larger of both."""
        return max(self.loop_s, self.ledger_s)


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """When to close and when to open, in seconds.

    A call is answered after one turn and hears its prompt after two: behind by ``close_s`` that is still within the
    second a caller takes for granted. It has to last for ``patience_s``: one pause of the machine is no queue.
    ``calm_s``: how long the lag has to stay below ``open_s``.
    """

    close_s: float = 0.3
    patience_s: float = 0.3
    open_s: float = 0.15
    calm_s: float = 0.5


class Admission:
    """Closes when we are behind, opens by itself. ``max_calls``: calls at once in all."""

    def __init__(self, max_calls: int, limits: AdmissionLimits = AdmissionLimits()) -> None:
        self._max_calls, self._limits = max_calls, limits
        self._closed = ""  # why
        self._late_since: float | None = None
        self._calm_since: float | None = None

    def look(self, now: float, lags: Lags) -> None:
        """Note how far behind we are at ``now`` (seconds on any clock that only goes forward)."""
        limits = self._limits
        self._late_since = _since(self._late_since, now, lags.worst >= limits.close_s)
        self._calm_since = _since(self._calm_since, now, lags.worst < limits.open_s)
        if self._late_since is not None and now - self._late_since >= limits.patience_s:
            self._closed = LOOP_LATE if lags.loop_s >= lags.ledger_s else LEDGER_LATE
        elif self._calm_since is not None and now - self._calm_since >= limits.calm_s:
            self._closed = ""

    def refusal(self, calls: int) -> str:
        """Why a call that arrives beside ``calls`` others is turned away; empty when it is taken."""
        return FULL if calls >= self._max_calls else self._closed


def _since(before: float | None, now: float, still: bool) -> float | None:
    return None if not still else now if before is None else before
