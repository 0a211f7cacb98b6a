"""What only the garbage collector could free: reference cycles.

While calls are up the collector is not let loose (its pauses are audible), so whatever ends has to be freed by its
reference count.

with Cycles(of=("sip.embedded", "ivr", "services", "store")) as cycles:
    ...                         # calls come and go
assert cycles.found == {}       # names of types → how many
"""

from __future__ import annotations

import gc
from collections import Counter
from types import FunctionType
from typing import Self


class Cycles:
    """``of``: the packages whose objects count, closures by where they are defined."""

    def __init__(self, of: tuple[str, ...]) -> None:
        self._of = of
        self.found: Counter[str] = Counter()

    def total(self) -> int:
        """How many objects."""
        return self.found.total()

    def __enter__(self) -> Self:
        while gc.collect():  # what an earlier test left may hold more of it
            pass
        self._enabled, self._flags = gc.isenabled(), gc.get_debug()
        gc.disable()
        return self

    def __exit__(self, *_: object) -> None:
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            gc.collect()
            for one in gc.garbage:
                module, name = _home(one)
                if module.startswith(self._of):
                    self.found[f"{module}.{name}"] += 1
        finally:
            gc.set_debug(self._flags)
            gc.garbage.clear()
            gc.collect()
            if self._enabled:
                gc.enable()


def _home(one: object) -> tuple[str, str]:
    named = one if isinstance(one, FunctionType) else type(one)
    return named.__module__ or "", named.__qualname__
