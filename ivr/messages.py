"""Messages of callers whom no hotline answered (没有接通时的留言): each becomes a call and a case, once.

While no process is connected, Asterisk's dialplan apologises and records what the caller says. The file's name
tells when; who called which number stands in a file beside it (``.who``), because names of files are seen by many.
Here it becomes a call like one whose process died while the caller spoke: the recording goes into the vault, the case
gets its number and its due date.
"""

from __future__ import annotations

import logging
import re
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ivr.call import events as e
from ivr.call.state import CallState
from ivr.call_services import CallServices
from ivr.conductor import Conductor
from ivr.facts.of_call import arrival, event_fact
from ivr.ledger import CallTransaction, Interrupted, Party
from ivr.ongoing_call import OngoingCall, recording_id_of

log = logging.getLogger(__name__)

QUIET_S = 15.0  # a file that did not grow for so long is finished
LONE_S = 3600.0  # then a caller's number without a message (who left before speaking) goes
_NAME = re.compile(r"(\d{9,12})_(?:([0-9+]*)_([0-9A-Za-z+*#]*)_)?([0-9A-Za-z.-]+)\.wav")  # with numbers: of before
_WHO = re.compile(r"([0-9+]*)_([0-9A-Za-z+*#]*)\s*")
_TOKEN = "r1"  # noqa: S105 - the recording's name within its call


def take_in(conductor: Conductor, house: CallServices, folder: Path, known: Callable[[str], bool]) -> int:
    """Turn finished messages in ``folder`` into calls; how many. ``known``: is there a call of this id already?

    At every moment a process may die: the file is copied before its call is written and removed after, and
    the call's id follows from the file's name.
    """
    taken = 0
    for path in sorted(folder.glob("*.wav")):
        told = _NAME.fullmatch(path.name)
        if told is None:
            log.warning("not a message of ours: %s", path)
        elif time.time() - path.stat().st_mtime >= QUIET_S:
            call_id = str(uuid.uuid5(uuid.NAMESPACE_OID, path.name))
            if known(call_id):
                _remove(path)
            else:
                caller, called = _who(path) if told[2] is None else (told[2], told[3])
                _begin(conductor, house, path, call_id, int(told[1]) * 1000, caller, called)
                taken += 1
    for path in folder.glob("*.who"):
        if not path.with_suffix(".wav").exists() and time.time() - path.stat().st_mtime >= LONE_S:
            path.unlink()
    return taken


def _who(path: Path) -> tuple[str, str]:
    """Who called which number, from the file beside; both empty when it is not there or not ours."""
    try:
        told = _WHO.fullmatch(path.with_suffix(".who").read_text(encoding="ascii"))
    except (OSError, ValueError):
        told = None
    if told is None:
        log.warning("who left the message %s is not known", path.name)
        return "", ""
    return told[1], told[2]


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_suffix(".who").unlink(missing_ok=True)


def _begin(
    conductor: Conductor, house: CallServices, path: Path, call_id: str, at: int, caller: str, called: str
) -> None:
    copy = house.spool / f"{recording_id_of(call_id, _TOKEN)}.wav"
    shutil.copyfile(path, copy)
    flow = house.flow_for(called)
    party = Party(house.new_id(), caller) if caller else None
    state = CallState(
        flow=flow.name,
        version=flow.version,
        step=flow.start,
        phase="account.record",
        recording=_TOKEN,
        offered_at=at,
        answered_at=at,
        caller_known=party is not None,
    )
    call = OngoingCall(call_id, "", flow, state, path.stem, arrived=at, step_since=at)
    call.party = party.id if party else None
    offered = event_fact(e.Offered(at, called, caller_known=party is not None), state, arrival(call, house.profile))
    facts = (replace(offered, reason="no hotline was connected"), event_fact(e.Answered(at), state, {}))
    live = call.live()
    assert live is not None

    def written(error: Exception | None) -> None:
        if error is not None:
            log.error("message %s waits: %s", path.name, error)
            return
        _remove(path)
        conductor.close_interrupted(Interrupted(call_id, live, last=at), party.id if party else None)

    house.ledger.commit(CallTransaction(call_id, facts, live, (party,) if party else ()), written)
