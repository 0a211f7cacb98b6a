"""Deletion by the retention rules of this hotline: what the store's part (``store/upkeep/pruning.py``) is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hotline.config.settings import Settings
from hotline.process import factories
from store.engine import Engine, reading
from store.sql import Row
from store.upkeep import pruning as store


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def rules(settings: Settings, now: int | None = None) -> tuple[store.Rule, ...]:
    """The rules as they stand now."""
    keep = store.Keep(settings.prune.callers_days, settings.prune.notices_days)
    return store.rules(factories.profile(settings), keep, now_ms() if now is None else now)


def prune(
    settings: Settings, engine: Engine, rule: store.Rule, by: str, progress: Callable[[str, int], None] | None = None
) -> Row:
    """Apply one rule; its proof."""
    vault = factories.vault(settings, factories.keys(settings))
    return store.prune(engine, rule, vault.delete, now_ms, by, progress)


def next_run(settings: Settings, now: int) -> int:
    """When today's time for it is (UTC ms)."""
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(settings.unit.zone))
    hour, minute = map(int, settings.prune.at.split(":"))
    return round(local.replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp() * 1000)


def daily(settings: Settings, engine: Engine, now: Callable[[], int] = now_ms) -> bool:
    """Apply every rule when today's time for it has come and nobody did so since; whether it was done.

    The first run waits for a day after the supervisors were told what it would delete.
    """
    if not settings.prune.daily or now() < (due := next_run(settings, now())):
        return False
    with reading(engine).connect() as connection:
        last = store.last_run(connection)
    if last is not None and last >= due:
        return False
    found = rules(settings, now())
    if last is None and not _announced(engine, found, now()):
        return False
    vault = factories.vault(settings, factories.keys(settings))
    for rule in found:
        store.prune(engine, rule, vault.delete, now, "sweeper")
    return True


def _announced(engine: Engine, found: tuple[store.Rule, ...], now: int) -> bool:
    """Were people told of the first run a day ago? Tells them; where nothing would go there is nothing to be told."""
    counts = {rule.name: store.count(engine, rule) for rule in found}
    if not any(counts.values()):
        return True
    with engine.begin() as connection:
        return now - store.announce(connection, counts, now) >= store.DAY_MS
