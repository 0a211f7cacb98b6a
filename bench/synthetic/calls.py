"""What happens in one call: menu, wait, operators, the account a caller leaves, and who hangs up."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

from bench.synthetic.plan import NUMBER_RANGE
from bench.synthetic.unit import Unit
from ivr.cases.deadlines import CasePolicy
from ivr.cases.promise import case_request
from ivr.ledger import CaseRequest, Party
from store.journal.write_batch import NewCase

SEATS = tuple(str(number) for number in range(101, 141))
WINDOWS = ("general", "repair", "business", "complaint")
WINDOW_SEATS = {"general": SEATS[:16], "repair": SEATS[16:28], "business": SEATS[28:36], "complaint": SEATS[36:]}
WINDOW_WEIGHTS = (46, 26, 19, 9)
KINDS = ("complaint", "report", "repair", "enquiry", "suggestion", "request", "praise", "message", "callback")
KIND_WEIGHTS = (24, 5, 26, 13, 5, 9, 2, 11, 5)
CATEGORIES = ("attitude", "passed_around", "unlawful_or_late", "not_told_once", "integrity", "other")
CATEGORY_WEIGHTS = (30, 18, 17, 14, 6, 15)
FLOW = {"flow": "power-95598", "version": "9d" * 32, "profile": "sgcc_window"}
KNOWN_NUMBERS = 4000  # how many callers are remembered as those who may call again


class Numbers:
    """Who calls: one in three called within the last weeks, a few call again and again."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._recent: deque[str] = deque(maxlen=KNOWN_NUMBERS)
        self._again: list[tuple[int, str]] = []  # who was not reached tries again then

    def next(self, at: int) -> str:
        """The number of who calls now."""
        if self._again and self._again[0][0] <= at:
            return self._again.pop(0)[1]
        dice = self._dice
        if self._recent and dice.random() < 0.33:
            return self._recent[int(len(self._recent) * dice.random() ** 2)]
        number = f"{NUMBER_RANGE}{dice.randrange(10**8):08d}"
        self._recent.append(number)
        return number

    def tries_again(self, at: int, number: str) -> None:
        """This caller will call once more at about ``at``."""
        self._again.append((at, number))
        self._again.sort()


@dataclass(frozen=True)
class Sequence:
    """Case numbers of a day."""

    number_for: Any
    last: dict[str, int]

    def next(self, day: str) -> str:
        self.last[day] = self.last.get(day, 0) + 1
        return str(self.number_for(day, self.last[day]))


