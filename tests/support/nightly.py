"""Long series: at night (``make nightly``) all of one is told, by day a part, each day another one.

    for moment in moments[share(5)]:    # every fifth, beginning with the day's; in five days all were told

    @at_night                           # a story of minutes: by day there is no such test
    def test_…

So a push waits for minutes, and what is broken at one moment of hundreds is found within days, or the next night.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date

NIGHTLY = bool(os.environ.get("HOTLINE_NIGHTLY"))


def share(days: int, *, today: date | None = None, nightly: bool = NIGHTLY) -> slice:
    """The part of a series that is told today: every ``days``-th of it; all of it at night."""
    return slice(0, None, 1) if nightly else slice((today or date.today()).toordinal() % days, None, days)


def at_night(story: Callable[..., None]) -> Callable[..., None] | None:
    """The test at night; by day None, which is not collected."""
    return story if NIGHTLY else None
