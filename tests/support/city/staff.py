"""Those who work on what the calls left behind: they classify, dispatch, answer, forget, ask for more time, call back.

Every case has a fate, thrown when it is first seen; what is done next follows from the case's state. Most is done
in office hours, repairs at any hour; some of it too late, so that there is something to warn of.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import Connection, Engine, Select, func, insert, select

from ivr.cases.actions import ActionRefused, Do
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import spoken_number
from ivr.cases.worklist import Attempt, in_calling_hours, may_call
from services.casework import Casework, MatterEntry
from store.keys import Keys
from store.read import worklists
from store.sql import Row, table
from tests.support import read_once

PEOPLE = {
    "李强": "operator", "赵敏": "operator", "孙丽": "operator", "周波": "operator", "王芳": "lead", "郑洁": "lead",
    "陈总": "supervisor",
}  # fmt: skip
OPERATORS = [name for name, role in PEOPLE.items() if role == "operator"]
CASES, CALLBACKS, USERS = table("cases"), table("callbacks"), table("users")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
OPENS, CLOSES = time(8, 30), time(17, 30)
LETTERS = {"suggestion": 4, "enquiry": 5, "request": 4, "repair": 9, "complaint": 5, "praise": 2, "report": 1}
RESULTS = {"reached": 62, "no_answer": 20, "busy": 8, "wrong_number": 3, "refused": 4, "later": 3}


@dataclass
class Fate:
    """What will become of a case. ``answers``: the share of the promised time after which it is answered."""

    answers: float
    assigned: bool
    returned: bool
    paused: bool
    extended: bool
    supervised: bool
    flagged: str
    judged: bool
    reopened: bool


class Staff:
    """Works whenever :meth:`work` is called. ``refused``: what the rules did not let them do, counted."""

    def __init__(
        self, engine: Engine, keys: Keys, rules: CasePolicy, now_ms: Callable[[], int], dice: random.Random
    ) -> None:
        self._engine, self._rules, self._now, self._dice = engine, rules, now_ms, dice
        self.casework = Casework(keys, rules, spoken_number, wording=read_once.wording)
        self.refused: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._plans: list[tuple[int, str]] = []
        self._fates: dict[str, Fate] = {}
        self._put_away: set[str] = set()  # nothing more is planned for them
        self._seen = ""
        self._calls_at = 0
        with engine.begin() as connection:
            for name, role in PEOPLE.items():
                person = {"id": name, "name": name, "role": role, "password": "", "seat": "", "active": True}
                connection.execute(insert(USERS), {**person, "created": 0, "session_epoch": 0})

    # --- the day ---------------------------------------------------------------------------------

    def work(self, letters: float = 0.0) -> None:
        """Everything that is to be done by now; ``letters``: how many matters come by other ways, on average."""
        now = self._now()
        with self._engine.begin() as connection:
            if self._dice.random() < letters:
                self._register(connection, now)
            for case in connection.execute(_new(self._seen)).mappings():
                self._seen = case["id"]
                self._fates[case["id"]] = self._fate()
                self._plan(case, now + self._minutes(5, 90), case["kind"] == "repair")
            while self._plans and self._plans[0][0] <= now:
                self._next_step(connection, heapq.heappop(self._plans)[1], now)
            if now >= self._calls_at and self._may_call_people(now):
                self._calls_at = now + 30 * MINUTE
                for kind in ("missed", "followup"):
                    self._call_people(connection, kind, now)

    def next_at(self) -> int | None:
        """When there is next something to do (UTC ms); None: nothing is open."""
        with self._engine.connect() as connection:
            waiting = select(func.min(CALLBACKS.c.next_at)).where(
                CALLBACKS.c.state == "open", CALLBACKS.c.kind.in_(["missed", "followup"]), CALLBACKS.c.test.is_(False),
                CALLBACKS.c.party_id.is_not(None),
            )  # fmt: skip
            callback = connection.scalar(waiting)
            warning = connection.scalar(select(func.min(CASES.c.next_action_at)))
        moments = [self._plans[0][0]] if self._plans else []
        moments += [self._calling(max(callback, self._calls_at, self._now()))] if callback is not None else []
        return None if not moments else min([*moments, *([warning] if warning is not None else [])])

    # --- one case --------------------------------------------------------------------------------

    def _next_step(self, connection: Connection, case_id: str, now: int) -> None:
        case = dict(connection.execute(select(CASES).where(CASES.c.id == case_id)).mappings().one())
        fate, urgent = self._fates[case_id], case["kind"] == "repair"
        if case["status"] == "archived" and not fate.reopened:
            self._put_away.add(case_id)
            return
        try:
            again = getattr(self, f"_{case['status']}")(connection, case, fate, now)
        except ActionRefused as refused:
            self.refused[f"{case['status']}: {refused}"] += 1
            again = now + 2 * HOUR
        self._plan(case, again, urgent)

    def _received(self, connection: Connection, case: Row, fate: Fate, now: int) -> int:
        window = self._dice.choice(["repair", "business", "general"])
        urgency = self._dice.choice(["ordinary", "urgent"])
        nature = case["category"] or self._dice.choice(["attitude", "other", "integrity"])
        self._do(connection, case, "classify", self._operator(), urgency=urgency, window=window, category=nature)
        if fate.flagged:
            self._do(connection, case, "flag", self._operator(), flag=fate.flagged, reason="涉及多人")
        return now + self._minutes(5, 60)

    def _classified(self, connection: Connection, case: Row, fate: Fate, now: int) -> int:
        if fate.assigned:
            helper = self._dice.choice(["", "周波"])
            self._do(connection, case, "assign", "王芳", handler=self._operator(), co_handlers=helper)
            return now + self._minutes(10, 120)
        self._do(connection, case, "accept", self._operator())
        return self._after_acceptance(case, fate, now)

    def _assigned(self, connection: Connection, case: Row, fate: Fate, now: int) -> int:
        if fate.returned:
            fate.returned = False
            self._do(connection, case, "return", case["handler"], reason="不属本窗口职责")
            return now + self._minutes(10, 120)
        self._do(connection, case, "accept", case["handler"])
        return self._after_acceptance(case, fate, now)

    def _after_acceptance(self, case: Row, fate: Fate, now: int) -> int:
        if fate.paused or fate.extended or fate.supervised:
            return now + self._minutes(10, 60)
        return self._answer_at(case, fate, now)

    def _answer_at(self, case: Row, fate: Fate, now: int) -> int:
        start, due = case["span_from"], case["due_ms"]
        return max(now + 5 * MINUTE, start + round((due - start) * fate.answers) if due else now + DAY)

    def _handling(self, connection: Connection, case: Row, fate: Fate, now: int) -> int:
        owner = case["owner"]
        if case["paused"] is not None:
            self._do(connection, case, "resume", owner)
            return self._answer_at(case, fate, now)
        if fate.paused and case["kind"] in self._rules.profile.casework.pausable and now < (case["due_ms"] or 0):
            fate.paused = False
            self._do(connection, case, "pause", owner, reason="等待补充材料")
            return now + self._minutes(120, 3000)
        if case["asked_days"] is not None:
            decision = self._dice.choice(["approve_extension", "approve_extension", "refuse_extension"])
            self._do(connection, case, decision, "郑洁", reason="情况属实")
            return self._answer_at(case, fate, now)
        if fate.extended and not case["extended"] and now < (case["due_ms"] or 0):
            fate.extended = False
            self._do(connection, case, "ask_extension", owner, n=str(self._dice.randint(1, 5)), reason="需现场勘查")
            return now + self._minutes(10, 240)
        if fate.supervised:
            fate.supervised = False
            until = self._rules.local(now + self._dice.randrange(HOUR, 2 * DAY)).replace(tzinfo=None)
            self._do(connection, case, "supervise", "陈总", reason="群众再次来电", until=until.isoformat())
            return now + self._minutes(60, 2000)
        if case["supervised"] is not None:
            self._do(connection, case, "answer_supervision", owner, text="已办理")
            return self._answer_at(case, fate, now)
        if case["kind"] == "repair" and case["arrived"] is None:
            self._do(connection, case, "arrive", owner)
            return now + self._minutes(20, 200)
        return self._reply(connection, case, owner, now)

    def _reply(self, connection: Connection, case: Row, owner: str, now: int) -> int:
        """By telephone when the citizen is waiting for a call, else by letter."""
        owed = select(CALLBACKS).where(
            CALLBACKS.c.case_id == case["id"], CALLBACKS.c.kind == "answer", CALLBACKS.c.state == "open"
        )
        found = connection.execute(owed).mappings().first()
        urgent = case["kind"] == "repair"
        if found is None or self._dice.random() < 0.3:
            self._do(connection, case, "reply", owner, text="已核实并改正", evidence="信函")
        elif may_call(found["next_at"], found["agreed"], now, in_calling_hours(now, self._rules), urgent=urgent):
            result = self._attempt(connection, found["id"], now, text="已核实并改正")
            if result != "reached":
                return now + self._minutes(30, 180)
        else:
            return max(now + 10 * MINUTE, found["next_at"])
        return now + self._minutes(5, 300)

    def _replied(self, connection: Connection, case: Row, fate: Fate, now: int) -> int:
        if fate.judged and case["kind"] in ("complaint", "report"):
            fate.judged = False
            verdict = self._dice.choice(["valid", "invalid"])
            self._do(connection, case, "judge", "郑洁", verdict=verdict, concerned="赵敏", text="调查属实")
            self._do(connection, case, "plead", "赵敏", text="当时系统故障")
        self._do(connection, case, "close", case["owner"] or "王芳")
        return now + self._minutes(60, 600)

    def _follow_up(self, connection: Connection, case: Row, fate: Fate, now: int) -> int:
        """The follow-up is made from its list; what could not be made is archived with the reason."""
        query = select(CALLBACKS.c.id).where(
            CALLBACKS.c.case_id == case["id"], CALLBACKS.c.kind == "followup", CALLBACKS.c.state == "open",
            CALLBACKS.c.test.is_(False),
        )  # fmt: skip
        if connection.scalar(query) is None:
            self._do(connection, case, "archive", "王芳", reason="回访未能接通")
        return now + self._minutes(300, 1500)

    def _followed_up(self, connection: Connection, case: Row, fate: Fate, now: int) -> int:
        self._do(connection, case, "archive", case["owner"] or "王芳")
        return now + DAY

    def _archived(self, connection: Connection, case: Row, fate: Fate, now: int) -> int:
        fate.reopened = False
        self._do(connection, case, "reopen", "王芳", reason="来电人再次反映")
        fate.answers = 0.5
        return now + self._minutes(60, 600)

    # --- telephone and letters ---------------------------------------------------------------------

    def _call_people(self, connection: Connection, kind: str, now: int) -> None:
        for entry in worklists.entries(connection, kind, now, self._rules):
            if entry.may_call and self._dice.random() < 0.4:
                self._attempt(connection, entry.first["id"], now)

    def _attempt(self, connection: Connection, callback_id: str, now: int, text: str = "") -> str:
        result = self._dice.choices(list(RESULTS), list(RESULTS.values()))[0]
        agreed = now + self._dice.randrange(HOUR, 20 * HOUR) if result == "later" else None
        solved = "yes" if self._dice.random() < 0.9 else "no"
        rating = self._dice.choice(["1", "1", "2", "2", "3", "4", "5", ""])
        attempt = Attempt(
            self._operator(), "operator", now, "reached" if result == "later" else result, agreed, "", solved, rating,
            text,
        )  # fmt: skip
        try:
            row = self.casework.attempt(connection, callback_id, attempt)
        except ActionRefused as refused:
            self.refused[f"attempt: {refused}"] += 1
            return ""
        self.done[f"call {result}"] += 1
        if row.case_id in self._put_away and row.outcome == "reached" and solved == "no":
            self._taken_up_again(connection, row.case_id, now)
        return result

    def _taken_up_again(self, connection: Connection, case_id: str, now: int) -> None:
        """Who was called about a bad rating says that nothing was solved: a case that was archived is open again."""
        case = dict(connection.execute(select(CASES).where(CASES.c.id == case_id)).mappings().one())
        if case["status"] != "archived":
            self._put_away.discard(case_id)
            self._plan(case, now + self._minutes(60, 600), case["kind"] == "repair")

    def _register(self, connection: Connection, now: int) -> None:
        kind = self._dice.choices(list(LETTERS), list(LETTERS.values()))[0]
        number = f"137{self._dice.randrange(10**8):08}" if self._dice.random() < 0.9 else ""
        self.casework.open(
            connection,
            MatterEntry(
                kind, "phone" if kind == "repair" else self._dice.choice(["letter", "visit", "web"]), self._operator(),
                now, "来信反映的事项", number, "", "other" if kind == "complaint" else "",
                consent=self._dice.random() < 0.95,
            ),
        )  # fmt: skip
        self.done["registered"] += 1

    # --- within ------------------------------------------------------------------------------------

    def _do(self, connection: Connection, case: Row, action: str, who: str, **fields: str) -> None:
        self.casework.do(connection, case["id"], Do(action, who, PEOPLE[who], self._now(), fields))
        self.done[action] += 1

    def _fate(self) -> Fate:
        dice = self._dice
        late = dice.random() < 0.06
        return Fate(
            dice.uniform(1.05, 1.9) if late else dice.uniform(0.1, 0.8), dice.random() < 0.6, dice.random() < 0.08,
            dice.random() < 0.2, dice.random() < 0.05, dice.random() < 0.03,
            dice.choices(["", "hot", "major"], [96, 2, 2])[0], dice.random() < 0.4, dice.random() < 0.01,
        )  # fmt: skip

    def _plan(self, case: Row, at: int, urgent: bool) -> None:
        heapq.heappush(self._plans, (at if urgent else self._office(at), case["id"]))

    def _office(self, at: int) -> int:
        """``at``, or a moment of the next morning at the office."""
        local = self._rules.local(at)
        if self._rules.calendar.is_workday(local.date()) and OPENS <= local.time() < CLOSES:
            return at
        day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
        while not self._rules.calendar.is_workday(day):
            day += timedelta(days=1)
        morning = datetime.combine(day, OPENS, self._rules.zone)
        return round(morning.timestamp() * 1000) + self._minutes(0, 90)

    def _may_call_people(self, now: int) -> bool:
        return 9 <= self._rules.local(now).hour < 20

    def _calling(self, at: int) -> int:
        """``at``, or the next time at which they call people."""
        hour = HOUR * ((at + HOUR - 1) // HOUR) if not self._may_call_people(at) else at
        while not self._may_call_people(hour):
            hour += HOUR
        return hour

    def _minutes(self, low: int, high: int) -> int:
        return self._dice.randint(low, high) * MINUTE

    def _operator(self) -> str:
        return self._dice.choice(OPERATORS)


def _new(seen: str) -> Select[tuple[str, str]]:
    return select(CASES.c.id, CASES.c.kind).where(CASES.c.id > seen).order_by(CASES.c.id)
