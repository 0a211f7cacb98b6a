"""What the journal means: facts folded into rows of ``calls``, ``legs``, ``recordings`` (pure).

The one definition of the derived tables, used as the facts arrive (``projection.apply``) and when they are
recomputed (``rebuild``). A fact changes rows by what it says and nothing else, so the same facts in the same
order always give the same rows. Facts that say they are for the record only (:mod:`ivr.facts`) change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.cases.case import CallbackRow
from ivr.facts import calls as f
from ivr.facts import seats, talks
from ivr.facts.base import Content
from ivr.facts.opened import CaseOpenedFact
from ivr.projections import cases, outages, outgoing, ratings
from ivr.projections.rows import AnyRow, CallRow, JournalRow, LegRow, LineQualityRow, RecordingRow, Tables
from ivr.rows import replace

KEYS_MAX = 120  # calls.keys

# Ends that are nobody's loss: the farewell was said (S4-33), or the caller agreed to end (S2-5 四.2).
NORMAL_ENDS = frozenset({"grace_timeout", "consent", "farewell"})
FAX = "fax"  # cause and outcome: a machine called, so nobody waited, asked for anybody or was missed
IN_TURN = "queue"  # why somebody is called back: chose it in the queue, whose place is kept
FAREWELL_STEP = "@farewell"  # the built-in last step: the caller may hang up in it (S4-33)


def outcome(call: CallRow, nobody: bool = False, closed: bool = False, place_kept: bool = False) -> str:
    """How a call ended (O = answered + abandoned + callback + unanswered + failed of who asked for a person, B9).

    ``nobody``: every operator was tried in vain; ``closed``: the call came outside opening hours; ``place_kept``: the
    caller is called back in his place of the queue. Facts of before say none of these.
    """
    if call.ended is None:
        return "live"
    if call.cause == FAX:
        return FAX
    if call.agent_answered is not None:
        return "answered"
    asked = call.human_requested is not None
    if call.cases or place_kept:
        return "callback" if asked else "self"
    said = call.cause in NORMAL_ENDS or call.last_step == FAREWELL_STEP
    if asked and nobody and said:
        return "unanswered"
    if asked:
        return "abandoned" if call.released_by == "caller" else "failed"
    if call.released_by == "failure":
        return "failed"
    return "self" if said else "unanswered" if closed else "hung_up"


def fold(tables: Tables, fact: AnyRow) -> None:
    """Bring ``tables`` up to date with one fact."""
    change = FOLDS.get(type(fact.content))
    if change is not None:
        change(tables, fact)


def _offered(tables: Tables, fact: JournalRow[f.OfferedFact]) -> None:
    call, said = tables.call(fact), fact.content
    tables.put(
        replace(
            call, called=said.called, ref=said.ref, profile=said.profile, flow=said.flow, version=said.version,
            party_id=said.party_id, test=bool(said.test), arrived=fact.at,
        )
    )  # fmt: skip


def _answered(tables: Tables, fact: JournalRow[f.AnsweredFact]) -> None:
    call = tables.call(fact)
    if call.answered is None:
        tables.put(replace(call, answered=fact.at, network_wait=fact.at - call.arrived))


def _human_requested(tables: Tables, fact: JournalRow[f.HumanRequested]) -> None:
    call = tables.call(fact)
    first = fact.at if call.human_requested is None else call.human_requested
    window = fact.content.window if call.agent_answered is None else ""
    tables.put(replace(call, human_requested=first, window=window or call.window))


def _late_apology(tables: Tables, fact: JournalRow[f.LateApology]) -> None:
    tables.put(replace(tables.call(fact), late_apology=True))


def _step(tables: Tables, fact: JournalRow[f.StepFact]) -> None:
    tables.put(replace(tables.call(fact), last_step=fact.content.step))


def _digit(tables: Tables, fact: JournalRow[f.DigitFact]) -> None:
    key = fact.content.key
    if len(key) == 1 and key in "0123456789*#":  # "•" stands for a key of somebody's number
        call = tables.call(fact)
        tables.put(replace(call, keys=(call.keys + key)[:KEYS_MAX]))


def _dial_seat(tables: Tables, fact: JournalRow[seats.DialSeatFact]) -> None:
    tables.leg(fact)


def _seat_ringing(tables: Tables, fact: JournalRow[seats.SeatRingingFact]) -> None:
    leg, call = tables.leg(fact), tables.call(fact)
    if leg.ringing is None:
        tables.put(replace(leg, ringing=fact.at))
    if call.agent_ring is None:
        tables.put(replace(call, agent_ring=fact.at))


def _seat_answered(tables: Tables, fact: JournalRow[seats.SeatAnsweredFact]) -> None:
    leg, call = tables.leg(fact), tables.call(fact)
    if leg.ended is not None or leg.answered is not None:
        return  # lifted after we had stopped ringing: nobody was reached
    tables.put(replace(leg, answered=fact.at, result="answered"))
    if call.agent_answered is None and call.ended is None:
        # A phone that never said it rings: from the moment it was dialled, the stricter count.
        rang = leg.dialed if leg.ringing is None else leg.ringing
        waited = call.human_wait if call.human_requested is None else fact.at - call.human_requested
        tables.put(
            replace(call, agent_answered=fact.at, seat=leg.seat, agent_ring_wait=fact.at - rang, human_wait=waited)
        )


def _seat_failed(tables: Tables, fact: JournalRow[seats.SeatFailedFact]) -> None:
    said = fact.content
    _end_leg(tables, tables.leg(fact), fact, said.reason, fact.reason or (str(said.code) if said.code else ""))


def _drop_seat(tables: Tables, fact: JournalRow[seats.DropSeatFact]) -> None:
    if not fact.content.leg_id:  # of no leg there is
        return
    leg = tables.leg(fact)
    _left(tables, fact, leg)
    _end_leg(tables, leg, fact, "cancelled", fact.reason)


def _seat_left(tables: Tables, fact: JournalRow[seats.SeatLeftFact]) -> None:
    leg = tables.leg(fact)
    _left(tables, fact, leg)
    _end_leg(tables, leg, fact, "answered", fact.reason)


def _bridge(tables: Tables, fact: JournalRow[seats.BridgeFact]) -> None:
    call, said = tables.call(fact), fact.content
    tables.put(replace(call, seat=said.seat or call.seat, window=call.window or said.window))


def _handed_over(tables: Tables, fact: JournalRow[talks.HandedOverFact]) -> None:
    call = tables.call(fact)
    tables.put(replace(call, seat=fact.content.target, handed_over=call.handed_over + 1))


def _keep_place(tables: Tables, fact: JournalRow[seats.KeepPlaceFact]) -> None:
    """The caller chose to be called back in his place of the queue."""
    said, call = fact.content, tables.call(fact)
    wanted = CallbackRow(
        said.callback_id, "missed", fact.at, fact.at, call.id, None, said.party_id or call.party_id, call.test,
        because=IN_TURN,
    )  # fmt: skip
    tables.put(wanted)


def _recorded(tables: Tables, fact: JournalRow[f.Recorded]) -> None:
    said, call_id = fact.content, fact.call_id or ""
    case_id = tables.wanted.get((call_id, said.recording_id)) or tables.wanted.get((call_id, said.token))
    tables.put(
        RecordingRow(
            said.recording_id, fact.call_id, case_id, said.token, said.path, said.ms, said.bytes, said.sha256, fact.at
        )
    )


def _recording_pruned(tables: Tables, fact: JournalRow[f.RecordingPruned]) -> None:
    recording = tables.recordings.get(fact.content.recording_id)
    if recording is not None:
        tables.put(replace(recording, pruned=fact.at))


def _line_quality(tables: Tables, fact: JournalRow[f.LineQualityFact]) -> None:
    said, call_id = fact.content, fact.call_id or ""
    tables.put(
        LineQualityRow(
            said.leg_id or f"{call_id}/caller", call_id, said.leg_id, fact.at, said.received, said.lost, said.jitter_us,
            said.sent, said.far_lost, said.far_jitter_us, said.rtt_us,
        )
    )  # fmt: skip


def _party_sealed(tables: Tables, fact: JournalRow[f.PartySealed]) -> None:
    party_id, call = fact.content.party_id, tables.call(fact)
    if call.party_id == party_id:
        tables.put(replace(call, party_id=None))
    for case in list(tables.cases.values()):
        if case.call_id == fact.call_id and case.party_id == party_id:
            tables.put(replace(case, party_id=None))
    cases.nobody_to_call(tables, fact, party_id)


def _rated(tables: Tables, fact: JournalRow[f.RatedFact]) -> None:
    bad = ratings.rated(tables, fact)
    if bad is not None:
        cases.call_back(tables, fact, "followup", bad, because=ratings.BECAUSE)


def _call_ended(tables: Tables, fact: JournalRow[f.CallEnded]) -> None:
    call, said = tables.call(fact), fact.content
    if call.ended is not None:
        return
    reached = call.agent_answered is not None
    asked = None if reached else call.human_requested
    call = replace(
        call, ended=fact.at, released_by=said.released_by, cause=said.cause,
        agent_left=fact.at if reached and call.agent_left is None else call.agent_left,
        human_wait=call.human_wait if asked is None else fact.at - asked,
    )  # fmt: skip
    for leg in list(tables.legs.values()):
        if leg.call_id == call.id:
            _end_leg(tables, leg, fact, "cancelled", "call ended")
    call = replace(call, outcome=outcome(call, said.nobody, said.closed, said.place_kept))
    if call.outcome == FAX:  # in no figure: none is counted of these
        call = replace(
            call, network_wait=None, human_requested=None, human_wait=None, agent_ring=None, agent_ring_wait=None,
            agent_answered=None, agent_left=None,
        )  # fmt: skip
    cases.call_ended(tables, fact, tables.put(call))


def _case_opened(tables: Tables, fact: JournalRow[CaseOpenedFact]) -> None:
    case_id = fact.case_id or ""
    if case_id in tables.cases:
        return
    cases.opened(tables, fact)
    if fact.call_id is None:
        return
    call = tables.call(fact)
    call = replace(call, cases=call.cases + 1)
    tables.put(replace(call, outcome=outcome(call)))
    cases.not_missed(tables, fact)
    asked = set(fact.content.recordings)
    tables.wanted.update({(fact.call_id, token): case_id for token in asked})
    for recording in list(tables.recordings.values()):
        if recording.call_id == fact.call_id and asked & {recording.id, recording.token}:
            tables.put(replace(recording, case_id=case_id))


def _left(tables: Tables, fact: AnyRow, leg: LegRow) -> None:
    if leg.answered is not None and leg.ended is None and fact.call_id in tables.calls:
        call = tables.call(fact)
        # Who lifted too late never had the caller.
        if call.ended is None and call.agent_answered is not None and leg.seat == call.seat:
            tables.put(replace(call, agent_left=fact.at))


def _end_leg(tables: Tables, leg: LegRow, fact: AnyRow, result: str, reason: str) -> None:
    if leg.ended is None:
        tables.put(replace(leg, ended=fact.at, reason=reason, result=leg.result or result))


FOLDS: Mapping[type[Content], Callable[[Tables, Any], None]] = {
    f.OfferedFact: _offered,
    f.AnsweredFact: _answered,
    f.HumanRequested: _human_requested,
    f.LateApology: _late_apology,
    f.StepFact: _step,
    f.DigitFact: _digit,
    seats.DialSeatFact: _dial_seat,
    seats.SeatRingingFact: _seat_ringing,
    seats.SeatAnsweredFact: _seat_answered,
    seats.SeatFailedFact: _seat_failed,
    seats.DropSeatFact: _drop_seat,
    seats.BridgeFact: _bridge,
    seats.KeepPlaceFact: _keep_place,
    seats.SeatLeftFact: _seat_left,
    talks.HandedOverFact: _handed_over,
    f.Recorded: _recorded,
    f.RecordingPruned: _recording_pruned,
    f.RatingInvited: ratings.invited,
    f.RatedFact: _rated,
    f.LineQualityFact: _line_quality,
    f.PartySealed: _party_sealed,
    f.CallEnded: _call_ended,
    CaseOpenedFact: _case_opened,
    **cases.FOLDS,
    **outgoing.FOLDS,
    **outages.FOLDS,
}
LEG_FACTS: frozenset[type[Content]] = frozenset(
    {
        seats.DialSeatFact,
        seats.SeatRingingFact,
        seats.SeatAnsweredFact,
        seats.SeatFailedFact,
        seats.DropSeatFact,
        seats.SeatLeftFact,
        f.CallEnded,
    }
)
