"""Facts of calls to citizens, and of the duty phones that are rung for an urgent repair."""

from __future__ import annotations

from ivr.facts.base import Content, fact, left_out, without_version


@fact("command")
class OutgoingStarted(Content):
    """An operator asked for it. ``owner``: the process that places it.

    Example: {"callback_id": "0198c2f1", "case_id": null, "party_id": "0198c2f2", "who": "李强", "seat": "101",
    "owner": "node1"}
    """

    callback_id: str
    case_id: str | None
    party_id: str
    who: str
    seat: str
    owner: str


@fact("event")
class OutgoingSeatRings(Content):
    """The operator's phone rings.

    Example: {}
    """


@fact("event")
class OutgoingSeatUp(Content):
    """The operator lifted.

    Example: {}
    """


@fact("command")
class OutgoingDialled(Content):
    """The citizen's phone is dialled.

    Example: {}
    """


@fact("event")
class OutgoingRings(Content):
    """It rings.

    Example: {}
    """


@fact("event", record_only=True)
class OutgoingSpeaks(Content):
    """The network speaks before the citizen answers (关机, 停机, 空号): the operator hears it.

    Example: {}
    """


@fact("event")
class OutgoingUp(Content):
    """The citizen answered.

    Example: {}
    """


@fact("command", record_only=True)
class OutgoingJoined(Content):
    """They talk.

    Example: {}
    """


@fact("event", version=2, upcasters={1: without_version}, record_only=True)
class OutgoingHeld(Content):
    """The operator's phone put the citizen on hold, or took them back; music meanwhile.

    Example: {"held": true}
    """

    held: bool


@fact("event")
class OutgoingEnded(Content):
    """What came of it. ``q850``: the far network's cause.

    Example: {"result": "reached", "cause": "citizen_left", "code": 0, "q850": 16}
    """

    result: str
    cause: str
    code: int
    q850: int | None = left_out(default=None)


@fact("system", record_only=True)
class DutyRung(Content):
    """A duty phone is rung for an urgent repair. ``place``: the how-manieth of the list.

    Example: {"case_id": "0198c2f1", "place": 1, "round": 1}
    """

    case_id: str
    place: int
    round: int


@fact("system", record_only=True)
class DutyTaken(Content):
    """Its user pressed 1.

    Example: {"case_id": "0198c2f1", "place": 2, "round": 1}
    """

    case_id: str
    place: int
    round: int


@fact("system", record_only=True)
class DutyNobody(Content):
    """Nobody did.

    Example: {"case_id": "0198c2f1", "place": 1, "round": 3}
    """

    case_id: str
    place: int
    round: int
