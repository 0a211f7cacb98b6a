"""Facts of the journal: frozen dataclasses with a name, a kind and a version, read back by name.

    @fact("event")
    class Digit(Content):
        \"\"\"A key was pressed. ``key``: which. Example: {"key": "3"}\"\"\"
        key: str

    data_of(Digit("3"))                 # {"key": "3"}: what the journal stores beside name and version
    read("digit", 1, {"key": "3"})      # Digit("3"), by an upcaster when the version is an old one

A name, version or form that is not known is :class:`NotUnderstood`: kept as it is with the reason, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, TypeVar, dataclass_transform

from ivr.errors import IvrError

FactKind = Literal["event", "command", "case", "outage", "seat", "system"]
Data = Mapping[str, Any]
Upcaster = Callable[[Data], Data]  # the data of one version -> that of the next; Unfit: a form that never was
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


class Unfit(IvrError, ValueError):
    """Data that no version of the fact ever had; the text says what is odd about it."""


class Content:
    """What a fact says besides its moment and its reason. Without personal data; see :func:`fact`."""

    __slots__ = ()
    NAME: ClassVar[str]
    KIND: ClassVar[FactKind]
    VERSION: ClassVar[int]
    RECORD_ONLY: ClassVar[bool]
    FIELDS: ClassVar[tuple[str, ...]]
    LEFT_OUT: ClassVar[tuple[tuple[str, Any], ...]]  # fields that are not stored while they have this value
    READ: ClassVar[tuple[tuple[str, Callable[[Any], Any]], ...]]  # fields that are not as JSON has them
    STORED: ClassVar[tuple[tuple[str, Callable[[Any], Any]], ...]]
    UPCASTERS: ClassVar[Mapping[int, Upcaster]]


C = TypeVar("C", bound=Content)
FACTS: dict[str, type[Content]] = {}  # by name; every module of this package adds its own


@dataclass(frozen=True, slots=True)
class NotUnderstood(Content):
    """A stored fact that this version cannot read, as it is stored; ``why``: in one sentence."""

    name: str
    version: int
    kind: str
    data: Data
    why: str


def left_out(*, default: Any) -> Any:
    """A field that is not stored while it has its default."""
    return field(default=default, metadata={"left_out": True})


def part(of: type[Any], *, default: Any = MISSING) -> Any:
    """A field that is a dataclass of its own (or None): stored as an object; not stored while it is None."""
    more = {} if default is MISSING else {"default": default}
    return field(metadata={"part": of, "left_out": default is None}, **more)


@dataclass_transform(frozen_default=True, field_specifiers=(field, left_out, part))
def fact(
    kind: FactKind,
    name: str = "",
    *,
    version: int = 1,
    record_only: bool = False,
    upcasters: Mapping[int, Upcaster] | None = None,
    kw_only: bool = False,
) -> Callable[[type[C]], type[C]]:
    """Make a class the content of a fact. ``name``: by default the class's in small letters
    without ``Fact`` (``seat_answered``).

    ``record_only``: nothing is derived from it. ``upcasters``: by version, one for each before ``version``.
    """

    def make(plain: type[C]) -> type[C]:
        made = dataclass(frozen=True, slots=True, kw_only=kw_only)(plain)
        made.NAME = name or _CAMEL.sub("_", plain.__name__.removesuffix("Fact")).lower()
        made.KIND, made.VERSION, made.RECORD_ONLY = kind, version, record_only
        made.UPCASTERS = upcasters or {}
        known = fields(made)  # type: ignore[arg-type]
        made.FIELDS = tuple(one.name for one in known)
        made.LEFT_OUT = tuple((one.name, one.default) for one in known if one.metadata.get("left_out"))
        parts = [(one.name, one.metadata["part"]) for one in known if "part" in one.metadata]
        tuples = [(one.name, tuple) for one in known if str(one.type).startswith("tuple")]
        made.READ = tuple((*tuples, *((name, _reader(of)) for name, of in parts)))
        made.STORED = tuple((name, _stored) for name, _of in parts)
        assert made.NAME not in FACTS or FACTS[made.NAME].__qualname__ == made.__qualname__, made.NAME
        assert set(made.UPCASTERS) == set(range(1, version)), made.NAME
        FACTS[made.NAME] = made
        return made

    return make


def data_of(content: Content) -> dict[str, Any]:
    """What is stored of it: JSON without name and version."""
    if isinstance(content, NotUnderstood):
        return dict(content.data)
    data = {name: getattr(content, name) for name in content.FIELDS}
    for name, default in content.LEFT_OUT:
        if data[name] == default:
            del data[name]
    for name, stored in content.STORED:
        if name in data:
            data[name] = stored(data[name])
    return data


def read(name: str, version: int, data: Data, kind: str = "") -> Content:
    """The content of a stored fact; :class:`NotUnderstood` when its name, version or form is not known."""
    made = FACTS.get(name)
    if made is None:
        return NotUnderstood(name, version, kind, data, f"no fact is called {name}")
    if not 1 <= version <= made.VERSION:
        return NotUnderstood(name, version, kind, data, f"version {version} of {name} is not known")
    try:
        now = data
        for old in range(version, made.VERSION):
            now = made.UPCASTERS[old](now)
        if made.READ:
            now = dict(now)
            for one, reader in made.READ:
                if one in now:
                    now[one] = reader(now[one])
        return made(**now)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        return NotUnderstood(name, version, kind, data, f"version {version} of {name} was never so: {error}")


def for_the_record(name: str, version: int) -> bool:
    """Is this a known fact nothing is derived from, so that a rebuild need not read it?"""
    made = FACTS.get(name)
    return made is not None and made.RECORD_ONLY and 1 <= version <= made.VERSION


def with_texts(content: C, change: Callable[[str], str]) -> C:
    """Return it with every text in it changed."""
    texts = {name: change(text) for name in content.FIELDS if isinstance(text := getattr(content, name), str)}
    return replace(content, **texts)  # type: ignore[type-var]  # every content is a dataclass


def name_of(content: Content) -> str:
    """Its name in the journal."""
    return content.name if isinstance(content, NotUnderstood) else content.NAME


def kind_of(content: Content) -> str:
    """Its kind in the journal."""
    return content.kind if isinstance(content, NotUnderstood) else content.KIND


def version_of(content: Content) -> int:
    """Its version in the journal."""
    return content.version if isinstance(content, NotUnderstood) else content.VERSION


def without_version(data: Data) -> Data:
    """Upcaster of facts that once told their version among their data."""
    return {name: value for name, value in data.items() if name != "version"}


def _reader(of: type[Any]) -> Callable[[Any], Any]:
    tuples = tuple(one.name for one in fields(of) if str(one.type).startswith("tuple"))

    def reader(value: Any) -> Any:
        if value is None:
            return None
        return of(**{name: tuple(one) if name in tuples else one for name, one in value.items()})

    return reader


def _stored(value: Any) -> Any:
    return None if value is None else {one.name: getattr(value, one.name) for one in fields(value)}
