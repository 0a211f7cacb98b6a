"""What becomes of a case, and of who is to be called back: decided by the real rules, at made-up moments."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.synthetic.unit import Unit
from ivr.cases.actions import ActionRefused, Do, Notice
from ivr.cases.case import CallbackRow, CaseRow
from ivr.cases.deadlines import CasePolicy
from ivr.cases.reminders import SUPERVISED, due_level
from ivr.cases.workflow import apply, with_note
from ivr.cases.worklist import Attempt, after, into_calling_hours
from ivr.facts.cases import CaseWarned
from ivr.ledger import Fact

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
OPERATORS = ("李强", "赵敏", "孙丽", "周涛", "吴倩", "郑凯", "冯雪", "陈晨")
LEAD, OTHER_LEAD, SUPERVISOR = "王芳", "刘洋", "陈总"
ROLES = {**dict.fromkeys(OPERATORS, "operator"), LEAD: "lead", OTHER_LEAD: "lead", SUPERVISOR: "supervisor"}
TEXTS = (
    "已电话告知办理结果，来电人表示理解。",
    "现场核实后已处理完毕。",
    "已说明政策依据并致歉。",
    "已安排专人跟进，结果另行告知。",
)

Step = tuple[int, str, str, dict[str, str]]  # when, who, action, fields


@dataclass
class Life:
    """Tells the life of a unit's cases and callbacks up to ``until`` (UTC ms)."""

    unit: Unit
    dice: random.Random
    rules: CasePolicy
    until: int

    def live(self, case_id: str) -> None:
        """Everything that happens to this case."""
        case = self._case(case_id)
        owner = self.dice.choice(OPERATORS)
        start = case.received + int(self.dice.uniform(MINUTE, 40 * MINUTE))
        for _round in range(3):  # a case that was reopened is worked on again
            if not self._work(case_id, start, owner) or not self._aftercare(case_id, owner):
                return
            case = self._case(case_id)
            if case.status != "handling":
                return
            start = case.span_from + int(self.dice.uniform(HOUR, 20 * HOUR))

    def _work(self, case_id: str, start: int, owner: str) -> bool:
        """From taking to closing; False when the year was over first."""
        for at, who, action, fields in list(self._plan(self._case(case_id), start, owner)):
            if not self._warn(case_id, at) or at > self.until:
                return False
            self._do(case_id, at, who, action, fields)
        return self._case(case_id).status in ("follow_up", "archived")

    def _plan(self, case: CaseRow, start: int, owner: str) -> Iterator[Step]:
        dice = self.dice
        span = max((case.due_ms or case.received + 3 * DAY) - case.span_from, 40 * MINUTE)
        late = dice.random() < 0.05
        reply = case.span_from + int(span * (dice.uniform(1.02, 1.9) if late else dice.betavariate(2, 2.2) * 0.98))
        if case.kind != "repair":
            reply = into_calling_hours(reply, self.rules)
        reply = max(reply, start + 20 * MINUTE)
        part = (reply - start) // 10
        if case.status == "received":
            yield from self._to_hands(case, start, part, owner)
        if dice.random() < 0.18:
            yield start + 3 * part, owner, "note", {"text": dice.choice(TEXTS)}
        if case.kind == "repair" and case.arrived is None:
            yield start + 5 * part, owner, "arrive", {}
        if dice.random() < 0.02:
            until = self.rules.written(start + 9 * part + HOUR)
            yield start + 4 * part, SUPERVISOR, "supervise", {"reason": "久拖未决，限期答复", "until": until}
            yield start + 7 * part, owner, "answer_supervision", {"text": dice.choice(TEXTS)}
        if dice.random() < 0.03:
            yield start + 5 * part, LEAD, "flag", {"flag": dice.choice(("hot", "hot", "major")), "reason": "多人反映"}
        if dice.random() < 0.05:
            yield start + 6 * part, owner, "ask_extension", {"n": str(dice.randint(1, 3)), "reason": "须现场核实"}
            action = "approve_extension" if dice.random() < 0.8 else "refuse_extension"
            yield start + 7 * part, OTHER_LEAD, action, {"reason": "情况属实" if action[0] == "a" else "可按期办结"}
        if case.kind in self.rules.profile.casework.pausable and dice.random() < 0.08:
            yield start + 6 * part, owner, "pause", {"reason": "等待来电人补充材料"}
            yield start + 8 * part, owner, "resume", {}
        if case.kind in ("complaint", "report") and dice.random() < 0.6:
            verdict = {"verdict": "valid" if dice.random() < 0.55 else "invalid", "concerned": dice.choice(OPERATORS)}
            yield start + 9 * part, LEAD, "judge", {**verdict, "text": dice.choice(TEXTS)}
        yield reply, owner, "reply", {"text": dice.choice(TEXTS), "evidence": "电话答复"}
        yield reply + int(dice.uniform(MINUTE, 5 * HOUR)), owner, "close", {}

    def _to_hands(self, case: CaseRow, start: int, part: int, owner: str) -> Iterator[Step]:
        dice = self.dice
        urgency = "urgent" if case.kind == "repair" or dice.random() < 0.06 else "ordinary"
        window = "complaint" if case.kind in ("complaint", "report") else dice.choice(("general", "business"))
        if dice.random() < 0.6:
            fields = {"urgency": urgency, "window": "repair" if case.kind == "repair" else window}
            yield start, LEAD, "classify", {**fields, "category": case.category or "other"}
            yield (
                start + part // 4,
                LEAD,
                "assign",
                {"handler": owner, "co_handlers": dice.choice(("", "", OPERATORS[0]))},
            )
        if dice.random() < 0.04:
            yield start + part // 2, owner, "return", {"reason": "不属本窗口职责"}
            yield start + part * 3 // 4, LEAD, "assign", {"handler": owner}
        yield start + part, owner, "accept", {}

    def _aftercare(self, case_id: str, owner: str) -> bool:
        """The follow-up call and the archive; True when the case was reopened."""
        case, callback = self._case(case_id), self._open_callback(case_id, "followup")
        if callback is None or case.closed is None:
            return False
        at = into_calling_hours(case.closed + int(self.dice.uniform(2 * HOUR, 40 * HOUR)), self.rules)
        while callback.state == "open":
            at = max(at, callback.next_at)
            if at > self.until:
                return False
            result = self.dice.choices(("reached", "no_answer", "busy", "refused", "wrong_number"), (72, 20, 5, 2, 1))[
                0
            ]
            callback = self._attempt(callback, case_id, at, owner, result)
            at += HOUR
        if self._case(case_id).status == "handling":
            return True
        late = at + int(self.dice.uniform(HOUR, 20 * HOUR))
        if late <= self.until:
            self._do(case_id, late, LEAD, "archive", {"reason": "多次回访未接通"})
        return False

    def _attempt(self, callback: CallbackRow, case_id: str | None, at: int, who: str, result: str) -> CallbackRow:
        """Somebody is called; the callback as it is afterwards."""
        solved, rating = ("yes" if self.dice.random() < 0.95 else "no"), ""
        if self.dice.random() < 0.78:
            rating = str(self.dice.choices((1, 2, 3, 4, 5), (46, 28, 16, 6, 4))[0])
        said = after(callback, Attempt(who, "operator", at, result), self.rules)
        reached = case_id is not None and result == "reached"
        if reached:
            said = replace(said, solved=solved == "yes", rating=int(rating) if rating else None)
        fact = Fact(at, said)
        if case_id is None:
            self.unit.say(fact)
            return self._callback(callback)
        row = self.unit.tell_case(fact, case_id)
        if said.outcome in ("unreachable", "wrong_number"):
            self._tell(Notice(said.outcome, ("owner", "role:lead")), case_id, at, f"{row.id}:{said.outcome}")
        if reached:
            self._do(case_id, at, who, "follow_up", {"solved": solved, "rating": rating, "reason": ""})
        return self._callback(callback)

    def missed(self, callback: CallbackRow, reached_at: int | None = None, by: str = "") -> None:
        """A missed call is called back, unless its caller reached us (``reached_at``) before somebody did."""
        if not callback.case_id and callback.state == "open":
            at = into_calling_hours(callback.created + int(self.dice.lognormvariate(16.2, 0.9)), self.rules)
            while callback.state == "open":
                at = max(at, callback.next_at)
                if reached_at is not None and reached_at <= at:
                    data = {"callback_id": callback.id, "outcome": "reached_us", "by": by, "reached": reached_at}
                    self.unit.tell(reached_at + 5000, "case", "callback_ended", data)
                    return
                if at > self.until:
                    return
                result = self.dice.choices(("reached", "no_answer", "busy", "refused"), (66, 25, 7, 2))[0]
                callback = self._attempt(callback, None, at, self.dice.choice(OPERATORS), result)
                at += HOUR

    def bad_ratings(self) -> None:
        """Who rated badly is called, whatever became of their case."""
        unit = self.unit
        for callback in [row for row in unit.tables.callbacks.values() if row.because]:
            at = into_calling_hours(callback.created + int(self.dice.uniform(HOUR, 30 * HOUR)), self.rules)
            while callback.state == "open":
                at = max(at, callback.next_at)
                if at > self.until:
                    break
                result = self.dice.choices(("reached", "no_answer", "busy", "refused"), (75, 18, 5, 2))[0]
                said = after(callback, Attempt(LEAD, "lead", at, result), self.rules)
                case_id = callback.case_id
                unit.say(Fact(at, said), case_id, call=case_id is None)
                callback = self._callback(callback)
                at += HOUR

    # --- within ---

    def _case(self, case_id: str) -> CaseRow:
        return self.unit.tables.cases[case_id]

    def _callback(self, callback: CallbackRow) -> CallbackRow:
        return self.unit.tables.callbacks[callback.id]

    def _do(self, case_id: str, at: int, who: str, action: str, fields: dict[str, str]) -> None:
        """One action, as the desk would do it; what the rules refuse does not happen."""
        role = ROLES[who]
        try:
            outcome = apply(self._case(case_id), Do(action, who, role, at, fields), self.rules)
        except ActionRefused:
            return
        first = True
        told = ""
        for fact in outcome.facts:
            if first and outcome.text:
                note = self.unit.ids(at)
                self.unit.notes.append((note, case_id, outcome.text, at))
                fact = with_note(fact, note)
            row = self.unit.tell_case(fact, case_id)
            told, first = told or row.id, False
        for notice in outcome.notices:
            self._tell(notice, case_id, at, f"{told}:{notice.kind}", by=who)

    def _warn(self, case_id: str, until: int) -> bool:
        """What the sweeper would have warned of before ``until``; always True."""
        while (at := self._case(case_id).next_action_at) is not None and at <= min(until, self.until):
            case = self._case(case_id)
            level = due_level(case, at)
            if level is None:
                break
            kind, moment = level.id, case.due_ms
            if level is SUPERVISED:
                kind, moment = "supervision_late", case.supervised
            self.unit.tell_case(Fact(at, CaseWarned(level=level.id, percent=level.percent, to=level.to)), case_id)
            self._tell(Notice(kind, level.to), case_id, at, f"{case.id}:{case.span_from}:{moment}:{kind}")
        return True

    def _tell(self, notice: Notice, case_id: str, at: int, event: str, by: str = "") -> None:
        case = self._case(case_id)
        data = {"number": case.number, "kind": case.kind, "due": case.due, "status": case.status}
        recipients = dict.fromkeys(self._inbox_of(one, case) for one in notice.to)
        for recipient in recipients:
            if recipient == f"user:{by}":
                continue
            read = at + int(self.dice.expovariate(1 / (9 * HOUR)))
            seen = read <= self.until
            self.unit.inbox.append(
                {
                    "id": self.unit.ids(at), "key": f"{event}:{recipient}", "event": event, "at": at,
                    "recipient": recipient, "kind": notice.kind, "case_id": case.id,
                    "data": json.dumps(data, ensure_ascii=False), "fanned": at + 1000, "read": read if seen else None,
                    "read_by": LEAD if seen else "",
                }
            )  # fmt: skip

    def _inbox_of(self, to: str, case: CaseRow) -> str:
        if to == "owner":
            return f"user:{case.owner}" if case.owner else "role:lead"
        return to if ":" in to else f"role:{to}"

    def _open_callback(self, case_id: str, kind: str) -> CallbackRow | None:
        for row in self.unit.tables.callbacks.values():
            if (row.case_id, row.kind, row.state) == (case_id, kind, "open"):
                return row
        return None
