"""Commands of the machine: one frozen dataclass each, journaled before it is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.call.state import CaseDraft


@dataclass(frozen=True, slots=True)
class Say:
    """One phrase by key with its raw arguments (``(("due", "2026-11-26"),)``).

    The argument ``@caller`` stands for the caller's own number, which the machine never sees.
    Arguments may be personal, so they are never journaled.
    """

    key: str
    args: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """Something to be done."""


@dataclass(frozen=True, slots=True)
class Ring(Command):
    """Let the caller hear that it rings."""


@dataclass(frozen=True, slots=True)
class Answer(Command):
    """Answer the caller."""


@dataclass(frozen=True, slots=True)
class Play(Command):
    """Say phrases back to back; the next :class:`PlayDone` with this token ends the wait."""

    token: str
    say: tuple[Say, ...]


@dataclass(frozen=True, slots=True)
class StopPlay(Command):
    """Be silent at once (a key was pressed)."""


@dataclass(frozen=True, slots=True)
class Record(Command):
    """Record the caller's own words. Limits in seconds."""

    token: str
    max_s: int
    silence_s: int


@dataclass(frozen=True, slots=True)
class StopRecord(Command):
    """End the recording; :class:`RecordDone` follows."""


@dataclass(frozen=True, slots=True)
class OpenCase(Command):
    """Store a case; :class:`CaseOpened` follows once it is durable.

    ``callback``: ``caller`` (their own number), ``typed`` (with ``typed_number``) or ``none``.
    ``recordings``: tokens of this call's recordings that belong to the case.
    ``complete``: False when the caller left before everything was asked.
    """

    kind: str
    category: str = ""
    anonymous: bool = False
    callback: str = "none"
    typed_number: str = ""
    confirmed: bool = False
    recordings: tuple[str, ...] = ()
    complete: bool = True

    @classmethod
    def of(cls, draft: CaseDraft, *, complete: bool) -> OpenCase:
        """The command that stores a draft."""
        return cls(
            kind=draft.kind,
            category=draft.category,
            anonymous=draft.anonymous,
            callback=draft.callback,
            typed_number=draft.typed_number,
            confirmed=draft.confirmed,
            recordings=draft.recordings,
            complete=complete,
        )


@dataclass(frozen=True, slots=True)
class AskRating(Command):
    """May this caller be asked for a rating? The store notes the invitation; :class:`RatingAsked` follows."""


@dataclass(frozen=True, slots=True)
class FindCase(Command):
    """How does the case of this query code or number stand? :class:`CaseFound` follows. Never journaled."""

    typed: str


@dataclass(frozen=True, slots=True)
class FindSeats(Command):
    """Who of ``window`` is free? ``level``: ``window`` (A, B), ``group``, ``general`` or ``everybody``."""

    window: str
    level: str
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enqueue(Command):
    """Take a place in the queue of ``window``; :class:`Queued` follows, or :class:`NobodyFree`.

    ``reason``: of the bonus 绿色通道, "" none. ``exclude``: seats that were rung in vain. ``since``: has waited from
    then on (UTC ms); 0: from now on.
    """

    window: str
    reason: str = ""
    exclude: tuple[str, ...] = ()
    since: int = 0


@dataclass(frozen=True, slots=True)
class LookQueue(Command):
    """How many are before this caller now? :class:`Queued` follows, or :class:`NobodyFree`."""


@dataclass(frozen=True, slots=True)
class LeaveQueue(Command):
    """Give the place up. ``how``: answered, given_up, left, danger or closed."""

    how: str
    waited_ms: int = 0
    told_ms: int = -1  # the wait that was told first; -1: none was


@dataclass(frozen=True, slots=True)
class KeepPlace(Command):
    """The caller is called back in this place; :class:`PlaceKept` follows. ``number``: typed, or "": their own."""

    number: str = ""
    expected_ms: int = 0


@dataclass(frozen=True, slots=True)
class DialSeat(Command):
    """Ring one seat, at most ``ring_ms``."""

    seat: str
    ring_ms: int


@dataclass(frozen=True, slots=True)
class DropSeat(Command):
    """Stop ringing a seat, or end its leg; ``reason`` goes to the journal."""

    seat: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bridge(Command):
    """Join the caller with the seat that answered."""

    seat: str


@dataclass(frozen=True, slots=True)
class Hold(Command):
    """Take the caller out of the talk (they hear what is played), or back into it."""

    held: bool


@dataclass(frozen=True, slots=True)
class Part(Command):
    """Take the caller and this seat apart; both stay."""

    seat: str


@dataclass(frozen=True, slots=True)
class JoinTalk(Command):
    """Let these talk from now on, with the caller or without; who is left out is alone."""

    seats: tuple[str, ...]
    caller: bool


@dataclass(frozen=True, slots=True)
class Mute(Command):
    """Let what this seat says be heard by nobody, or again."""

    seat: str
    muted: bool


@dataclass(frozen=True, slots=True)
class PlaySeat(Command):
    """Let an operator hear something in place of the talk. Nobody waits for its end."""

    seat: str
    say: tuple[Say, ...]


@dataclass(frozen=True, slots=True)
class TransferBegun(Command):
    """For the record: somebody is to take part or to take over. ``how``: consult, conference, blind, attended."""

    how: str
    seat: str
    target: str


@dataclass(frozen=True, slots=True)
class TransferEnded(Command):
    """For the record, and for the phone that asked: how it went.

    ``outcome``: accepted, busy, no_answer, declined, unreachable, not_allowed, caller_left, dropped_after_answer,
    taken_back.
    """

    how: str
    seat: str
    target: str
    outcome: str


@dataclass(frozen=True, slots=True)
class HandedOver(Command):
    """For the record: the caller is with somebody else now (FST-1), for the ``count``-th time in this call."""

    seat: str
    target: str
    count: int


@dataclass(frozen=True, slots=True)
class Annotate(Command):
    """A fact for the record that asks nothing of anybody (``human_requested``, ``step``, ``rated`` ...)."""

    name: str
    value: str = ""
    at: int = 0  # UTC ms when it was so; 0: now


@dataclass(frozen=True, slots=True)
class Hangup(Command):
    """End the call. Causes: ``grace_timeout``, ``consent``, ``abuse_policy``, ``failure``, ``caller_left`` (S4-33)."""

    cause: str
