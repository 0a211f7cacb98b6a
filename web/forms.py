"""Reading filters from addresses: a wrong value is ignored on a page, never a crash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for


def day(name: str) -> date | None:
    """A date ``YYYY-MM-DD`` from the address, or None."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def word(name: str, allowed: Iterable[str] | None = None) -> str:
    """A short value from the address; one that is not allowed counts as not given."""
    value = request.args.get(name, "").strip()[:80]
    return value if allowed is None or value in allowed else ""


def with_args(endpoint: str | None = None, values: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """This page's address (or another's, made with ``values``) with its filters, some changed; None takes one away."""
    kept = {key: value for key, value in request.args.items() if value and key != "lang"}
    kept.update({key: value for key, value in changes.items() if value is not None})
    for key, value in changes.items():
        if value is None:
            kept.pop(key, None)
    path = url_for(endpoint, **(values or {})) if endpoint else request.path
    return path + ("?" + urlencode(kept) if kept else "")
