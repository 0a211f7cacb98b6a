"""Limits of one call: each a number with a unit and where it comes from.

What a profile may change (ring limit, waits for keys, apology, grace time ...) is in ``ivr/profile.py``;
here stand the bounds of the machine itself.
"""

from __future__ import annotations

TRIES = 2  # wrong keys in a menu, vain answers to a question, before the caller is led to a person (C no. 3)
PLAY_LIMIT_S = 120  # a prompt whose end is never reported is taken as ended
SEATS_ANSWER_S = 2  # the desk answers at once; if not, nobody is free
SAVE_LIMIT_S = 10  # a case not stored by then is not promised
QUERY_DIGITS = (6, 14)  # of a query code 查询码 or a case number
QUERY_TRIES = 3  # wrong codes in one call
STORE_ANSWER_S = 3  # a question to the store is answered by then, or the call goes on without
RATINGS = "12345"  # 1 very satisfied ... 5 very dissatisfied (政务服务"好差评")
BAD_RATING = 4  # from here on it is a bad rating 差评, and somebody calls back
RECORD_END_LIMIT_S = 10  # a stopped recording is reported by then, or counts as failed
NOTICE = "notice.account"  # what is said next is recorded (B10); spoken before the first recording of a call
TALK_NOTICES = {"notice.short": "", "notice.recording": "greet.menu"}  # the call is recorded; else said instead
ACCOUNT_MIN_MS = 1000  # shorter than this, nothing was said
NUMBER_MAX = 17  # digits of a callback number: 00 and the fifteen of E.164; fewer are ended by # or a pause
DOUBLE_MS = 600  # the same key again so soon after it was taken as an answer is a finger that bounced
HELD_MAX_MS = 10_000  # no key is held so long: an older beginning is a clock that was set
HOPS_MAX = 25  # steps entered with no act of the caller: the checker refuses such flows, this ends the call
CATEGORY_PAGE = 4  # at most five choices in a spoken menu (B5): four and "more"
CATEGORIES = 7  # complaint kinds of S3 之六 三.2
EMERGENCY_ROUNDS = 3  # in danger all phones ring so often (EMG-1); 119, 120 and 110 are named before each
TRANSFER_RING_S = 25  # somebody a caller is to be handed over to is rung so long; a mobile needs more than a desk phone
EVENTS_TO_END = 30  # from any state, time-outs and failures alone end the call within so many events