@dataclass
class Caller:
    """Tells one call into a unit; nothing after ``until`` happens."""

    unit: Unit
    dice: random.Random
    rules: CasePolicy
    numbers: Sequence
    until: int

    def call(self, at: int, pressure: float, number: str, cases: int) -> None:
        """The whole call; ``cases``: how many matters the caller leaves."""
        unit, dice = self.unit, self.dice
        call_id = unit.call_id = unit.ids(at)
        party = Party(unit.ids(at), number)
        unit.parties.append((party, at))
        offered = {
            "called": "95598", "ref": f"{call_id[:18]}@192.0.2.1", **FLOW, "caller_known": True, "party_id": party.id,
            "test": dice.random() < 0.004,
        }  # fmt: skip
        unit.tell(at, "event", "offered", offered)
        ring = int(dice.lognormvariate(6.2, 0.55)) if pressure < 1.5 else int(dice.lognormvariate(8.2, 0.9))
        if not self._happens(at + ring):
            return
        now = at + ring
        unit.tell(now, "event", "answered")
        if ring >= self.rules.profile.apology_after_ms and dice.random() < 0.97:
            unit.tell(now + 200, "command", "late_apology")
        unit.tell(now + 300, "command", "step", {"step": "greeting"})
        now += int(dice.uniform(2500, 14_000))
        if cases and dice.random() < 0.7:
            self._account(now, party, cases)
        elif not cases and dice.random() < 0.16:
            self._without_a_person(now)
        else:
            self._person(now, pressure, party, cases)

    def _happens(self, at: int) -> bool:
        return at <= self.until

    def _ends(self, at: int, by: str, cause: str) -> None:
        if self._happens(at):
            self.unit.tell(at, "event", "call_ended", {"released_by": by, "cause": cause})

    def _without_a_person(self, now: int) -> None:
        if self.dice.random() < 0.45:
            return self._ends(now, "caller", "caller_left")
        self.unit.tell(now, "event", "digit", {"key": self.dice.choice("123")})
        self.unit.tell(now + 100, "command", "step", {"step": "@farewell"})
        return self._ends(now + int(self.dice.uniform(8000, 40_000)), "us", "grace_timeout")

    def _account(self, now: int, party: Party, cases: int) -> None:
        """Menu, spoken account, number read back: the caller never asks for a person."""
        self.unit.tell(now, "event", "digit", {"key": self.dice.choice("45")})
        end = now + self._take(now + 1500, party, cases)
        self.unit.tell(end, "command", "step", {"step": "@farewell"})
        by, cause = ("caller", "caller_left") if self.dice.random() < 0.7 else ("us", "grace_timeout")
        self._ends(end + int(self.dice.uniform(500, 8000)), by, cause)

    def _person(self, now: int, pressure: float, party: Party, cases: int) -> None:
        unit, dice = self.unit, self.dice
        window = dice.choices(WINDOWS, WINDOW_WEIGHTS)[0]
        unit.tell(now, "event", "digit", {"key": "0"})
        unit.tell(now, "command", "human_requested", {"window": window})
        wait = int(dice.lognormvariate(8.4, 0.5))
        if pressure > 0.55:
            wait += int(dice.expovariate(1 / (22_000 * (pressure - 0.5))))
        patience = int(dice.expovariate(1 / 140_000)) + 900
        fails = dice.random() < 0.004
        if wait < patience and not fails:
            return self._answered(now, wait, window, party, cases)
        gone = now + min(patience, 240_000)
        self._rings(now + max(100, gone - now - 9000), window, 1)
        if not self._happens(gone):
            return None
        if cases:  # nobody could be had, so the matter is left as a message
            end = gone + self._take(gone, party, cases)
            return self._ends(end + 4000, "caller", "caller_left")
        if fails:
            return self._ends(gone, "failure", "no_answer")
        return self._ends(gone, "caller", "caller_left")

    def _rings(self, at: int, window: str, n: int) -> dict[str, Any]:
        seat = self.dice.choice(WINDOW_SEATS[window])
        leg = {"leg_id": f"{self.unit.call_id}/{n}", "seat": seat}
        if self._happens(at + 120):
            self.unit.tell(at, "command", "dial_seat", {**leg, "window": window, "level": "window", "ring_ms": 12_000})
            self.unit.tell(at + 120, "event", "seat_ringing", leg)
        return leg

    def _answered(self, now: int, wait: int, window: str, party: Party, cases: int) -> None:
        unit, dice = self.unit, self.dice
        n = 1
        if wait > 9000 and dice.random() < 0.12:  # the first who was rung did not lift
            leg = self._rings(now + wait - 8800, window, n)
            if self._happens(now + wait - 3700):
                unit.tell(now + wait - 3700, "event", "seat_failed", {**leg, "reason": "no_answer", "code": 480})
            n = 2
        leg = self._rings(now + max(50, wait - min(wait - 150, int(dice.uniform(1800, 7000)))), window, n)
        lifted = now + wait
        if not self._happens(lifted):
            return None
        unit.tell(lifted, "event", "seat_answered", leg)
        unit.tell(lifted, "command", "bridge", {**leg, "window": window})
        talk = int(dice.lognormvariate(11.8, 0.7))
        left = lifted + talk
        if not self._happens(left):
            return None
        if dice.random() < 0.8:
            return self._talked(left, party, cases, "caller", "caller_left")
        unit.tell(left, "event", "seat_left", leg)
        cause = "farewell" if dice.random() < 0.985 else "hangup"
        return self._talked(self._asked_to_rate(left + 500), party, cases, "us", cause)

    def _asked_to_rate(self, now: int) -> int:
        """The operator hung up first, so the hotline asks for a rating; when it is through with that."""
        unit, dice = self.unit, self.dice
        if not self._happens(now) or dice.random() < 0.15:  # asked within the week already
            return now
        unit.tell(now, "case", "rating_invited")
        pressed = now + int(dice.uniform(3000, 12_000))
        if dice.random() < 0.55 and self._happens(pressed):
            unit.tell(pressed, "case", "rated", {"rating": str(dice.choices((1, 2, 3, 4, 5), (52, 27, 14, 4, 3))[0])})
        return pressed + 2000

    def _talked(self, end: int, party: Party, cases: int, by: str, cause: str) -> None:
        if cases:
            end += self._take(end, party, cases)
        self._ends(end, by, cause)

    # --- cases ---

    def _take(self, now: int, party: Party, cases: int) -> int:
        """Record and open what the caller leaves; how long it took (ms)."""
        begin, dice = now, self.dice
        for n in range(1, cases + 1):
            length = int(dice.uniform(8000, 90_000))
            now += length
            if not self._happens(now + 3000):
                break
            token = f"r{n}"
            recording_id = self.unit.ids(now)
            recorded = {
                "recording_id": recording_id, "path": f"{recording_id[:2]}/{recording_id}.hlv", "token": token,
                "ms": length, "bytes": length * 16 + 44,
                "sha256": f"{dice.getrandbits(256):064x}",
            }  # fmt: skip
            self.unit.tell(now, "event", "recorded", recorded)
            now += 3000
            self._open(now, party, f"{self.unit.call_id}:{n}", (token,))
        return now - begin

    def _open(self, now: int, party: Party, command_id: str, recordings: tuple[str, ...]) -> None:
        case = self.request(now, command_id, party.id, "phone", recordings)
        self.open(case, party)

    def request(
        self, at: int, command_id: str, party_id: str | None, channel: str, recordings: tuple[str, ...] = ()
    ) -> CaseRequest:
        """A case of some kind, with its due date by the rules."""
        dice, rules = self.dice, self.rules
        kind = dice.choices(KINDS, KIND_WEIGHTS)[0]
        category = dice.choices(CATEGORIES, CATEGORY_WEIGHTS)[0] if kind == "complaint" else ""
        request = case_request(
            command_id=command_id, kind=kind, received_ms=at, profile=rules.profile, calendar=rules.calendar,
            zone=rules.zone, call_id=self.unit.call_id, channel=channel, category=category,
            anonymous=kind == "report" and dice.random() < 0.5, party_id=party_id, recordings=recordings,
            confirmed=dice.random() < 0.9, complete=dice.random() < 0.97,
        )  # fmt: skip
        return replace(request, consent=dice.random() < 0.96)

    def open(self, request: CaseRequest, party: Party | None) -> str:
        """Into the register; its id. An anonymous reporter's number is destroyed."""
        unit = self.unit
        case_id, number = unit.ids(request.received), self.numbers.next(request.day)
        code = f"h1${unit.dice.getrandbits(64):016x}${unit.dice.getrandbits(256):064x}" if request.anonymous else None
        new = NewCase(case_id, request, code, unit.ids(request.received))
        unit.add(new.opened(number))
        if request.anonymous and party is not None and unit.call_id is not None:
            unit.sealed.add(party.id)
            unit.tell(request.received + 1, "command", "party_sealed", {"party_id": party.id})
        return case_id
