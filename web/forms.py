"""Reading filters from addresses: a wrong value is ignored on a page, never a crash."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, url_for

CSV_MAX = 10_000  # rows of one export; longer periods are exported in parts


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


def with_args(endpoint: str | None = None, **changes: Any) -> str:
    """This page's address (or another's) with its filters, some changed; None takes one away."""
    kept = {key: value for key, value in request.args.items() if value and key != "lang"}
    kept.update({key: value for key, value in changes.items() if value is not None})
    for key, value in changes.items():
        if value is None:
            kept.pop(key, None)
    path = url_for(endpoint) if endpoint else request.path
    return path + ("?" + urlencode(kept) if kept else "")


def _plain(value: Any) -> str:
    """A cell no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def csv_file(name: str, head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Response:
    """A CSV that opens in a Chinese Excel: UTF-8 with its mark, CRLF."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_plain(cell) for cell in head])
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    answer = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.cache_control.no_store = True
    return answer
