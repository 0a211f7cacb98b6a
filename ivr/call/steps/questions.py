"""The questions of a case, one after the other: anonymity, category, spoken account, callback number.

Each answers an event with ``"done"`` (ask the next), ``"person"`` (asked for by key 0), ``"nothing"``
(no account was given) or None (goes on).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import CATEGORIES, CATEGORY_PAGE, TRIES
from ivr.call.phases import Phase, register
from ivr.call.steps import account, number
from ivr.call.steps.base import Answer, ended
from ivr.call.turn import StepContext
from ivr.cases import kinds

BY_KEY = register(  # phases of questions that one key answers
    {"anonymous": Phase(asks=True), "category": Phase(asks=True, paged=True), "callback.own": Phase(asks=True)}
)
OWN_REFUSED = "callback.own_not_called"


def due_phrase(kind: str, anonymous: bool = False) -> str:
    """Which promise is spoken: complaint (5 days), report (10 days), repair (45 minutes) or the general one."""
    if anonymous:
        return "report_anonymous"  # the answer waits for them; nobody can call back
    return kinds.of(kind).due


def begin(turn: StepContext, item: str, kind: str) -> None:
    """Ask the question ``item``."""
    if item == "anonymous":
        turn.say("anonymous", "ask.anonymous")
    elif item == "category":
        _category_page(turn, 0)
    elif item == "spoken_account":
        account.begin(turn, kinds.of(kind).account)
    elif turn.s.never_called:
        number.begin(turn, OWN_REFUSED)
    elif turn.s.caller_known:
        turn.say("callback.own", c.Say("callback.own", (("phone", "@caller"),)))
    else:
        number.begin(turn)


def on(turn: StepContext, event: e.Event) -> Answer | None:
    """One event of the present question."""
    phase = turn.s.phase
    if phase in account.PHASES:
        return account.on(turn, event)
    if phase in number.PHASES:
        given = number.on(turn, event)
        if given == "nothing" and turn.s.never_called:
            turn.draft(callback="caller")  # whose it is, is known; calling back is for the operator to find out
        return "done" if given == "nothing" else given
    if phase == "anonymous":
        return _anonymous(turn, event)
    if phase == "category":
        return _category(turn, event)
    if phase == "callback.own":
        return _own_number(turn, event)
    return None


def _anonymous(turn: StepContext, event: e.Event) -> Answer | None:
    if isinstance(event, e.Digit):
        turn.hush()
        if event.key == "0":
            return "person"
        if event.key in "12":
            turn.draft(anonymous=event.key == "1")
            return "done"
        return _again(turn, "ask.anonymous")
    if ended(event):
        turn.arm("silence", turn.rules.first_key_s)
    elif isinstance(event, e.TimeUp):
        return _again(turn, "ask.anonymous")
    return None


def _again(turn: StepContext, prompt: str) -> Answer | None:
    """Ask once more; after that go on with what holds without an answer."""
    turn.set(tries=turn.s.tries + 1)
    if turn.s.tries >= TRIES:
        return "done"
    turn.say(turn.s.phase, "ask.repeat", prompt)
    return None


def _category_page(turn: StepContext, page: int, *before: str) -> None:
    turn.draft(page=page)
    first = page * CATEGORY_PAGE + 1
    last = min(first + CATEGORY_PAGE - 1, CATEGORIES)
    says: list[c.Say | str] = [*before, *(() if page else ("ask.category",))]
    for place, code in enumerate(range(first, last + 1), start=1):
        says.append(c.Say("menu.item", (("what", f"@category.{code}"), ("key", str(place)))))
    if last < CATEGORIES:
        says.append(c.Say("menu.item", (("what", "@category.more"), ("key", str(CATEGORY_PAGE + 1)))))
    turn.say("category", *says)


def _category(turn: StepContext, event: e.Event) -> Answer | None:
    if isinstance(event, e.Digit):
        turn.hush()
        if event.key == "0":
            return "person"
        if event.key == "*":
            _category_page(turn, turn.s.draft.page)
            return None
        return _chosen(turn, event.key)
    if ended(event):
        turn.arm("silence", turn.rules.first_key_s)
    elif isinstance(event, e.TimeUp):
        return _uncategorised(turn)
    return None


def _chosen(turn: StepContext, key: str) -> Answer | None:
    page = turn.s.draft.page
    place = int(key) if key.isdigit() else 0
    code = page * CATEGORY_PAGE + place
    if page == 0 and place == CATEGORY_PAGE + 1:
        turn.set(tries=0)
        _category_page(turn, 1)
    elif 1 <= place <= CATEGORY_PAGE and code <= CATEGORIES:
        turn.draft(category=str(code))
        return "done"
    else:
        return _uncategorised(turn)
    return None


def _uncategorised(turn: StepContext) -> Answer | None:
    """Silence or a wrong key: once more, then "other" (an unclassified complaint is a complaint)."""
    turn.set(tries=turn.s.tries + 1)
    if turn.s.tries < TRIES:
        _category_page(turn, turn.s.draft.page, "ask.repeat")
        return None
    turn.draft(category=str(CATEGORIES))
    return "done"


def _own_number(turn: StepContext, event: e.Event) -> Answer | None:
    if isinstance(event, e.Digit):
        turn.hush()
        if event.key == "0":
            return "person"
        if event.key == "2":
            turn.set(tries=0)
            number.begin(turn)
            return None
        turn.draft(callback="caller", confirmed=event.key == "1")
        return "done"
    if ended(event):
        turn.arm("silence", turn.rules.first_key_s)
    elif isinstance(event, e.TimeUp):
        turn.draft(callback="caller", confirmed=False)
        return "done"
    return None


def phrases(items: Iterable[str], kind: str) -> Iterator[str]:
    """Every phrase key the questions may speak."""
    for item in items:
        if item == "anonymous":
            yield "ask.anonymous"
        elif item == "category":
            yield from ("ask.category", "category.more", "menu.item")
            yield from (f"category.{code}" for code in range(1, CATEGORIES + 1))
        elif item == "spoken_account":
            yield from (kinds.of(kind).account, *account.PHRASES)
        else:
            yield from ("callback.own", OWN_REFUSED, *number.PHRASES)
    yield "ask.repeat"
