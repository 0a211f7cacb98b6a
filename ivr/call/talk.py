"""The talk of a caller with an operator: hold, consult, join, leave, hand over, come back (FST-1/2/5, ENQ-2, ANS-7).

A window begins it (:func:`answered`) and gives it every event while it lasts (:func:`on`); what operators ask for is
in ``ivr/call/asked.py``. The waits:

``bridged``
    The caller talks with ``state.seat``, the operator who is responsible (首问责任人).
``held``
    The operator holds; the caller hears a word and music.
``consult``
    The caller hears that, too, while the operator rings or talks with ``talk.other``.
``three``
    All three talk.
``handing``
    ``talk.other`` is rung to take over; the caller hears it ring. The operator stays, or has hung up.
``back``
    Nobody took over and the operator has hung up: he is rung again.

The caller is never left alone: who does not take over brings him back to the operator, an operator who is gone is
rung again, and if he does not lift, the window's phones are.
"""

from __future__ import annotations

from collections.abc import Iterator

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import TRANSFER_RING_S
from ivr.call.phases import Happening, Phase, register
from ivr.call.state import CallState, Talk
from ivr.call.steps.base import ended
from ivr.call.turn import StepContext
from ivr.render_prompts import HOLD_FIRST, HOLD_STILL, MUSIC

RINGBACK = c.Say("tone.ringback")
MOMENT = "transfer.moment"
# What is said of an outcome, to the caller who comes back and to the operator.
SENTENCES = {
    outcome: f"transfer.{outcome}"
    for outcome in ("busy", "no_answer", "declined", "unreachable", "dropped_after_answer", "not_allowed")
}
FIRST_WINDOW = "1"  # to which the checker hands over
APART = frozenset({"consult", "handing", "back"})  # the caller is with nobody
BY_ITSELF_MS = 2000  # a telephone that leaves so soon after its transfer failed did so by itself (baresip does)
GRACE_S = 3  # beyond the engine's own limit of ringing: a report that never comes ends the wait


def _of_operator(state: CallState) -> Iterator[Happening]:
    """What the operator, and who is rung, may do in the walk of the checker."""
    seat, other = state.seat, state.talk.other
    if state.phase == "bridged":
        yield e.SeatAsked(0, seat, "consult", "B"), False
        yield e.SeatAsked(0, seat, "blind", "B"), False
        if not (state.draft.recordings or state.draft.number or state.told):  # that makes no difference to it
            yield e.SeatAsked(0, seat, "blind", FIRST_WINDOW), False
    elif state.phase == "consult":
        for act in ("join", "leave", "back"):
            yield e.SeatAsked(0, seat, act), False
    elif seat and state.phase in ("three", "handing"):
        yield e.SeatAsked(0, seat, "back"), False
    if other and state.talk.up:
        yield e.SeatLeft(0, other), True
    elif other:
        yield e.SeatAnswered(0, other), False
        yield e.SeatFailed(0, other, "busy"), True


PHASES = register(
    {
        "bridged": Phase(once=True, outside=True, talk=True, talks=True, world=_of_operator),
        "held": Phase(once=True, hold=True, talks=True),
        "consult": Phase(once=True, outside=True, hold=True, talks=True, world=_of_operator),
        "three": Phase(once=True, outside=True, talk=True, talks=True, world=_of_operator),
        "handing": Phase(once=True, outside=True, talks=True, world=_of_operator),
        "back": Phase(once=True, outside=True, talks=True, world=_of_operator),
    }
)


def answered(turn: StepContext, seat: str) -> None:
    """An operator lifted: the talk begins, or goes on with this one."""
    turn.disarm()
    before = turn.s.talk
    turn.set(phase="bridged", seat=seat, hops=0, nobody=False)
    turn.ask(c.Bridge(seat))
    if before.how:  # handed over to this window
        settle(turn, "accepted")
        handed(turn, before.source, seat)


