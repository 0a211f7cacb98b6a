"""Waiting for a person in the queue 排队: place and honest wait told, an apology, music, a call back by one key.

Shared by the step kinds ``queue`` and ``window``. The queue itself is elsewhere (``ivr/queue``); here is what the
caller hears and may do. On entering, and at least every ``queue_comfort_s``, they hear an apology (ANS-12:
等候服务有歉声), how many are before them and how long it will take; in between music. Silence never loses the place.
Key 1: we call back, and the place is kept; ``*``: say it again. A free seat rings while all that goes on, and who lifts
talks at once. Nobody waits for ever: after ``queue_max_s``, and when nobody is left who could lift, the call goes
on as when nobody can be had (a message or a dated callback).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Protocol

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import STORE_ANSWER_S
from ivr.call.phases import Happening, Phase, register
from ivr.call.state import CallState, InQueue, SeatsRinging
from ivr.call.steps import number
from ivr.call.steps.base import ended
from ivr.call.turn import FAREWELL, StepContext
from ivr.queue.expected import told_min
from ivr.render_prompts import MUSIC

PLACES = {  # phrase by (somebody is before, a call back is offered)
    (True, True): "queue.position",  # A2.15
    (True, False): "queue.place",
    (False, True): "queue.next",
    (False, False): "queue.next_place",
}
CROWDED = "queue.crowded"  # a call back is offered first (STF-11)
CONFIRM, KEPT, NOT_KEPT = "queue.confirm", "queue.overflow", "queue.not_kept"
PHRASES = (*PLACES.values(), CROWDED, CONFIRM, KEPT, NOT_KEPT, *number.PHRASES)
# Where a free seat rings: also for who is choosing to be called back, or others would wait for that.
OFFERED = ("queue.told", "queue.music", "queue.confirm", "number.type", "number.confirm")
PIECE_S = 30  # of music
FAR = 4_000_000_000_000  # a moment after every limit, for the checker


class QueueingStep(Protocol):
    """What a step tells of its queue."""

    @property
    def queue_of(self) -> str:
        """The window whose queue it is."""

    @property
    def callback(self) -> bool:
        """May who waits choose to be called back?"""

    @property
    def priority(self) -> str:
        """Why the caller is served before others; "": is not."""

    def lifted(self, turn: StepContext, seat: str) -> None:
        """An operator answered."""

    def gave_up(self, turn: StepContext) -> None:
        """Nobody can be had."""


def _entering(state: CallState) -> Iterator[Happening]:
    yield e.Queued(0, 1, 60_000), False
    yield e.NobodyFree(0, "w"), True


def _looking(state: CallState) -> Iterator[Happening]:
    if state.ring.seats:
        return
    yield e.NobodyFree(0, "w"), True
    yield e.TimeUp(FAR, state.timer), True  # whatever is waited for: at the latest then it has an end
    yield e.SeatOffered(0, "A"), False


def _keeping(state: CallState) -> Iterator[Happening]:
    yield e.PlaceKept(0, "2026-11-26T10:00:00"), False
    yield e.PlaceKept(0, ""), True


PHASES = register(
    {
        "queue.entering": Phase(outside=True, once=True, world=_entering),
        "queue.told": Phase(outside=True, once=True, rings=True, hold=True, world=_looking),
        "queue.music": Phase(outside=True, once=True, rings=True, hold=True, world=_looking),
        "queue.confirm": Phase(outside=True, once=True, rings=True),
        "queue.keeping": Phase(outside=True, once=True, world=_keeping),
        "queue.kept": Phase(outside=True, once=True),
    }
)


def enter(turn: StepContext, step: QueueingStep) -> None:
    """Ask for a place. Who was rung in vain for this caller is not rung for him again.

    Who was with an operator and is handed over, or came back to nobody, has waited since he first asked for a person.
    """
    turn.set(phase="queue.entering", queue=InQueue(since=turn.at))
    since = turn.s.human_at if turn.s.talk.source else 0
    turn.ask(c.Enqueue(step.queue_of, step.priority, _in_vain(turn), since))
    turn.arm("queue", STORE_ANSWER_S)


def _in_vain(turn: StepContext) -> tuple[str, ...]:
    """Who was rung and did not lift, without those who were in a call."""
    return tuple(seat for seat in turn.s.ring.tried if seat not in turn.s.ring.busy)


def waits(state: CallState) -> bool:
    """Has this call a place in the queue, or just had one?"""
    return state.queue.since >= 0 or state.phase in PHASES


def on(turn: StepContext, event: e.Event, step: QueueingStep) -> None:
    """One event of a caller who waits."""
    match turn.s.phase, event:
        case _, e.SeatAnswered(seat=seat):
            leave(turn, "answered")
            step.lifted(turn, seat)
        case _, e.SeatFailed():
            turn.ring(seats=())
        case _, e.SeatOffered(seat=seat) if not turn.s.ring.seats and turn.s.phase in OFFERED:
            turn.ask(c.DialSeat(seat, round(turn.rules.limit_s * 1000)))
            turn.ring(seats=(seat,), until=turn.at + round(turn.rules.limit_s * 1000))
        case "queue.entering", e.Queued():
            _placed(turn, event)
            _tell(turn, step)
        case _, e.Queued():
            _placed(turn, event)
            if turn.s.phase == "queue.music":
                _tell(turn, step)
        case "queue.entering", e.NobodyFree():
            turn.set(queue=InQueue())  # no place was given
            step.gave_up(turn)
        case "queue.entering", e.TimeUp():
            _give_up(turn, step, "given_up")
        case _, e.NobodyFree() if not turn.s.ring.seats:
            _give_up(turn, step, "given_up")
        case (("queue.told" | "queue.music"), e.Digit(key="1")) if _offers(turn, step):
            turn.hush()
            _confirm(turn)
        case (("queue.told" | "queue.music"), e.Digit(key="*")):
            turn.hush()
            _tell(turn, step)
        case "queue.told", _ if ended(event):
            _music(turn, step)
        case "queue.music", e.TimeUp():
            _comfort(turn, step)
        case "queue.confirm", e.Digit(key=key):
            turn.hush()
            _confirmed(turn, step, key)
        case "queue.confirm", _ if ended(event):
            turn.arm("silence", turn.rules.first_key_s)
        case "queue.confirm", e.TimeUp():
            _music(turn, step)
        case (("number.type" | "number.confirm"), _):
            _typing(turn, event, step)
        case _, e.PlaceKept(due=due) if due:  # also when the answer came late
            turn.set(queue=InQueue(), place_kept=True)
            turn.say("queue.kept", c.Say(KEPT, (("due", due),)))
        case "queue.keeping", (e.PlaceKept() | e.TimeUp()):
            turn.say("queue.told", NOT_KEPT)
        case "queue.kept", _ if ended(event):
            turn.goto(FAREWELL)


def leave(turn: StepContext, how: str) -> None:
    """Give the place up, if there is one."""
    if turn.s.queue.since >= 0:
        turn.ask(c.LeaveQueue(how, turn.at - turn.s.queue.since, turn.s.queue.told_ms))
        turn.set(queue=InQueue())


def resume(turn: StepContext, step: QueueingStep) -> None:
    """The process was started anew: the place is still there; who waits hears it again, and a seat rings on."""
    if turn.s.phase == "queue.kept":
        turn.goto(FAREWELL)
        return
    turn.ask(c.Enqueue(step.queue_of, step.priority, _in_vain(turn)))
    if turn.s.phase != "queue.entering":
        turn.say("queue.told", "resume.sorry", *_words(turn, step))


def _placed(turn: StepContext, event: e.Queued) -> None:
    queue = turn.s.queue
    told = event.expected_ms if queue.told_ms < 0 else queue.told_ms
    turn.set(
        queue=InQueue(
            queue.since if queue.since >= 0 else turn.at,
            queue.said_at,
            event.ahead,
            event.expected_ms,
            told,
            event.crowded,
        )
    )


def _tell(turn: StepContext, step: QueueingStep) -> None:
    queue = turn.s.queue
    turn.set(
        tries=turn.s.tries + 1,
        queue=InQueue(queue.since, turn.at, queue.ahead, queue.expected_ms, queue.told_ms, queue.crowded),
    )
    turn.say("queue.told", *_words(turn, step))
    turn.ask(c.Annotate("queue_told", f"{queue.ahead} {queue.expected_ms}"))


def _words(turn: StepContext, step: QueueingStep) -> Iterator[c.Say]:
    queue = turn.s.queue
    offers = _offers(turn, step)
    if queue.crowded and offers:
        yield c.Say(CROWDED)
    key = PLACES[queue.ahead > 0, offers]
    minutes = ("m", str(told_min(queue.expected_ms)))
    yield c.Say(key, (("n", str(queue.ahead)), minutes) if queue.ahead else (minutes,))


def _offers(turn: StepContext, step: QueueingStep) -> bool:
    """May this caller choose to be called back? Not while the step forbids it."""
    return step.callback


def _music(turn: StepContext, step: QueueingStep) -> None:
    turn.set(phase="queue.music")
    first = turn.s.tries  # as many pieces as last until the next word; what ends early is not begun again and again
    turn.play(*(c.Say(f"{MUSIC}{first + n}") for n in range(ceil(turn.rules.comfort_s / PIECE_S))))
    turn.arm_at("comfort", turn.s.queue.said_at + round(turn.rules.comfort_s * 1000))


def _comfort(turn: StepContext, step: QueueingStep) -> None:
    """Time for a word: the place as it is now; or the end of all patience."""
    if turn.at - turn.s.queue.since >= turn.rules.queue_max_s * 1000 and not turn.s.ring.seats:
        _give_up(turn, step, "given_up")
    elif not turn.rules.drains and turn.s.schedule and not turn.flow.is_open(turn.s.schedule, turn.at):
        _give_up(turn, step, "closed")
    else:
        turn.ask(c.LookQueue())
        turn.arm("comfort", turn.rules.comfort_s)  # told by Queued; by then at the latest it is asked again


def _give_up(turn: StepContext, step: QueueingStep, how: str) -> None:
    turn.hush()
    leave(turn, how)
    for seat in turn.s.ring.seats:
        turn.ask(c.DropSeat(seat, "waited too long"))
    turn.set(ring=SeatsRinging())
    step.gave_up(turn)


def _confirm(turn: StepContext) -> None:
    """Their own number, if it can be called back; else one is typed."""
    turn.set(tries=0)
    if turn.s.caller_known and not turn.s.never_called:
        turn.say("queue.confirm", c.Say(CONFIRM, (("phone", "@caller"),)))
    else:
        number.begin(turn)


def _confirmed(turn: StepContext, step: QueueingStep, key: str) -> None:
    if key == "1":
        _keep(turn, "")
    elif key == "2":
        number.begin(turn)
    else:
        _music(turn, step)


def _typing(turn: StepContext, event: e.Event, step: QueueingStep) -> None:
    answer = number.on(turn, event)
    if answer == "done":
        _keep(turn, turn.s.draft.typed_number)
    elif answer is not None:
        turn.hush()
        _music(turn, step)


def _keep(turn: StepContext, typed: str) -> None:
    for seat in turn.s.ring.seats:
        turn.ask(c.DropSeat(seat, "is called back"))
    turn.ring(seats=())
    turn.set(phase="queue.keeping")
    turn.draft(callback="none", typed_number="", confirmed=False)  # of no case
    turn.ask(c.KeepPlace(typed, turn.s.queue.expected_ms))
    turn.arm("keep", STORE_ANSWER_S)
