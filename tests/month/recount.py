"""The figures of a period counted a second time, from journal rows alone, by plain loops.

Written from the definitions of requirements B9 and from nothing of ``ivr/kpi`` or ``store``, so
that a mistake must be made twice to go unseen. Rows are dictionaries (``at``, ``name``, ``data``, ``call_id``,
``case_id``) in the order of the journal; who called is told by ``numbers``, from a call's ``ref`` to the number.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

HOUR = 3_600_000
NO_FAULT = ("grace_timeout", "consent", "farewell")  # ends of ours that are nobody's loss (S4-33, S2-5 四.2)

TURNED_AWAY = {
    "K26": ("CallLimit", "LoopLate", "LedgerLate", "Ending"),
    "K26-full": ("CallLimit",),
    "K26-late": ("LoopLate", "LedgerLate"),
    "K26-ending": ("Ending",),
}


@dataclass
class ACall:
    ref: str = ""
    arrive: int = 0
    test: bool = False
    party: str | None = None
    sys_answer: int | None = None
    human_req: int | None = None
    agent_answer: int | None = None
    agent_left: int | None = None
    ring: dict[str, int] = field(default_factory=dict)  # leg -> rang
    over_legs: set[str] = field(default_factory=set)
    agent_leg: str = ""
    end: int | None = None
    by: str = ""
    cause: str = ""
    cases: list[str] = field(default_factory=list)
    apology: bool = False
    handed: int = 0
    legs: dict[str, str] = field(default_factory=dict)  # seat -> the last leg to it
    last_step: str = ""
    nobody: bool = False  # every operator was tried in vain

    @property
    def kind(self) -> str:
        """A, X, K, F of B9 for who asked for a person, U if nobody could be had (an F); else ``self``, ``hung_up``."""
        if self.agent_answer is not None:
            return "A"
        if self.human_req is not None:
            if not self.cases and self.nobody and (self.cause in NO_FAULT or self.last_step == "@farewell"):
                return "U"
            return "K" if self.cases else "X" if self.by == "caller" else "F"
        if self.cases:
            return "self"
        if self.by == "failure":
            return "failed"
        return "self" if self.cause in NO_FAULT or self.last_step == "@farewell" else "hung_up"

    @property
    def wait(self) -> int:
        assert self.human_req is not None and self.end is not None
        return (self.end if self.agent_answer is None else self.agent_answer) - self.human_req


@dataclass
class Promise:
    """Something promised about a case, and when it was kept: each reopening makes a new one."""

    due: int | None
    strict: int | None
    start: int
    replied: int | None = None
    arrived: int | None = None
    closed: int | None = None
    paused: bool = False

    @property
    def kept(self) -> int | None:
        return min([at for at in (self.replied, self.arrived, self.closed) if at is not None], default=None)


@dataclass
class ACase:
    kind: str = ""
    channel: str = ""
    category: str = ""
    received: int = 0
    anonymous: bool = False
    party: str | None = None
    call: str | None = None
    consent: bool = True
    promises: list[Promise] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # follow-ups owed
    dispatched: bool = False
    returned: bool = False


@dataclass
class Task:
    """Somebody to be called: after closing (``followup``), because nobody answered (``missed``), or rated badly."""

    kind: str
    of: str
    created: int
    outcome: str = ""
    reached: int | None = None
    rating: int | None = None
    about: list[Rating] = field(default_factory=list)  # bad ratings it answers for


@dataclass
class Rating:
    """Somebody was asked for a rating, by keys after a talk (``call``) or in a follow-up."""

    source: str
    of: str
    at: int
    party: str | None
    rating: int | None = None
    handled: bool = False

    @property
    def bad(self) -> bool:
        return self.rating is not None and self.rating >= 4


class Count:
    """Reads the journal once; then :meth:`figures` of any period."""

    def __init__(self, journal: Iterable[Mapping[str, Any]], numbers: Mapping[str, str | None]) -> None:
        self.numbers = numbers
        self.calls: dict[str, ACall] = {}
        self.cases: dict[str, ACase] = {}
        self.tasks: dict[str, Task] = {}
        self.missed_of: dict[str, Task] = {}  # by call
        self.asked: list[Rating] = []
        self.asked_of: dict[str, list[Rating]] = {}
        self.away: list[tuple[int, str, int]] = []  # calls without room: when told, why, how many
        self.seats: dict[str, list[tuple[int, str, str]]] = {}  # what was done at each from when, by whom
        self.outages: dict[str, tuple[int, bool]] = {}  # planned -> (begins, announced seven whole days ahead)
        for row in journal:
            if row["case_id"] and (row["name"].startswith("case_") or row["name"].startswith("callback_")):
                self._case_row(row)
            if row["call_id"]:
                self._call_row(row)
            if row["name"] in ("callback_attempted", "callback_ended"):
                self._task_row(row)
            if row["name"] == "outage_announced" and row["data"]["kind"] == "planned":
                begins, told = row["data"]["starts"], row["data"]["announced"]
                self.outages[row["case_id"]] = begins, begins - told >= 7 * 24 * HOUR
            if row["name"] == "refused" and row["data"]["kind"] in TURNED_AWAY["K26"]:
                self.away.append((row["at"], row["data"]["kind"], row["data"]["count"]))
            if row["name"] == "operator_state":
                told = row["data"]
                self.seats.setdefault(told["seat"], []).append((row["at"], told["state"], told.get("operator", "")))
            if row["name"] == "outage_withdrawn":
                self.outages.pop(row["case_id"], None)

    # --- reading ---------------------------------------------------------------------------------

    def _call_row(self, row: Mapping[str, Any]) -> None:
        call, at, data = self.calls.setdefault(row["call_id"], ACall()), row["at"], row["data"]
        match row["name"]:
            case "offered":
                call.arrive, call.ref, call.test, call.party = at, data["ref"], data["test"], data["party_id"]
            case "answered" if call.sys_answer is None:
                call.sys_answer = at
            case "late_apology":
                call.apology = True
            case "step":
                call.last_step = data["step"]
            case "human_requested" if call.human_req is None:
                call.human_req = at
            case "dial_seat":
                call.ring[data["leg_id"]] = at
                call.legs[data["seat"]] = data["leg_id"]
            case "handed_over":
                call.handed += 1
                call.agent_leg, call.agent_left = call.legs.get(data["target"], ""), None
            case "seat_failed":
                call.over_legs.add(data["leg_id"])
            case "seat_answered" if data["leg_id"] not in call.over_legs and call.agent_answer is None and not call.end:
                call.agent_answer, call.agent_leg = at, data["leg_id"]
            case "drop_seat" | "seat_left":
                if data.get("leg_id") == call.agent_leg and call.agent_left is None and call.agent_answer is not None:
                    call.agent_left = at
                call.over_legs.add(data.get("leg_id", ""))
            case "rating_invited":
                self._ask(Rating("call", row["call_id"], at, call.party))
            case "rated":
                given = next(r for r in self.asked_of[row["call_id"]] if r.source == "call")
                given.rating = given.rating or int(data["rating"])
                if given.bad and given.party:
                    self.tasks[row["id"]] = Task("bad", row["call_id"], at)
            case "case_opened":
                call.cases.append(row["case_id"])
                if (task := self.missed_of.get(row["call_id"])) and not task.outcome:
                    task.outcome = "case"
            case "call_ended" if call.end is None:
                call.end, call.by, call.cause = at, data["released_by"], data["cause"]
                call.nobody = data.get("nobody", False)
                if call.agent_answer is not None and call.agent_left is None:
                    call.agent_left = at
                if call.kind in "XUF" and call.party:
                    self.tasks[row["id"]] = self.missed_of[row["call_id"]] = Task("missed", row["call_id"], at)
            case "party_sealed":
                if task := self.missed_of.get(row["call_id"]):
                    task.outcome = task.outcome or "sealed"

    def _case_row(self, row: Mapping[str, Any]) -> None:
        at, data, name = row["at"], row["data"], row["name"]
        if name == "case_opened":
            self.cases[row["case_id"]] = ACase(
                data["kind"], data["channel"], data["category"], data["received"], data["anonymous"],
                data["party_id"], row["call_id"], data["consent"],
                [Promise(data["due_ms"], data["unrolled_ms"], data["received"])],
            )  # fmt: skip
            return
        case = self.cases[row["case_id"]]
        if name == "case_reopened":
            case.promises.append(Promise(None, None, at))
        promise = case.promises[-1]
        if data.get("due"):
            promise.due, promise.strict = data["due"]["due_ms"], data["due"]["unrolled_ms"]
        if name == "case_classified":
            case.category = data["category"]
        elif name == "case_consent":
            case.consent = data["consent"] == "yes"
        match name:
            case "case_replied" if promise.replied is None:
                promise.replied = at
            case "case_arrived":
                promise.arrived = at
            case "case_assigned":
                case.dispatched = True
            case "case_returned":
                case.returned = True
            case "case_paused":
                promise.paused = True
            case "case_resumed":
                promise.paused = False
            case "case_closed":
                promise.closed = at
                if data.get("followup"):
                    self.tasks[row["id"]] = Task("followup", row["case_id"], at)
                    case.asked.append(row["id"])
        ended = {"case_archived": "archived", "case_reopened": "reopened"}.get(name, "")
        if name == "case_consent" and not case.consent:
            ended = "no_consent"
        for task in [self.tasks[id_] for id_ in case.asked] if ended else []:
            if task.kind == "bad" and ended != "no_consent":
                continue  # what somebody rated badly is answered for whatever becomes of the case
            task.outcome = task.outcome or ended

    def _task_row(self, row: Mapping[str, Any]) -> None:
        data = row["data"]
        task = self.tasks.get(data["callback_id"])
        if task is None or task.outcome:
            return
        if data.get("outcome"):
            task.outcome = data["outcome"]
        if row["name"] == "callback_attempted":
            if data["result"] == "reached":
                task.reached = task.reached or row["at"]
            task.rating = data.get("rating") if data.get("rating") is not None else task.rating
            if data.get("outcome") == "reached" and task.kind != "missed":
                self._followed_up(row, task)

    def _followed_up(self, row: Mapping[str, Any], task: Task) -> None:
        """A bad rating of before is answered for; a new one may have been given."""
        for rating in self.asked_of.get(task.of, []):
            if rating.bad:
                rating.handled = True
        given = row["data"].get("rating")
        if given is None:
            return
        case = self.cases.get(task.of)
        party = case.party if case else self.calls[task.of].party
        self._ask(Rating("followup", task.of, row["at"], party, given))
        again = given >= 4 and party and (case is None or row["data"].get("solved") is not False)
        if again:
            self.tasks[row["id"]] = Task("bad", task.of, row["at"])
            if case:
                case.asked.append(row["id"])

    def _ask(self, rating: Rating) -> None:
        self.asked.append(rating)
        self.asked_of.setdefault(rating.of, []).append(rating)

    # --- what a report shows beside the figures ------------------------------------------------

    def arrivals(self, start: int, end: int, zone: tzinfo) -> Counter[tuple[int, str]]:
        """(quarter of an hour of the day, how it ended) -> calls."""
        names = {"A": "answered", "X": "abandoned", "K": "callback", "U": "unanswered", "F": "failed"}
        found: Counter[tuple[int, str]] = Counter()
        for call in self.calls.values():
            if start <= call.arrive < end and not call.test:
                local = datetime.fromtimestamp(call.arrive / 1000, zone)
                found[local.hour * 4 + local.minute // 15, names.get(call.kind, call.kind)] += 1
        return found

    def received(self, start: int, end: int) -> Counter[tuple[str, str]]:
        """(kind, channel) -> cases."""
        return Counter((case.kind, case.channel) for case in self._real(start, end))

    def categories(self, start: int, end: int) -> Counter[str]:
        """Kind of complaint -> complaints."""
        return Counter(case.category for case in self._real(start, end) if case.kind == "complaint")

    def ratings(self, start: int, end: int) -> Counter[int]:
        """Rating -> how often: by keys after a talk, and in follow-ups of cases that were closed in the period."""
        found: Counter[int] = Counter()
        for case in self.cases.values():
            closed = case.promises[-1].closed
            if closed is not None and start <= closed < end and not self._is_test(case):
                found.update(rating for id_ in case.asked if (rating := self.tasks[id_].rating) is not None)
        here = [r for r in self.asked if r.source == "call" and start <= r.at < end and not self._tested(r)]
        found.update(r.rating for r in here if r.rating is not None)
        return found

    def due(self, start: int, end: int) -> dict[str, Counter[str]]:
        """Kind -> what was due: all of it, kept in time, kept late."""
        found: dict[str, Counter[str]] = {}
        for case in self.cases.values():
            for promise in case.promises if not self._is_test(case) else ():
                if promise.due is not None and start <= promise.due < end:
                    kinds = found.setdefault(case.kind, Counter())
                    kinds["due"] += 1
                    if promise.kept is not None:
                        kinds["in_time" if promise.kept <= promise.due else "late"] += 1
        return found

    def _real(self, start: int, end: int) -> list[ACase]:
        return [case for case in self.cases.values() if start <= case.received < end and not self._is_test(case)]

    # --- counting --------------------------------------------------------------------------------

    def figures(self, start: int, end: int, now: int, limit: int, short: int = 5000) -> dict[str, tuple[Any, ...]]:
        """Figure id -> (numerator, denominator), a mean's numerator in ms; order statistics -> (ms, n)."""
        inside = [c for c in self.calls.values() if start <= c.arrive < end]
        asked = [c for c in inside if c.human_req is not None and not c.test]
        answered = [c for c in asked if c.kind == "A"]
        left = [c for c in asked if c.kind == "X"]
        o, a, x = len(asked), len(answered), len(left)
        waits = sorted(c.wait for c in answered)
        s = sum(c.wait < short for c in left)
        found: dict[str, tuple[Any, ...]] = {"K1": (a, o), "K1n": (a, o - s), "K4": (x, o), "K4n": (x - s, o)}
        for n in sorted({15_000, 20_000, limit}):
            quick, early = sum(w <= n for w in waits), sum(c.wait <= n for c in left)
            name = f"{n / 1000:g}"
            found[f"K2a-{name}"], found[f"K2b-{name}"] = (quick, o), (quick, o - s)
            found[f"K2c-{name}"], found[f"K2d-{name}"] = (quick, a), (quick + early, o)
        found["K3"] = (sum(waits), a)
        if waits:
            found["K3-median"] = ((waits[(a - 1) // 2] + waits[a // 2]) / 2, a)
            found["K3-p90"] = (waits[math.ceil(0.9 * a) - 1], a)
            found["K3-max"] = (waits[-1], a)
        found["K4-time"] = (sum(c.wait for c in left), x)
        found["K5"] = (sum(w <= limit for w in waits), a)
        found["K5-offered"] = (sum(w <= limit for w in waits), o)
        late = [c for c in inside if not c.test and c.sys_answer is not None and c.sys_answer - c.arrive >= 15_000]
        found["K6"] = (sum(c.apology for c in late), len(late))
        talks = [c.agent_left - c.agent_answer for c in answered if c.agent_left and c.agent_answer]
        found["K7-talk"] = (sum(talks), len(talks))
        cut = [c for c in answered if c.by == "us" and c.cause not in NO_FAULT]
        found["K21"] = (len(cut), a)
        found["K23"] = (sum(c.handed > 1 for c in answered), a)
        found["K22"] = (sum((c.human_req or 0) - c.arrive for c in asked), o)
        found["K1g"] = self._worst_day(start, min(end, now))
        self._promises(found, start, end, now)
        self._follow_ups(found, start, end)
        closed = [
            case for case in self.cases.values()
            if case.dispatched and not self._is_test(case) and start <= (case.promises[-1].closed or -1) < end
        ]  # fmt: skip
        found["K25"] = (sum(not case.returned for case in closed), len(closed))
        early = [in_time for begins, in_time in self.outages.values() if start <= begins < end]
        found["K19"] = (sum(early), len(early))
        found["K20"] = self._called_back(start, end, now)
        taken = sum(not c.test and c.cause != "fax" for c in inside)
        away = [(why, n) for at, why, n in self.away if start <= at < end]
        self._operators(found, start, min(end, now))
        tried = taken + sum(n for _, n in away)
        for name, kinds in TURNED_AWAY.items():
            found[name] = (sum(n for why, n in away if why in kinds), tried)
        return found

    def _operators(self, found: dict[str, tuple[Any, ...]], start: int, end: int) -> None:
        """Every moment of the period belongs to what the last fact before it said of the seat."""
        spent, talks = Counter[str](), 0
        for told in self.seats.values():
            told = sorted(told, key=lambda one: one[0])
            for (since, state, who), after in zip(told, [*told[1:], None], strict=True):
                until = end if after is None else after[0]
                if who:
                    spent[state] += max(0, min(until, end) - max(since, start))
                    talks += state == "talking" and after is not None and start < until <= end
        busy, work, ring, idle, pause = (
            round(spent[state] / 1000) for state in ("talking", "wrapup", "ringing", "ready", "paused")
        )
        found["K7-handle"] = (spent["talking"] + spent["wrapup"], talks)
        found["K8"] = (busy + work + ring, busy + work + ring + idle)
        found["K9"] = (busy + work, busy + work + ring + idle + pause)

    def _worst_day(self, start: int, end: int) -> tuple[int, int]:
        offered, answered = Counter[int](), Counter[int]()
        for call in self.calls.values():
            if call.human_req is not None and not call.test:
                offered[call.arrive // HOUR] += 1
                answered[call.arrive // HOUR] += call.kind == "A"
        worst = (0, 0)
        for last in range(start // HOUR + 1, end // HOUR + 1):
            o = sum(offered[hour] for hour in range(last - 24, last))
            a = sum(answered[hour] for hour in range(last - 24, last))
            if o and (not worst[1] or a / o < worst[0] / worst[1] or (a * worst[1] == worst[0] * o and o > worst[1])):
                worst = (a, o)
        return worst

    def _promises(self, found: dict[str, tuple[Any, ...]], start: int, end: int, now: int) -> None:
        def rate(kinds: tuple[str, ...], until: str, done: str) -> tuple[int, int]:
            good = total = 0
            for case in self.cases.values():
                if (kinds and case.kind not in kinds) or self._is_test(case):
                    continue
                for promise in case.promises:
                    due, at = getattr(promise, until), getattr(promise, done)
                    if due is None or not start <= due < end or (at is None and (promise.paused or due > now)):
                        continue
                    total += 1
                    good += at is not None and at <= due
            return good, total

        found["K12"] = rate((), "due", "closed")
        for kind in ("complaint", "report"):
            found[f"K13-{kind}"] = rate((kind,), "due", "replied")
            found[f"K13-{kind}-strict"] = rate((kind,), "strict", "replied")
        found["K14"] = rate((), "due", "kept")
        found["K18"] = rate(("repair",), "due", "arrived")
        took = [
            promise.arrived - promise.start for case in self.cases.values() for promise in case.promises
            if case.kind == "repair" and not self._is_test(case) and promise.due is not None
            and start <= promise.due < end and promise.arrived is not None
        ]  # fmt: skip
        found["K18-time"] = (sum(took), len(took))

    def _follow_ups(self, found: dict[str, tuple[Any, ...]], start: int, end: int) -> None:
        reached = total = 0
        answers: list[int | None] = []
        for case in self.cases.values():
            closed = case.promises[-1].closed
            if closed is None or not start <= closed < end or self._is_test(case):
                continue
            tasks = [self.tasks[id_] for id_ in case.asked]
            if case.anonymous or not case.consent or not tasks or tasks[-1].outcome == "no_consent":
                continue
            total += 1
            if any(task.reached for task in tasks):
                reached += 1
                answers.append(([None] + [task.rating for task in tasks if task.rating is not None])[-1])
        here = [r for r in self.asked if start <= r.at < end and not self._tested(r)]
        answers += [r.rating for r in here if r.source == "call"]
        given = [rating for rating in answers if rating is not None]
        bad = [r for r in here if r.bad and r.party]
        found["K15"], found["K16-rated"] = (reached, total), (len(given), len(answers))
        found["K16"] = (sum(rating <= 3 for rating in given), len(given))
        found["K17"] = (sum(r.handled for r in bad), len(bad))

    def _called_back(self, start: int, end: int, now: int) -> tuple[int, int]:
        first: dict[str, int] = {}  # number -> first missed
        met: dict[str, list[int]] = {}
        for task in self.tasks.values():
            call = self.calls.get(task.of)
            if task.kind != "missed" or call is None or call.test or not start <= task.created < end:
                continue
            if task.outcome in ("case", "sealed"):  # they left word after all; or nobody is known
                continue
            number = self.numbers[call.ref] or ""
            first[number] = min(task.created, first.get(number, task.created))
            if task.reached is not None:
                met.setdefault(number, []).append(task.reached)
        for call in self.calls.values():
            number = self.numbers.get(call.ref) or ""
            if number in first and call.kind in "AK" and call.arrive >= first[number]:
                met.setdefault(number, []).append(call.agent_answer or call.end or 0)
        good = total = 0
        for number, missed in first.items():
            at = min(met.get(number, []), default=None)
            if at is None and missed + 24 * HOUR > now:
                continue
            total += 1
            good += at is not None and at - missed <= 24 * HOUR
        return good, total

    def _tested(self, rating: Rating) -> bool:
        case = self.cases.get(rating.of)
        return self._is_test(case) if case else self.calls[rating.of].test

    def _is_test(self, case: ACase) -> bool:
        return bool(case.call and self.calls[case.call].test)