def on(turn: StepContext, event: e.Event, after: str) -> None:
    """Something happened in the talk; ``after``: the step that follows when the last operator has left."""
    talk = turn.s.talk
    match turn.s.phase, event:
        case _, e.SeatLeft(seat=seat):
            _left(turn, seat, after)
        case _, e.SeatAnswered():
            _lifted(turn)
        case _, e.SeatFailed(seat=seat, reason=reason) if seat == talk.other and not talk.up:
            if reason != "cancelled":  # that is a phone we stopped ringing ourselves
                failed(turn, reason)
        case "bridged", e.SeatHeld(held=True):
            hold(turn)
        case "held", e.SeatHeld(held=False):
            talk_on(turn)
        case "consult", _ if ended(event) and not talk.up and turn.at > talk.until + GRACE_S * 1000:
            _silent(turn)
        case (("held" | "consult"), _) if ended(event):
            turn.set(tries=turn.s.tries + 1)
            music(turn, turn.s.phase, HOLD_STILL)
        case (("handing" | "back"), e.TimeUp()):
            _silent(turn)


def resume(turn: StepContext) -> None:
    """A restarted process took the call over: who talks hears nothing of it, who waits hears that it goes on."""
    if turn.s.phase in ("held", "consult"):
        music(turn, turn.s.phase, HOLD_STILL)
    elif turn.s.phase in ("handing", "back"):
        turn.play(RINGBACK)


# --- with whom the caller is ---


def hold(turn: StepContext) -> None:
    """The operator holds."""
    turn.ask(c.Hold(True))
    turn.set(tries=0)
    music(turn, "held", HOLD_FIRST)


def talk_on(turn: StepContext) -> None:
    """Back from hold: what is played ends, and both hear each other."""
    if turn.s.phase == "held":
        turn.hush()
        turn.disarm()
        turn.ask(c.Hold(False))
        turn.set(phase="bridged")


def music(turn: StepContext, phase: str, word: str) -> None:
    """A word, then 30 s of music; then a word again (ANS-12: 等候服务有歉声)."""
    turn.say(phase, word, f"{MUSIC}{turn.s.tries}")


def together(turn: StepContext, *seats: str) -> None:
    """The caller talks with these from now on."""
    turn.hush()
    turn.disarm()
    turn.set(phase="bridged" if len(seats) == 1 else "three")
    turn.ask(c.JoinTalk(seats, caller=True))


def alone_with(turn: StepContext, seat: str) -> None:
    """Nobody but the operator who is responsible is with the caller."""
    turn.talk(other="", up=False, how="", source="", target="", until=0)
    turn.set(seat=seat)
    together(turn, seat)


# --- handing over ---


def ring(turn: StepContext, how: str, end: str, target: str) -> None:
    """Ring somebody for ``how``; the caller waits."""
    seat = turn.s.seat
    turn.talk(other=end, up=False, how=how, source=seat or turn.s.talk.source, target=target)
    turn.talk(until=turn.at + TRANSFER_RING_S * 1000)
    turn.ask(c.DialSeat(end, TRANSFER_RING_S * 1000))
    turn.set(tries=0)
    if how in ("consult", "conference"):
        music(turn, "consult", HOLD_FIRST)
    else:
        wait_for(turn, how, MOMENT)
    if seat:
        turn.ask(c.PlaySeat(seat, (RINGBACK,)))


def wait_for(turn: StepContext, how: str, *words: str) -> None:
    """The caller hears a word, and that it rings, until whoever is rung lifts or not."""
    turn.hush()
    turn.set(phase="back" if how == "back" else "handing")
    turn.talk(how=how)
    turn.play(*map(c.Say, words), RINGBACK)
    turn.arm_at("limit", turn.s.talk.until + GRACE_S * 1000)


def settle(turn: StepContext, outcome: str) -> None:
    """What was begun has this end."""
    talk = turn.s.talk
    if talk.how and talk.how != "back":
        turn.ask(c.TransferEnded(talk.how, talk.source, talk.target, outcome))
    turn.talk(how="", target="", until=0)


