"""What the journal means: facts folded into rows of ``calls``, ``legs``, ``recordings`` (pure).

The one definition of the derived tables, used as the facts arrive (``projection.apply``) and when they are
recomputed (``rebuild``). A fact changes rows by what it says and nothing else, so the same facts in the same
order always give the same rows. Facts that say they are for the record only (:mod:`ivr.facts`) change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.facts import calls as f
from ivr.facts import seats
from ivr.facts.base import Content
from ivr.facts.opened import CaseOpenedFact
from ivr.projections import cases, outages, outgoing, ratings
from ivr.projections.rows import AnyRow, JournalRow, Row, Tables

KEYS_MAX = 120  # calls.keys

# Ends that are nobody's loss: the farewell was said (S4-33), or the caller agreed to end (S2-5 四.2).
NORMAL_ENDS = frozenset({"grace_timeout", "consent", "farewell"})
FAX = "fax"  # cause and outcome: a machine called, so nobody waited, asked for anybody or was missed
FAREWELL_STEP = "@farewell"  # the built-in last step: the caller may hang up in it (S4-33)


_WAITS = (
    "network_wait",
    "human_requested",
    "human_wait",
    "agent_ring",
    "agent_ring_wait",
    "agent_answered",
    "agent_left",
)


def outcome(call: Row, nobody: bool = False, closed: bool = False) -> str:
    """How a call ended (O = answered + abandoned + callback + unanswered + failed of who asked for a person, B9).

    ``nobody``: every operator was tried in vain; ``closed``: the call came outside opening hours. Facts of before
    say neither.
    """
    if call["ended"] is None:
        return "live"
    if call["cause"] == FAX:
        return FAX
    if call["agent_answered"] is not None:
        return "answered"
    asked = call["human_requested"] is not None
    if call["cases"]:
        return "callback" if asked else "self"
    said = call["cause"] in NORMAL_ENDS or call["last_step"] == FAREWELL_STEP
    if asked and nobody and said:
        return "unanswered"
    if asked:
        return "abandoned" if call["released_by"] == "caller" else "failed"
    if call["released_by"] == "failure":
        return "failed"
    return "self" if said else "unanswered" if closed else "hung_up"


def fold(tables: Tables, fact: AnyRow) -> None:
    """Bring ``tables`` up to date with one fact."""
    change = FOLDS.get(type(fact.content))
    if change is not None:
        change(tables, fact)


def _offered(tables: Tables, fact: JournalRow[f.OfferedFact]) -> None:
    call, said = tables.call(fact), fact.content
    call["called"], call["ref"], call["profile"] = said.called, said.ref, said.profile
    call["flow"], call["version"] = said.flow, said.version
    call["party_id"], call["test"] = said.party_id, bool(said.test)
    call["arrived"] = fact.at


def _answered(tables: Tables, fact: JournalRow[f.AnsweredFact]) -> None:
    call = tables.call(fact)
    if call["answered"] is None:
        call["answered"] = fact.at
        call["network_wait"] = fact.at - call["arrived"]


def _human_requested(tables: Tables, fact: JournalRow[f.HumanRequested]) -> None:
    call = tables.call(fact)
    if call["human_requested"] is None:
        call["human_requested"] = fact.at
    if call["agent_answered"] is None:
        call["window"] = fact.content.window or call["window"]


def _late_apology(tables: Tables, fact: JournalRow[f.LateApology]) -> None:
    tables.call(fact)["late_apology"] = True


def _step(tables: Tables, fact: JournalRow[f.StepFact]) -> None:
    tables.call(fact)["last_step"] = fact.content.step


def _digit(tables: Tables, fact: JournalRow[f.DigitFact]) -> None:
    key = fact.content.key
    if len(key) == 1 and key in "0123456789*#":  # "•" stands for a key of somebody's number
        call = tables.call(fact)
        call["keys"] = (call["keys"] + key)[:KEYS_MAX]


def _dial_seat(tables: Tables, fact: JournalRow[seats.DialSeatFact]) -> None:
    tables.leg(fact)


def _seat_ringing(tables: Tables, fact: JournalRow[seats.SeatRingingFact]) -> None:
    leg, call = tables.leg(fact), tables.call(fact)
    if leg["ringing"] is None:
        leg["ringing"] = fact.at
    if call["agent_ring"] is None:
        call["agent_ring"] = fact.at


def _seat_answered(tables: Tables, fact: JournalRow[seats.SeatAnsweredFact]) -> None:
    leg, call = tables.leg(fact), tables.call(fact)
    if leg["ended"] is not None or leg["answered"] is not None:
        return  # lifted after we had stopped ringing: nobody was reached
    leg["answered"], leg["result"] = fact.at, "answered"
    if call["agent_answered"] is None and call["ended"] is None:
        # A phone that never said it rings: from the moment it was dialled, the stricter count.
        rang = leg["dialed"] if leg["ringing"] is None else leg["ringing"]
        call["agent_answered"], call["seat"] = fact.at, leg["seat"]
        call["agent_ring_wait"] = fact.at - rang
        if call["human_requested"] is not None:
            call["human_wait"] = fact.at - call["human_requested"]


def _seat_failed(tables: Tables, fact: JournalRow[seats.SeatFailedFact]) -> None:
    said = fact.content
    _end_leg(tables.leg(fact), fact, said.reason, fact.reason or (str(said.code) if said.code else ""))


def _drop_seat(tables: Tables, fact: JournalRow[seats.DropSeatFact]) -> None:
    if not fact.content.leg_id:  # of no leg there is
        return
    leg = tables.leg(fact)
    _left(tables, fact, leg)
    _end_leg(leg, fact, "cancelled", fact.reason)


def _seat_left(tables: Tables, fact: JournalRow[seats.SeatLeftFact]) -> None:
    leg = tables.leg(fact)
    _left(tables, fact, leg)
    _end_leg(leg, fact, "answered", fact.reason)


def _bridge(tables: Tables, fact: JournalRow[seats.BridgeFact]) -> None:
    call = tables.call(fact)
    call["seat"] = fact.content.seat or call["seat"]
    call["window"] = call["window"] or fact.content.window


def _recorded(tables: Tables, fact: JournalRow[f.Recorded]) -> None:
    said, call_id = fact.content, fact.call_id or ""
    recording_id, token = said.recording_id, said.token
    case_id = tables.wanted.get((call_id, recording_id)) or tables.wanted.get((call_id, token))
    tables.recordings[recording_id] = {
        "id": recording_id,
        "call_id": fact.call_id,
        "case_id": case_id,
        "token": token,
        "path": said.path,
        "ms": said.ms,
        "bytes": said.bytes,
        "sha256": said.sha256,
        "created": fact.at,
        "pruned": None,
    }
    tables.changed["recordings", recording_id] = None


def _recording_pruned(tables: Tables, fact: JournalRow[f.RecordingPruned]) -> None:
    recording = tables.recordings.get(fact.content.recording_id)
    if recording is not None:
        recording["pruned"] = fact.at
        tables.put("recordings", recording)


def _line_quality(tables: Tables, fact: JournalRow[f.LineQualityFact]) -> None:
    said, call_id = fact.content, fact.call_id or ""
    row: Row = {"id": said.leg_id or f"{call_id}/caller", "call_id": call_id, "leg_id": said.leg_id, "at": fact.at}
    row |= {"received": said.received, "lost": said.lost, "jitter_us": said.jitter_us, "sent": said.sent}
    row |= {"far_lost": said.far_lost, "far_jitter_us": said.far_jitter_us, "rtt_us": said.rtt_us}
    tables.put("line_quality", row)


def _party_sealed(tables: Tables, fact: JournalRow[f.PartySealed]) -> None:
    party_id, call = fact.content.party_id, tables.call(fact)
    if call["party_id"] == party_id:
        call["party_id"] = None
    for case in tables.cases.values():
        if case["call_id"] == fact.call_id and case["party_id"] == party_id:
            case["party_id"] = None
            tables.changed["cases", case["id"]] = None
    cases.nobody_to_call(tables, fact, party_id)


def _rated(tables: Tables, fact: JournalRow[f.RatedFact]) -> None:
    bad = ratings.rated(tables, fact)
    if bad is not None:
        cases.call_back(tables, fact, "followup", {**bad, "id": None}, because=ratings.BECAUSE)


def _call_ended(tables: Tables, fact: JournalRow[f.CallEnded]) -> None:
    call = tables.call(fact)
    if call["ended"] is not None:
        return
    call["ended"] = fact.at
    said = fact.content
    call["released_by"], call["cause"] = said.released_by, said.cause
    if call["agent_answered"] is not None and call["agent_left"] is None:
        call["agent_left"] = fact.at
    if call["human_requested"] is not None and call["agent_answered"] is None:
        call["human_wait"] = fact.at - call["human_requested"]
    for leg in tables.legs.values():
        if leg["call_id"] == call["id"] and leg["ended"] is None:
            _end_leg(leg, fact, "cancelled", "call ended")
            tables.changed["legs", leg["id"]] = None
    call["outcome"] = outcome(call, said.nobody, said.closed)
    if call["outcome"] == FAX:  # in no figure: none is counted of these
        call.update(dict.fromkeys(_WAITS))
    cases.call_ended(tables, fact, call)


def _case_opened(tables: Tables, fact: JournalRow[CaseOpenedFact]) -> None:
    case_id = fact.case_id or ""
    if case_id in tables.cases:
        return
    cases.opened(tables, fact)
    if fact.call_id is None:
        return
    call = tables.call(fact)
    call["cases"] += 1
    call["outcome"] = outcome(call)
    cases.not_missed(tables, fact)
    asked = set(fact.content.recordings)
    tables.wanted.update({(fact.call_id, token): case_id for token in asked})
    for recording in tables.recordings.values():
        if recording["call_id"] == fact.call_id and asked & {recording["id"], recording["token"]}:
            recording["case_id"] = case_id
            tables.changed["recordings", recording["id"]] = None


def _left(tables: Tables, fact: AnyRow, leg: Row) -> None:
    if leg["answered"] is not None and leg["ended"] is None and fact.call_id in tables.calls:
        call = tables.call(fact)
        # Who lifted too late never had the caller.
        if call["ended"] is None and call["agent_answered"] is not None and leg["seat"] == call["seat"]:
            call["agent_left"] = fact.at


def _end_leg(leg: Row, fact: AnyRow, result: str, reason: str) -> None:
    if leg["ended"] is None:
        leg["ended"], leg["reason"] = fact.at, reason
        leg["result"] = leg["result"] or result


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
    seats.SeatLeftFact: _seat_left,
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
