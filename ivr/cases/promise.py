"""From a kind of case and a moment to the promise: the due date, and the case to be stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ivr.calendar.due import DueDate, due
from ivr.calendar.tables import WorkCalendar
from ivr.cases.kinds import UnknownKind, category_id
from ivr.cases.kinds import kind as find_kind
from ivr.errors import IvrError
from ivr.ledger import CaseRequest
from ivr.profile import Profile

YEARS = (2000, 2099)  # what a case number can carry


class NoDueDate(IvrError, ValueError):
    """There is no due date to be worked out; the text says what to write."""


def due_for(
    kind: str,
    received: str | datetime,
    profile: Profile,
    calendar: WorkCalendar,
    zone: ZoneInfo,
    channel: str = "phone",
    area: str = "",
) -> DueDate:
    """When a case of this kind is due: the core of ``hotline due``.

    ``received``: ISO text (``2026-09-24``, ``2026-09-24T15:30``, with an offset if wanted; without one it
    is the hotline's local time) or an aware datetime. Raises :class:`NoDueDate` saying what to write
    for a bad time, an unknown kind, or a kind without a deadline in the profile. Besides the kinds
    of case, any name of the profile's ``deadlines`` is taken (``meter_fault``). ``area``: of a repair.
    """
    at = parse_received(received, zone) if isinstance(received, str) else received
    try:
        name = kind if kind in profile.deadlines else find_kind(kind).id
    except UnknownKind as error:
        raise NoDueDate(f"{error}; {profile.name} has rules for: {', '.join(sorted(profile.deadlines))}") from None
    rule = profile.deadline(name, channel, area)
    if rule is None:
        raise NoDueDate(
            f"profile {profile.name} promises nothing for {name}: "
            f"add  {name} = {{ n = …, unit = … }}  to its [deadlines]"
        )
    return due(rule, at, calendar, zone, profile.hours)


def parse_received(text: str, zone: ZoneInfo) -> datetime:
    """An ISO date or date-time as an aware moment; without an offset it is local time in ``zone``."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise NoDueDate(
            f"cannot read the time {text!r}: write 2026-09-24, 2026-09-24T15:30 or 2026-09-24T15:30+08:00"
        ) from None
    if not YEARS[0] <= at.year <= YEARS[1]:
        raise NoDueDate(f"the year of {text!r} is not between {YEARS[0]} and {YEARS[1]}")
    return at if at.tzinfo else at.replace(tzinfo=zone)


def local_day(received_ms: int, zone: ZoneInfo) -> date:
    """The local date of a UTC millisecond: the day whose sequence numbers the case."""
    return datetime.fromtimestamp(received_ms / 1000, UTC).astimezone(zone).date()


def case_request(
    *,
    command_id: str,
    kind: str,
    received_ms: int,
    profile: Profile,
    calendar: WorkCalendar,
    zone: ZoneInfo,
    call_id: str | None = None,
    channel: str = "phone",
    category: str = "",
    anonymous: bool = False,
    party_id: str | None = None,
    recordings: tuple[str, ...] = (),
    confirmed: bool = False,
    complete: bool = True,
    query_code: str = "",
) -> CaseRequest:
    """The case to be stored, with its due date and its explanation in Chinese (the register's language).

    A kind the profile promises nothing for has no due date. Raises :class:`ValueError` for an
    unknown kind.
    """
    known = find_kind(kind)
    rule = profile.deadline(known.id, channel, category)
    request = CaseRequest(
        command_id=command_id,
        call_id=call_id,
        kind=known.id,
        received=received_ms,
        day=local_day(received_ms, zone).isoformat(),
        channel=channel,
        category=category_id(category),
        anonymous=anonymous,
        party_id=None if anonymous else party_id,
        recordings=recordings,
        confirmed=confirmed,
        complete=complete,
        query_code=query_code,
        profile=profile.name,
    )
    if rule is None:
        return request
    received = datetime.fromtimestamp(received_ms / 1000, UTC)
    return with_due(request, due(rule, received, calendar, zone, profile.hours))


def with_due(request: CaseRequest, promise: DueDate) -> CaseRequest:
    """``request`` carrying this due date."""
    return replace(
        request,
        due=promise.due_text,
        due_ms=_ms(promise.due_at),
        unrolled=promise.unrolled_text,
        unrolled_ms=_ms(promise.unrolled_at),
        provisional=promise.provisional,
        rule=str(promise.rule),
        workdays=promise.rule.n if promise.rule.unit == "workday" else 0,
        explanation=tuple([*promise.lines(), *promise.warnings()]),
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
