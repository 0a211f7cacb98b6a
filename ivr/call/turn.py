"""One turn of the machine: the state as it changes, and the commands it asks for.

Steps work on a :class:`StepContext`; nothing of it outlives the call of ``step``, so the machine stays
a pure function for everybody outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import HOPS_MAX, NOTICE, PLAY_LIMIT_S, TALK_NOTICES
from ivr.call.state import OVER, CallState, CaseDraft, SeatsRinging, Talk, evolve
from ivr.call.targets import NOBODY, TransferTarget

FAREWELL = "@farewell"  # the built-in last step: bye, grace time, hang up
HOURS_TOLD = ("hours.notice", "hours.closed")  # phrases that say we are closed, and name the hours of the schedule


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What of the profile the machine obeys. Seconds, as in the profile; sources there."""

    limit_s: float = 12  # S2-1 第十条(二)6: 铃响4声(12秒)内
    a_alone_s: float = 5  # STF-1
    apology_after_s: float = 15  # ANS-3 S4-29
    ring_stage_s: float = 12  # group, then general
    menus: bool = True  # False: no menu is spoken (GB/T 33358-2016)
    first_key_s: float = 7  # silence before a key; slow callers need more than the usual 5 s (B5, WAI)
    inter_key_s: float = 4  # silence between two keys of a number; elsewhere 3 s (B5)
    farewell_grace_s: float = 8  # ANS-6 S4-33
    answer_after_s: float = 0  # let it ring first (analogue lines: caller id comes after ring 1)
    account_max_s: int = 300
    message_max_s: int = 180
    account_silence_s: int = 5
    talks: bool = False  # talks are recorded
    call_back_h: int = 24  # hours within which a missed caller is called back
    comfort_s: float = 30  # a word to who waits in the queue, at least so often (STF-13)
    queue_max_s: float = 1800  # nobody waits for ever
    drains: bool = True  # who waits at closing time is served all the same (STF-5)


class Acting(Protocol):
    """What a turn, the machine and the checker need of a step (``ivr/call/steps/base.py`` makes them)."""

    def enter(self, turn: StepContext) -> None: ...
    def on(self, turn: StepContext, event: e.Event) -> None: ...
    def resume(self, turn: StepContext) -> None: ...
    def phrases(self) -> Iterator[tuple[str, str]]: ...
    def offered(self) -> str: ...


@dataclass(frozen=True, slots=True)
class FlowContext:
    """The flow a call runs in: its steps by name and what they lean on (all pure)."""

    name: str
    version: str
    start: str
    person: str
    steps: Mapping[str, Acting]
    rules: CallLimits
    is_open: Callable[[str, int], bool]  # (schedule, UTC ms) -> open?
    call_back: Callable[[str], tuple[str, str]]  # digits -> (as they are dialled, ""), or ("", why never: one word)
    labels: Mapping[str, str]  # step name -> phrase key of its menu label
    target: Callable[[str], TransferTarget] = lambda meant: NOBODY  # whom a caller can be handed over to
    windows: Mapping[str, str] = field(default_factory=dict)  # window -> the step that leads there
    notes: tuple[str, ...] = ()  # what is weak in the file, and served all the same


