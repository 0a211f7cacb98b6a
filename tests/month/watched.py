"""Was everybody told in time? The warnings a second time, simply, from the journal and the inboxes (CBK-11).

After 50 % and 80 % of the promised time the owner, at its end the lead too, after 120 % the supervisor too: unless the
promise was kept, the clock stood, or the time was changed before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PERCENT = {"half": 50, "near": 80, "due": 100, "late": 120}
TOLD = {
    "half": {"owner"}, "near": {"owner"}, "due": {"owner", "role:lead"},
    "late": {"owner", "role:lead", "role:supervisor"}, "supervised": {"owner", "role:supervisor"},
}  # fmt: skip
DONE = ("case_replied", "case_arrived", "case_closed", "case_archived")


@dataclass
class Watched:
    """One case as its warnings see it. ``told``: the highest warning given; ``since``: when its time last changed."""

    owner: str
    start: int
    due: int | None
    since: int
    told: int = 0
    runs: bool = True
    problems: list[str] = field(default_factory=list)

    def until(self, at: int, lag: int) -> None:
        """Nothing happened until ``at``: was something to be told in between?"""
        if self.due is None or not self.runs:
            return
        for level, percent in PERCENT.items():
            # Of a promise whose clock was set going again, half may be over from the beginning.
            moment = max(self.since, self.start + (self.due - self.start) * percent // 100)
            if percent > self.told and moment + lag < at:
                self.problems.append(f"{level} at {moment} was not told until {at}")


def silent(
    journal: Iterable[Mapping[str, Any]], inbox: Iterable[Mapping[str, Any]], accounts: set[str], lag: int, now: int
) -> tuple[list[str], int]:
    """What was not told, or to the wrong people; and how many warnings were right. ``lag``: between two looks (ms)."""
    told: dict[tuple[str, int, str], set[str]] = {}
    for row in inbox:
        told.setdefault((row["case_id"], row["at"], row["kind"]), set()).add(row["recipient"])
    cases: dict[str, Watched] = {}
    right = 0
    for row in journal:
        case_id, name, at, data = row["case_id"], row["name"], row["at"], row["data"]
        if not case_id or not name.startswith("case_"):
            continue
        if name == "case_opened":
            cases[case_id] = Watched(data.get("owner", ""), data["received"], data["due_ms"], at)
            continue
        case = cases[case_id]
        case.until(at, lag)
        if name == "case_warned":
            kind = "supervision_late" if data["level"] == "supervised" else data["level"]
            owner = f"user:{case.owner}" if case.owner in accounts else "role:lead"
            expected = {owner if to == "owner" else to for to in TOLD[data["level"]]}
            if told.get((case_id, at, kind), set()) == expected:
                right += 1
            else:
                case.problems.append(f"{kind} at {at} went to {told.get((case_id, at, kind))}, not {expected}")
        elif name == "case_accepted":
            case.owner = data["who"]
        elif name in ("case_replied", "case_arrived"):
            case.owner = case.owner or data["who"]
        if name == "case_warned" and data["level"] != "supervised":
            case.told = data["percent"]
        if name == "case_reopened":
            case.start = case.since = at
        elif name == "case_resumed":
            case.start, case.since = case.start + data["stood_ms"], at
        if data.get("due"):
            case.due, case.since = data["due"]["due_ms"], at
            case.told = case.told if name == "case_resumed" else 0
        if name in (*DONE, "case_paused"):
            case.runs = False
        elif name in ("case_resumed", "case_reopened"):
            case.runs = True
    for case in cases.values():
        case.until(now, lag)
    return [f"{case_id}: {problem}" for case_id, case in cases.items() for problem in case.problems], right
