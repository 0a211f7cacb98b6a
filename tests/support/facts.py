"""A fact by its name and data, as a journal has it; what no version ever wrote so is a mistake of the test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr.facts import NotUnderstood, read
from ivr.ledger import Fact


def fact(at: int, name: str, data: Mapping[str, Any] | None = None, reason: str = "", version: int = 1) -> Fact:
    """The fact of that name; of cases in the form of version 1 (``set``: column and value)."""
    content = read(name, version, data or {})
    assert not isinstance(content, NotUnderstood), content.why
    return Fact(at, content, reason)


def stored(at: int, name: str, data: Mapping[str, Any], reason: str = "") -> Fact:
    """A fact as another version may have written it, too."""
    return Fact(at, read(name, 1, data, "event"), reason)
