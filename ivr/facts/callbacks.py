"""Facts of callbacks 回访: each attempt, its end, and one that was not allowed."""

from __future__ import annotations

from ivr.facts.base import Content, fact, left_out


@fact("case", kw_only=True)
class CallbackAttempted(Content):
    """Somebody was called: what came of it, and when to try again (``next_at``, UTC ms) or that this was all
    (``outcome``). ``agreed``: the person chose that time. ``solved``, ``rating``: what they said in a follow-up;
    ``call``: the outgoing call, if the hotline made it.

    Example: {"callback_id": "0198c2f1", "who": "李强", "result": "no_answer", "next_at": 1795240800000}
    """

    callback_id: str
    who: str = ""
    result: str
    next_at: int | None = left_out(default=None)
    agreed: bool = left_out(default=False)
    outcome: str = left_out(default="")
    solved: bool | None = left_out(default=None)
    rating: int | None = left_out(default=None)
    call: str = left_out(default="")


@fact("case", kw_only=True)
class CallbackEnded(Content):
    """Closed without a call of ours: the person reached us (``by``: in that call), at ``reached`` (UTC ms).

    Example: {"callback_id": "0198c2f1", "outcome": "reached_us", "by": "0198c2f3", "reached": 1795240800000}
    """

    callback_id: str
    outcome: str = ""
    by: str = left_out(default="")
    reached: int | None = left_out(default=None)


@fact("case", record_only=True)
class CallbackRefused(Content):
    """A call that was not allowed; why in the reason.

    Example: {"callback_id": "0198c2f1", "who": "李强"}
    """

    callback_id: str
    who: str
