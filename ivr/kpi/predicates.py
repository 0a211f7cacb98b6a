"""What can be asked of a record, said once: held against a record here, made a condition of SQL in the store.

    late = REAL & (NETWORK >= 15_000)
    holds(late)(request)            # Python
    where(late)                     # SQL, store/journal/requests.py

A comparison with what is not known (None) is false, never unknown, so both ways agree under ``~``, too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le, "<": operator.lt, ">=": operator.ge, "==": operator.eq,
}  # fmt: skip


@dataclass(frozen=True)
class Predicate:
    """Is something so? Joined by ``&``, ``|`` and ``~``."""

    def __and__(self, other: Predicate) -> Predicate:
        return Every(frozenset((*conjuncts(self), *conjuncts(other))))

    def __or__(self, other: Predicate) -> Predicate:
        return Either(frozenset((self, other)))

    def __invert__(self) -> Predicate:
        return Not(self)


@dataclass(frozen=True)
class Flag(Predicate):
    """The field, which is true or false, is true."""

    field: str


@dataclass(frozen=True)
class Known(Predicate):
    """The field has a value."""

    field: str


@dataclass(frozen=True)
class Compared(Predicate):
    """The field has a value, and it compares so."""

    field: str
    by: str
    value: int | str


@dataclass(frozen=True)
class Every(Predicate):
    """All of them hold."""

    of: frozenset[Predicate]


@dataclass(frozen=True)
class Either(Predicate):
    """One of them holds."""

    of: frozenset[Predicate]


@dataclass(frozen=True)
class Not(Predicate):
    """It does not hold."""

    of: Predicate


@dataclass(frozen=True, slots=True)
class Measure:
    """A field of a record, by its name; None: not known."""

    name: str

    def __le__(self, value: int) -> Predicate:
        return Compared(self.name, "<=", value)

    def __lt__(self, value: int) -> Predicate:
        return Compared(self.name, "<", value)

    def __ge__(self, value: int) -> Predicate:
        return Compared(self.name, ">=", value)

    def is_(self, value: str) -> Predicate:
        """It has this value."""
        return Compared(self.name, "==", value)

    @property
    def known(self) -> Predicate:
        """It has a value."""
        return Known(self.name)


remember = lru_cache(4096)  # pages may name any level N


@remember
def holds(predicate: Predicate) -> Callable[[Any], bool]:
    """Return the predicate as a function of a record."""
    match predicate:
        case Flag(name):
            return operator.attrgetter(name)
        case Known(name):
            get = operator.attrgetter(name)
            return lambda record: get(record) is not None
        case Compared(name, by, value):
            return _compared(operator.attrgetter(name), COMPARE[by], value)
        case Not(of):
            inner = holds(of)
            return lambda record: not inner(record)
        case Every(of=parts):
            every = tuple(map(holds, parts))
            return lambda record: all(part(record) for part in every)
        case Either(of=parts):
            either = tuple(map(holds, parts))
            return lambda record: any(part(record) for part in either)
    raise TypeError(predicate)


def _compared(get: Callable[[Any], Any], compare: Callable[[Any, Any], Any], value: int | str) -> Callable[[Any], bool]:
    def held(record: Any) -> bool:
        found = get(record)
        return found is not None and bool(compare(found, value))

    return held


def conjuncts(predicate: Predicate) -> frozenset[Predicate]:
    """Return what must hold together; of what is no ``&``: itself alone."""
    return predicate.of if isinstance(predicate, Every) else frozenset((predicate,))


def together(parts: frozenset[Predicate]) -> Predicate:
    """Return them joined by ``&``."""
    return next(iter(parts)) if len(parts) == 1 else Every(parts)


def fields(predicate: Predicate) -> set[str]:
    """Return the names of the fields it looks at."""
    return {leaf.field for leaf in leaves(predicate)}


def leaves(predicate: Predicate) -> Iterator[Flag | Known | Compared]:
    """Give the single questions it is joined of."""
    match predicate:
        case Flag() | Known() | Compared():
            yield predicate
        case Not(of):
            yield from leaves(of)
        case Every(of=parts) | Either(of=parts):
            for part in parts:
                yield from leaves(part)


def implies(predicate: Predicate, other: Predicate) -> bool:
    """Tell whether ``other`` visibly holds wherever the predicate does."""

    def said(whole: Predicate, part: Predicate) -> bool:
        if whole == part:
            return True
        if isinstance(whole, Every):
            return any(said(each, part) for each in whole.of)
        return isinstance(whole, Either) and all(said(each, part) for each in whole.of)

    return all(said(predicate, part) for part in conjuncts(other))


def steps(predicate: Predicate, field: str) -> Iterator[tuple[int | None, int | None, int]]:
    """Give the ranges ``[low, high)`` of whole numbers in which the field does not matter, with a number of each.

    None: without an end.
    """
    bounds: set[int] = set()
    for leaf in leaves(predicate):
        if isinstance(leaf, Compared) and leaf.field == field and isinstance(leaf.value, int):
            bounds |= {leaf.value + 1} if leaf.by == "<=" else {leaf.value}
            bounds |= {leaf.value + 1} if leaf.by == "==" else set()
    ordered = sorted(bounds)
    for low, high in zip((None, *ordered), (*ordered, None), strict=True):
        yield low, high, low if low is not None else 0 if high is None else high - 1
