"""Port of the store as the conductor sees it, as plain data: turns, facts, parties and cases.

A *turn* is one event of one call with everything it led to: the facts (journal rows), the new
live state, the parties it introduced. A turn is written in one transaction; only after ``done``
was called without an error are its commands carried out. The SQL side is ``store``.

Facts carry **no personal data**: numbers, names and key presses that are part of a number stay in
:class:`Party` (encrypted under its own key) or in the encrypted live state.

What facts there are and what each says stands in ``ivr/facts`` and, made from that, in ``docs/journal.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ivr.facts.base import Content, name_of


@dataclass(frozen=True, slots=True)
class Fact:
    """One journal row to be: when (UTC ms), what (a dataclass of ``ivr/facts``) and why."""

    at: int
    content: Content
    reason: str = ""

    @property
    def name(self) -> str:
        """Its name in the journal."""
        return name_of(self.content)


@dataclass(frozen=True, slots=True)
class Party:
    """A person's details, to be encrypted under a key of their own. Empty fields are not known."""

    id: str
    number: str = ""
    name: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """A call as it stands: the encrypted machine state, and what the live board may show openly."""

    state: str  # JSON, encrypted by the store
    ref: str
    flow: str
    step: str
    step_since: int
    arrived: int
    window: str = ""
    seat: str = ""
    waiting_since: int | None = None  # human requested and not yet answered
    test: bool = False


@dataclass(frozen=True, slots=True)
class CallTransaction:
    """One event of one call, written in one transaction. ``live`` None: the call is over."""

    call_id: str
    facts: tuple[Fact, ...]
    live: Live | None
    parties: tuple[Party, ...] = ()
    seal_party: str | None = None  # destroy this party's key (anonymous report)


@dataclass(frozen=True, slots=True)
class CaseRequest:
    """A case to be stored once: a second request with the same ``command_id`` returns the first case.

    ``received``: UTC ms. ``day``: local date of receipt (``YYYY-MM-DD``), which numbers the case.
    ``due`` etc. come from ``ivr.calendar.due`` (``due``/``unrolled``: local ISO dates or date-times,
    ``due_ms``/``unrolled_ms``: the moment they end, UTC). ``query_code`` is stored only as a keyed hash; "" for
    an anonymous case: the store makes one.
    """

    command_id: str
    call_id: str | None
    kind: str
    received: int
    day: str
    channel: str = "phone"
    category: str = ""
    anonymous: bool = False
    party_id: str | None = None
    due: str = ""
    due_ms: int | None = None
    unrolled: str = ""
    unrolled_ms: int | None = None
    provisional: bool = False
    rule: str = ""
    workdays: int = 0  # of the rule, when it counts these
    explanation: Sequence[str] = ()
    recordings: tuple[str, ...] = ()
    confirmed: bool = False
    complete: bool = True
    query_code: str = ""
    profile: str = ""
    owner: str = ""  # the first asked 首问责任人, when a person took the case
    consent: bool = True  # may be called for the follow-up 回访

    def for_call(
        self, *, command_id: str, call_id: str | None, party_id: str | None, recordings: tuple[str, ...]
    ) -> CaseRequest:
        """Return a copy for one call's command, party and recordings."""
        return replace(self, command_id=command_id, call_id=call_id, party_id=party_id, recordings=recordings)


@dataclass(frozen=True, slots=True)
class StoredCase:
    """What was durably stored: the id, the spoken number, and the due date as stored.

    ``query_code``: of an anonymous report; it follows from the command's id, so that asking again gives it again.
    """

    id: str
    number: str
    due: str
    query_code: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a caller may hear of a case they asked about; the fields are those of ``ivr.call.events.CaseFound``.

    ``anonymous``: the caller knew the code of an anonymous report, so their number was destroyed.
    """

    result: str
    state: str = ""
    due: str = ""
    late: bool = False
    verdict: str = ""
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A call that was live when its process ended: to be closed, or taken over by an engine that can.

    ``last``: the last moment it is known to have been up, UTC ms.
    """

    call_id: str
    live: Live
    seats: tuple[str, ...] = ()
    last: int = 0


class Ledger(Protocol):
    """The store as the conductor sees it. ``done`` is called on the conductor's own thread."""

    def commit(self, turn: CallTransaction, done: Callable[[Exception | None], None]) -> None:
        """Write a turn durably, then ``done(None)``; ``done(error)`` when it could not be written."""

    def open_case(self, request: CaseRequest, done: Callable[[StoredCase | Exception], None]) -> None:
        """Number and store a case durably, then ``done(StoredCase)``."""

    def invite(self, call_id: str, at: int, done: Callable[[bool | Exception], None]) -> None:
        """May the caller of this call be asked for a rating? If so the invitation is noted: ``done(True)``."""

    def find_case(self, call_id: str, typed: str, at: int, done: Callable[[Progress | Exception], None]) -> None:
        """How the case of a query code or number stands, for the caller of this call."""

    def note(self, fact: Fact) -> None:
        """Write a fact of the system itself, which belongs to no call. Best effort, but spooled like a turn."""

    def seat_changed(
        self, seat: str, at: int, *, reachable: bool | None = None, call_id: str | None = "", answered: bool = False,
        missed: bool = False,
    ) -> None:  # fmt: skip
        """Write down that a seat became (un)reachable, which call it is in (None: none), that somebody lifted, or that
        nobody did in time (``missed``). Best effort.
        """