class StepContext:
    """The working copy of one call during one event."""

    def __init__(self, flow: FlowContext, state: CallState, at: int) -> None:
        self.flow = flow
        self.rules = flow.rules
        self.s = state
        self.at = at
        self.out: list[c.Command] = []

    # --- state ---

    def set(self, **changes: Any) -> None:
        """Change fields of the state."""
        self.s = evolve(self.s, changes)

    def draft(self, **changes: Any) -> CaseDraft:
        """Change fields of the case draft."""
        self.set(draft=evolve(self.s.draft, changes))
        return self.s.draft

    def ring(self, **changes: Any) -> SeatsRinging:
        """Change fields of the ringing state."""
        self.set(ring=evolve(self.s.ring, changes))
        return self.s.ring

    def talk(self, **changes: Any) -> Talk:
        """Change fields of the talk."""
        self.set(talk=evolve(self.s.talk, changes))
        return self.s.talk

    def arm(self, timer: str, seconds: float) -> None:
        """The present wait ends after ``seconds`` with ``TimeUp(timer)``. One timer per call."""
        self.set(timer=timer, timer_at=self.at + round(seconds * 1000))

    def arm_at(self, timer: str, at_ms: int) -> None:
        """The present wait ends at ``at_ms`` (UTC)."""
        self.set(timer=timer, timer_at=max(at_ms, self.at))

    def disarm(self) -> None:
        self.set(timer="", timer_at=0)

    # --- commands ---

    def ask(self, command: c.Command) -> None:
        """Add a command."""
        self.out.append(command)

    def say(self, phase: str, *says: c.Say | str) -> None:
        """Speak phrases and wait in ``phase`` for their end (or the guard time)."""
        items = tuple(self.true(c.Say(item) if isinstance(item, str) else item for item in says))
        if self.s.apologise:
            items = (c.Say("late.main"), *items)
            self.set(apologise=False)
            self.ask(c.Annotate("late_apology"))
        if any(item.key == NOTICE for item in items):
            self.set(noticed=True)
        self.set(phase=phase)
        self.play(*items)
        self.arm("play", PLAY_LIMIT_S)

    def play(self, *says: c.Say) -> None:
        """Let phrases or a tone be heard beside the present wait."""
        token = self._token("p")
        self.set(token=token)
        self.ask(c.Play(token, tuple(map(self._with_hours, says))))

    def true(self, says: Iterable[c.Say]) -> Iterator[c.Say]:
        """Leave out that the call is recorded when it is not (B10); a greeting in it stays."""
        for item in says:
            key = item.key if self.rules.talks else TALK_NOTICES.get(item.key, item.key)
            if key:
                yield item if key == item.key else c.Say(key)

    def _with_hours(self, say: c.Say) -> c.Say:
        """The hours that are told are those of the schedule that was looked at."""
        return c.Say(say.key, (("hours", f"@hours:{self.s.schedule}"),)) if say.key in HOURS_TOLD else say

    def hush(self) -> None:
        """Stop the prompt, if one plays."""
        if self.s.token:
            self.set(token="")
            self.ask(c.StopPlay())

    def record(self, phase: str, max_s: int, silence_s: int) -> None:
        """Record the caller and wait in ``phase``; the guard ends what the engine does not."""
        token = self._token("r")
        self.set(phase=phase, recording=token, token="")
        self.ask(c.Record(token, max_s, silence_s))
        self.arm("record", max_s + 5)

    def _token(self, prefix: str) -> str:
        self.set(serial=self.s.serial + 1)
        return f"{prefix}{self.s.serial}"

    # --- moving on ---

    def goto(self, name: str) -> None:
        """Enter a step. Too many steps with no act of the caller end the call politely."""
        self.set(step=name, tries=0, digits="", hops=self.s.hops + 1)
        if self.s.hops > HOPS_MAX and name != FAREWELL:
            name = FAREWELL
            self.set(step=name)
        self.ask(c.Annotate("step", name))
        self.flow.steps[name].enter(self)

    def person(self) -> None:
        """Lead the caller to a person: key 0, silence, or something we could not do."""
        self.hush()
        self.goto(self.flow.person)

    def person_or_farewell(self) -> None:
        """Lead the caller to a person after a failure that was not theirs; not again when nobody could be reached."""
        self.hush()
        self.goto(FAREWELL if self.s.nobody else self.flow.person)

    def human_requested(self, window: str) -> None:
        """The clock ``human_wait`` starts with the first request for a person (B9: from arrival without a menu)."""
        if not self.s.human_at:
            self.set(human_at=self.at if self.s.chose else self.s.offered_at)
            self.ask(c.Annotate("human_requested", window, at=self.s.human_at))

    def end(self, cause: str, by: str = "us") -> None:
        """The call is over. ``by``: caller, us or failure."""
        self.disarm()
        if by == "us":
            self.ask(c.Hangup(cause))
        self.set(phase=OVER, token="", released_by=self.s.released_by or by, cause=self.s.cause or cause)
        if not self.s.left_at:
            self.set(left_at=self.at)
