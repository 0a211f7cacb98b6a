"""What must hold after any time a city lived: shared by the test of a day and the bench of a month."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ivr.kpi.records import Figure
from ivr.report.contents import kept
from ivr.report.span import Span
from store.engine import reading
from store.figures.report import contents
from tests.month.recount import Count
from tests.month.watched import silent
from tests.support.city.city import TICK_MS, WIND_DOWN_MS, City
from tests.support.city.staff import PEOPLE
from tests.support.moments import ZONE


@dataclass
class Proof:
    """What was looked at."""

    calls: int
    cases: int
    figures: int  # compared with the recount
    warnings: int
    ends: Counter[str]  # how calls ended, each exactly one way


def rows(city: City, table: str, order: str = "id") -> list[dict[str, Any]]:
    """All rows of a table."""
    with reading(city.engine).connect() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY {order}")).mappings()]


def journal(city: City) -> Iterator[dict[str, Any]]:
    """The journal row by row: that of a month would not fit into a small machine's memory."""
    with reading(city.engine).connect() as connection:
        query = connection.execution_options(yield_per=10_000).execute(text("SELECT * FROM journal ORDER BY seq"))
        for row in query.mappings():
            yield dict(row) | {"data": json.loads(row["data"])}


def prove(city: City, *spans: Span) -> Proof:
    """Raises AssertionError with what is wrong."""
    now = city.clock.now_ms()
    count = Count(journal(city), city.numbers)
    ends = everybody_was_served(city, count)
    cases = every_case_ended(city, now)
    problems, warnings = silent(journal(city), rows(city, "inbox"), set(PEOPLE), TICK_MS + WIND_DOWN_MS, now)
    none("warnings that were not right", problems)
    compared = sum(report_equals_recount(city, count, span, now) for span in spans)
    return Proof(len(count.calls), cases, compared, warnings, ends)


def none(what: str, found: Sequence[Any]) -> None:
    """There is none of these."""
    assert not found, f"{len(found)} {what}: {found[:3]}"


def everybody_was_served(city: City, count: Count) -> Counter[str]:
    """Every call ended in one of: a person, a case, a call back owed, gone by themselves, all was said."""
    assert city.conductor.calls == city.sim.lines == 0, (city.conductor.calls, city.sim.lines)
    none("calls that did not end", rows(city, "live_calls", "call_id"))
    assert len(count.calls) == len(city.numbers), (len(count.calls), len(city.numbers))
    owed = {task.of for task in count.tasks.values() if task.kind == "missed"}
    ends: Counter[str] = Counter()
    for id_, call in count.calls.items():
        assert call.end is not None and call.by in ("caller", "us"), (id_, call)
        if call.agent_answer is not None:
            ends["person"] += 1
        elif call.cases:
            ends["case"] += 1
        elif id_ in owed:
            ends["callback"] += 1
        elif call.by == "caller":
            ends["hung up"] += 1
        else:  # a caller without a number who says nothing and presses nothing, to the end of the farewell
            assert call.cause == "grace_timeout" and (call.human_req is None or call.party is None), (id_, call)
            ends["farewell"] += 1
    return ends


def every_case_ended(city: City, now: int) -> int:
    """Archived; nothing is left to warn of, nobody is left to be called."""
    cases = rows(city, "cases")
    none("cases without an end", [case for case in cases if case["status"] != "archived"])
    none("cases nobody dealt with", [case for case in cases if case["closed"] is None and case["replied"] is None])
    none("people to be called", [row for row in rows(city, "callbacks") if row["state"] == "open" and not row["test"]])
    none("messages not sent", [row["key"] for row in rows(city, "outbox") if row["sent"] is None])
    return len(cases)


def report_equals_recount(city: City, count: Count, span: Span, now: int) -> int:
    """Every number of the report of ``span`` equals the recount's; how many figures were compared."""
    with Session(reading(city.engine)) as session:
        report = contents(session, span, city.profile, now)
    start, end = span.from_ms, span.to_ms
    compared = equal(report.figures, count, start, end, now, city)
    for (_, figures), (_, first, last) in zip(report.days, span.by_day(), strict=True):
        compared += equal(figures, count, first, last, now, city)
    assert report.arrivals == count.arrivals(start, end, ZONE), "arrivals"
    assert report.received == count.received(start, end), "received"
    assert report.categories == count.categories(start, end), "categories"
    assert report.ratings == count.ratings(start, end), (report.ratings, count.ratings(start, end))
    found = {kind: kept(kind, cases, now) for kind, cases in report.due.items()}
    assert {k: {"due": v.due, "in_time": v.in_time, "late": v.late} for k, v in found.items()} == {
        kind: {name: counted[name] for name in ("due", "in_time", "late")}
        for kind, counted in count.due(start, end).items()
    }
    return compared


def equal(figures: tuple[Figure, ...], count: Count, start: int, end: int, now: int, city: City) -> int:
    expected = count.figures(start, end, now, city.profile.answer.limit_ms)
    for figure in figures:
        assert figure.id in expected or figure.value is None, f"{figure.id} is not recounted"
        if figure.id not in expected:
            continue
        numerator, denominator = expected[figure.id]
        if figure.unit == "s":
            numerator /= 1000
        shown = figure.value if figure.numerator is None else figure.numerator
        assert (shown, figure.denominator) == (numerator, denominator), (figure.id, start, figure.exclusions)
        if figure.numerator is not None and denominator:
            assert figure.value is not None and abs(figure.value - numerator / denominator) < 1e-9, figure.id
    assert set(expected) <= {figure.id for figure in figures}
    return len(figures)
