"""The state of a call: frozen, plain, JSON at every wait.

Written after every event, so that a restarted process can take the call over where it stood. It
may hold a typed number, so the store encrypts it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypeVar

OVER = "over"  # phase of a finished call
S = TypeVar("S", bound="CaseDraft | SeatsRinging | Talk | InQueue | CallState")


def evolve(old: S, changes: dict[str, Any]) -> S:
    """A copy with changed fields: ``dataclasses.replace``, ten times faster (the checker makes half a million)."""
    new = object.__new__(type(old))
    object.__setattr__(new, "__dict__", {**old.__dict__, **changes})
    return new


@dataclass(frozen=True)
class CaseDraft:
    """The case being taken: what is still to be asked, and what was said so far."""

    kind: str = ""
    todo: tuple[str, ...] = ()
    category: str = ""
    page: int = 0
    anonymous: bool = False
    callback: str = "none"  # caller, typed, none
    typed_number: str = ""
    confirmed: bool = False
    recordings: tuple[str, ...] = ()
    number: str = ""  # of the stored case
    due: str = ""
    workdays: int = 0  # promised, where the rule counts these
    query_code: str = ""


@dataclass(frozen=True)
class SeatsRinging:
    """The operators' phones being rung for this caller. Times are UTC ms."""

    level: str = ""  # window, group, general
    waiting: tuple[str, ...] = ()  # found free, not rung yet
    seats: tuple[str, ...] = ()  # ringing now
    tried: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()  # of these, who was in a call
    until: int = 0  # this level's limit
    late: bool = False  # rang in vain before
    telling: bool = False  # words play, not the ringing tone


@dataclass(frozen=True)
class Talk:
    """What an operator is about to do with the talk (``ivr/call/talk.py``); the operator's own seat is the call's.

    ``other``: the second end: rung for it, or with us once ``up``. ``how``: consult, conference, blind, back.
    ``source``: the seat that hands over; ``target``: to whom, as asked; ``until``: how long they are rung, UTC ms.
    """

    other: str = ""
    up: bool = False
    how: str = ""
    source: str = ""
    target: str = ""
    until: int = 0
    muted: tuple[str, ...] = ()
    code: str = ""  # as far as it is typed on the phone of `typist`
    typist: str = ""
    handed: int = 0  # how often the call was handed over
    failed_at: int = 0  # when the operator was told that it came to nothing, UTC ms


@dataclass(frozen=True)
class InQueue:
    """A place in the queue. Times are UTC ms; ``ahead`` and ``expected_ms`` as they were told last."""

    since: int = -1  # -1: in no queue
    said_at: int = 0  # when the place was told last
    ahead: int = 0
    expected_ms: int = 0
    told_ms: int = -1  # the wait that was told first
    crowded: bool = False


@dataclass(frozen=True)
class CallState:
    """Where one call stands. ``phase`` is the wait inside ``step``; ``timer`` ends it at ``timer_at``."""

    flow: str = ""
    version: str = ""
    lang: str = "zh-CN"
    step: str = ""
    phase: str = "new"
    timer: str = ""
    timer_at: int = 0
    serial: int = 0
    token: str = ""
    recording: str = ""
    tries: int = 0
    digits: str = ""
    hops: int = 0
    offered_at: int = 0
    answered_at: int = 0
    human_at: int = 0
    left_at: int = 0
    caller_known: bool = False
    never_called: str = ""  # why the caller's own number is never called back
    taken_at: int = 0  # when the last answer was taken (a key, a silence, what was recorded), UTC ms
    taken_key: str = ""  # the last key that was an answer, and when
    key_at: int = 0
    schedule: str = ""  # of the `hours` step that was passed last
    apologise: bool = False  # the next prompt begins with the apology (S4-29)
    noticed: bool = False  # was told that what is said next is recorded
    chose: bool = False  # a menu was offered or a key pressed: waiting for a person begins later than the call
    closed: bool = False  # came outside opening hours
    place_kept: bool = False  # is called back in the place in the queue
    nobody: bool = False  # every operator was tried in vain: silence now ends the call instead of ringing again
    told: str = ""  # what was said about a case that was asked about
    seat: str = ""
    released_by: str = ""
    cause: str = ""
    draft: CaseDraft = field(default_factory=CaseDraft)
    ring: SeatsRinging = field(default_factory=SeatsRinging)
    queue: InQueue = field(default_factory=InQueue)
    talk: Talk = field(default_factory=Talk)

    @property
    def ends(self) -> tuple[str, ...]:
        """The seats and numbers that are rung, or talk."""
        return tuple(filter(None, (*self.ring.seats, self.seat, self.talk.other)))

    @property
    def talkers(self) -> tuple[str, ...]:
        """Of these, who has lifted for this caller."""
        return tuple(filter(None, (self.seat, self.talk.other if self.talk.up else "")))

    @property
    def over(self) -> bool:
        return self.phase == OVER

    def to_json(self) -> str:
        """Compact JSON of everything (personal: encrypt before storing)."""
        # `asdict` copies deeply and costs half a millisecond at every turn; nothing in here needs a copy.
        return json.dumps(vars(self), default=vars, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> CallState:
        """The state written by :meth:`to_json`; fields of a newer version are refused with TypeError."""
        raw: dict[str, Any] = json.loads(text)
        draft, ring, talk = raw.pop("draft"), raw.pop("ring"), raw.pop("talk", {"muted": ()})
        queue = raw.pop("queue", {})
        ring.setdefault("busy", ())
        tuples = (draft, ("todo", "recordings")), (ring, ("waiting", "seats", "tried", "busy")), (talk, ("muted",))
        for part, names in tuples:
            part.update({name: tuple(part[name]) for name in names})
        parts: dict[str, Any] = {"ring": SeatsRinging(**ring), "talk": Talk(**talk), "queue": InQueue(**queue)}
        return cls(**raw, draft=CaseDraft(**draft), **parts)