def handed(turn: StepContext, seat: str, to: str) -> None:
    """The caller is with somebody else now."""
    count = turn.s.talk.handed + 1
    turn.talk(handed=count)
    turn.ask(c.HandedOver(seat, to, count))


def take_over(turn: StepContext) -> None:
    """Whom the operator brought in has the caller from now on."""
    old, new = turn.s.talk.source or turn.s.seat, turn.s.talk.other
    settle(turn, "accepted")
    if turn.s.seat:
        turn.ask(c.DropSeat(turn.s.seat, "handed over"))
    alone_with(turn, new)
    if new != old:
        handed(turn, old, new)


def failed(turn: StepContext, reason: str) -> None:
    """Whoever was rung does not come: the caller goes back to the operator, with a sentence why."""
    talk = turn.s.talk
    outcome = reason if reason in SENTENCES else "unreachable"
    settle(turn, outcome)
    if turn.s.seat:
        alone_with(turn, turn.s.seat)
        tell(turn, outcome, caller=talk.how == "blind")
    elif talk.how == "back":
        turn.hush()
        turn.set(talk=Talk(source=talk.source, handed=talk.handed))
        turn.goto(turn.s.step)
    else:
        _ring_back(turn, talk.source, SENTENCES[outcome])


def _ring_back(turn: StepContext, seat: str, word: str) -> None:
    """The operator who is gone is rung again; the caller hears why."""
    turn.talk(other=seat, source=seat, up=False, until=turn.at + TRANSFER_RING_S * 1000)
    turn.ask(c.DialSeat(seat, TRANSFER_RING_S * 1000))
    wait_for(turn, "back", word)


def tell(turn: StepContext, outcome: str, caller: bool) -> None:
    """Say to the operator, and to the caller who comes back, how it went; they talk on meanwhile."""
    turn.talk(failed_at=turn.at)
    turn.ask(c.PlaySeat(turn.s.seat, (c.Say(SENTENCES[outcome]),)))
    if caller:
        turn.play(c.Say(SENTENCES[outcome]))


def _silent(turn: StepContext) -> None:
    turn.ask(c.DropSeat(turn.s.talk.other, "no answer within the limit"))
    failed(turn, "no_answer")


def _lifted(turn: StepContext) -> None:
    """Whoever was rung lifted; the machine lets nobody else through."""
    seat, talk = turn.s.seat, turn.talk(up=True)
    if talk.how == "consult":
        turn.ask(c.JoinTalk((seat, talk.other), caller=False))
    elif talk.how == "conference":
        settle(turn, "accepted")
        together(turn, seat, talk.other)
    else:
        take_over(turn)


def second_left(turn: StepContext) -> None:
    """The second operator is gone: the caller has the first one, as before."""
    consulted = bool(turn.s.talk.how)
    settle(turn, "dropped_after_answer")
    alone_with(turn, turn.s.seat)
    if consulted:
        tell(turn, "dropped_after_answer", caller=False)


def come_back(turn: StepContext) -> bool:
    """Nobody of the window a caller was handed over to can be had: who handed over is rung again, if there was one."""
    if turn.s.talk.how != "blind":
        return False
    failed(turn, "no_answer")
    return True


def _left(turn: StepContext, seat: str, after: str) -> None:
    talk = turn.s.talk
    if seat == talk.other and not talk.up:
        return  # that leg was let go before they were rung again
    turn.talk(muted=tuple(one for one in talk.muted if one != seat))
    if seat == talk.other:
        second_left(turn)
    elif talk.up:  # with two of them the other one goes on
        turn.set(seat="")
        turn.talk(source=seat)
        take_over(turn)
    elif turn.s.phase in ("handing", "consult"):
        ringing = turn.s.phase == "consult"
        turn.set(seat="")
        if ringing:
            wait_for(turn, "blind", MOMENT)
    else:
        talk_on(turn)
        turn.set(seat="")
        turn.talk(other="", source="", code="", typist="", failed_at=0)
        if talk.failed_at and turn.at - talk.failed_at < BY_ITSELF_MS:
            _ring_back(turn, seat, MOMENT)
        else:
            turn.goto(after)
