"""Write a due date, the same on pages, in exports, notices and letters.

A due date that is a day lasts until its end, so it is written as the day (``2026-11-30``), whether it is known as the
stored text or as the moment it ends (midnight, 2026-12-01 00:00). Any other is written to the minute.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta


def due_words(due: str | datetime | None) -> str:
    """A stored due date (``2026-11-30`` or ``2026-11-30T17:30:00+08:00``), or its moment in local time."""
    if due is None or due == "":
        return ""
    if isinstance(due, str):
        return due.replace("T", " ")[:16]
    if due.timetz().replace(tzinfo=None) == time():
        return (due - timedelta(days=1)).date().isoformat()
    return f"{due:%Y-%m-%d %H:%M}"
