"""Moments of the made-up hotline, said as its clocks on the wall say them."""

from datetime import datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    """UTC ms of a local time, ``2026-09-24 10:00``."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)
