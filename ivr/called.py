"""Which of the hotline's numbers was called, however the network writes it (``[numbers]``)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from ivr.numbers import HOME, Plan, called_keys, key_of

log = logging.getLogger(__name__)

T = TypeVar("T")
TOLD_MAX = 200  # a dialler that tries numbers at random fills no log


class CalledNumbers(Generic[T]):
    """Called number -> what belongs to it, ``default`` for all others; an unknown number is told once.

    Without any number of its own the hotline is called by one: nothing is unknown then.
    """

    def __init__(self, numbers: Mapping[str, T], default: T, plan: Plan = HOME) -> None:
        self._by_key = {key_of(number, plan): found for number, found in numbers.items()}
        self._default, self._plan = default, plan
        self._told: set[str] = set()

    def __call__(self, called: str) -> T:
        """What belongs to this number."""
        return next((self._by_key[key] for key in self._keys(called) if key in self._by_key), self._default)

    def which(self, called: str, also: Sequence[str] = ()) -> str:
        """The first of the numbers a call came to that is one of ours; else ``called``, told once."""
        for number in (called, *also):
            if any(key in self._by_key for key in self._keys(number)):
                return number
        if self._by_key and called not in self._told and len(self._told) < TOLD_MAX:
            self._told.add(called)
            log.warning("the called number %s is not in [numbers]; the default flow answers it", called or "(none)")
        return called

    def _keys(self, called: str) -> tuple[str, ...]:
        return called_keys(called, self._plan)
