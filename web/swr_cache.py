"""Stale-while-revalidate cache of expensive results: one computation per key; readers get the last one meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from flask import Flask, current_app

from web.db import now_ms

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")

log = logging.getLogger("web")


class SwrCache(Generic[Key, Made]):
    """What was made lately, by key.

    Younger than ``kept_ms`` it is given as it is. Younger than ``stale_ms`` it is given too, and made anew beside the
    request, so that nobody waits; what is older is waited for. Who asks for something else does not wait.
    ``make`` runs with the app, without a request. ``one_by_one``: of all who make anew beside requests.
    """

    def __init__(self, kept_ms: int, stale_ms: int = 0, one_by_one: threading.Lock | None = None) -> None:
        self._kept_ms, self._oldest_ms = kept_ms, max(kept_ms, stale_ms)
        self._lock = threading.Lock()
        self._kept: dict[Key, tuple[int, Made]] = {}
        self._making: dict[Key, threading.Lock] = {}
        self._renewing: set[Key] = set()
        self._one_by_one = one_by_one or threading.Lock()

    def get(self, key: Key, make: Callable[[], Made]) -> Made:
        """What is kept under the key, or what ``make`` gives."""
        now = now_ms()
        with self._lock:
            self._kept = {one: kept for one, kept in self._kept.items() if 0 <= now - kept[0] < self._oldest_ms}
            if (kept := self._kept.get(key)) is not None:
                if now - kept[0] >= self._kept_ms and key not in self._renewing:
                    self._renewing.add(key)
                    app = current_app._get_current_object()  # type: ignore[attr-defined]
                    threading.Thread(target=self._renew, args=(app, key, make), name="figures", daemon=True).start()
                return kept[1]
            lock = self._making.setdefault(key, threading.Lock())
        with lock:
            with self._lock:
                if (kept := self._kept.get(key)) is not None and 0 <= now_ms() - kept[0] < self._kept_ms:
                    return kept[1]
            return self._make(key, make)

    def _make(self, key: Key, make: Callable[[], Made]) -> Made:
        began = now_ms()  # as old as what it was made from
        made = make()
        with self._lock:
            self._kept[key] = began, made
            self._making.pop(key, None)
        return made

    def _renew(self, app: Flask, key: Key, make: Callable[[], Made]) -> None:
        try:
            with self._one_by_one, app.app_context():
                self._make(key, make)
        except Exception:  # the database is away: the next request that waits says so
            log.exception("%s could not be made anew", key)
        finally:
            with self._lock:
                self._renewing.discard(key)
