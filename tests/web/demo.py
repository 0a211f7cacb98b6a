"""A small hotline's morning, written through the real store: what the panel's tests and screenshots look at."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.cases.promise import case_request
from ivr.ledger import CallTransaction, Fact, Live, Party, StoredCase
from ivr.numbers import HOME, Plan
from recordings.vault import Vault
from services import users
from services.callbacks import Wish
from services.factors import Factors
from store.figures.counting import FigureCounter
from store.ids import uuid7
from store.journal.entries import append_facts
from store.people.drafts import Drafts
from store.schema import InboxRow
from tests.support import read_once
from tests.support.facts import fact, stored
from tests.support.moments import ZONE
from tests.support.records import Records
from web import Name, PanelConfig
from web.passwords import Argon2

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=ZONE)  # a Thursday
TODAY = NOON.date()
SECOND = 1000
WINDOWS = {
    "repair": Name("故障报修", "Repairs"),
    "business": Name("业务办理", "Services"),
    "complaint": Name("投诉受理", "Complaints"),
    "general": Name("综合服务", "General enquiries"),
}
SEATS = {
    "101": Name("一号座席", "Seat one"),
    "102": Name("二号座席", "Seat two"),
    "103": Name("三号座席", "Seat three"),
    "104": Name("四号座席", "Seat four"),
}
PASSWORD = "correct-horse-battery"
ROLES = users.ROLES


def at(text: str, day: date = TODAY) -> int:
    """UTC ms of a local time of day, ``09:15:30``."""
    hour, minute, second = (int(part) for part in (text + ":00")[:8].split(":"))
    moment = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZONE)
    return int(moment.timestamp() * 1000)


def quick_hasher() -> Argon2:
    """Real argon2, as cheap as it goes: tests log in often."""
    from argon2 import PasswordHasher

    return Argon2(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Compiled(BytecodeCache):
    """Templates as one panel of this process compiled them; a panel for each test finds them here."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


@dataclass
class Clock:
    """A clock the test sets."""

    ms: int = int(NOON.timestamp() * 1000)

    def __call__(self) -> int:
        return self.ms

    def advance(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


class World(Records):
    """One hotline: its records and vault in a folder, and what happens in it."""

    def __init__(self, folder: Path, clock: Clock | None = None, plan: Plan = HOME) -> None:
        self.clock = clock or Clock()
        super().__init__(folder, self.clock, plan=plan)
        self.vault = Vault(folder / "vault", self.keys)

    def config(self, **changes: Any) -> PanelConfig:
        given: dict[str, Any] = {
            "engine": self.engine, "secrets": lambda: [b"k" * 32], "parties": self.parties, "vault": self.vault,
            "casework": self.casework, "profile": self.profile,
            "calling": self.calling, "counter": FigureCounter(self.engine), "drafts": Drafts(self.keys),
            "factors": Factors(self.keys),
            "window_seats": {"repair": ("101", "102")},
            "phrases": read_once.phrases(), "compiled": COMPILED,
            "calendar": self.calendar, "now_ms": self.clock, "zone": ZONE,
            "unit": Name("示范供电服务中心", "Model Power Service Centre"), "windows": WINDOWS, "seats": SEATS,
            "hasher": quick_hasher(), "version": "0.1.0",
        }  # fmt: skip
        return PanelConfig(**{**given, **changes})

    def people(self) -> None:
        """One account of each role, named like it."""
        hashed = users.hashed(quick_hasher(), "", PASSWORD)
        with Session(self.engine) as session, session.begin():
            for role in ROLES:
                user = users.create_user(
                    session, name=role, password=hashed, role=role, now=self.clock() - 2 * 86_400_000,
                    seat="101" if role == "operator" else "",
                )  # fmt: skip
                if role == "custodian":
                    user.confirmed, user.confirmed_by = user.created, "supervisor"
            session.execute(delete(InboxRow))  # that accounts were made is no news to these people

    # --- calls -----------------------------------------------------------------------------

    def turn(self, call_id: str, facts: list[Fact], live: Live | None = None, **more: Any) -> None:
        problems: list[Exception | None] = []
        self.ledger.commit(CallTransaction(call_id, tuple(facts), live, **more), problems.append)
        assert problems == [None], problems

    def call(self, start: int, number: str | None, facts: list[tuple[float, str, dict[str, Any]]], **more: Any) -> str:
        """A call that arrives at ``start``; ``facts``: (seconds after, name, data). ``live``: it is up now."""
        call_id = uuid7(start)
        party = Party(uuid7(start), number) if number else None
        offered = {
            "called": "95598", "ref": f"{call_id[:8]}@demo", "flow": "power-95598", "version": "5f0c2ab19e7d",
            "profile": self.profile.name, "caller_known": bool(number), "party_id": party.id if party else None,
            "test": more.pop("test", False),
        }  # fmt: skip
        rows = [fact(start, "offered", offered)]
        reasons = more.pop("reasons", {})
        for after, name, data in facts:
            rows.append(stored(start + round(after * 1000), name, data, reasons.get(name, "")))
        self.turn(call_id, rows, more.pop("live", None), parties=(party,) if party else (), **more)
        return call_id

    def party_of(self, call_id: str) -> str | None:
        from store.schema import Call

        with Session(self.engine) as session:
            return session.get_one(Call, call_id).party_id

    def answered(self, start: int, number: str, *, window: str = "repair", seat: str = "101", wait: float = 6.2,
                 talk: float = 95, key: str = "1", busy: str = "", test: bool = False) -> str:  # fmt: skip
        """Menu, a key, seat A (or B after a busy A), a talk, the caller hangs up."""
        leg = f"{uuid7()}/{seat}"
        facts: list[tuple[float, str, dict[str, Any]]] = [
            (0.4, "answered", {}), (0.4, "step", {"step": "greet"}), (6.0, "step", {"step": "main"}),
            (9.0, "digit", {"key": key}), (9.0, "step", {"step": window}), (9.1, "human_requested", {"window": window}),
        ]  # fmt: skip
        if busy:
            other = f"{uuid7()}/{busy}"
            facts += [
                (9.1, "dial_seat", dialled(other, busy, window)),
                (9.3, "seat_failed", {"leg_id": other, "seat": busy, "reason": "busy", "code": 486}),
            ]  # fmt: skip
        facts += [
            (9.3, "dial_seat", dialled(leg, seat, window)),
            (9.4, "seat_ringing", {"leg_id": leg, "seat": seat}),
        ]
        if wait > 12:
            facts.append((9.1 + wait - 0.5, "late_apology", {}))
        facts += [
            (9.1 + wait, "seat_answered", {"leg_id": leg, "seat": seat}),
            (9.2 + wait, "bridge", {"leg_id": leg, "seat": seat, "window": window}),
            (9.2 + wait + talk, "call_ended", {"released_by": "caller", "cause": "caller_left"}),
        ]
        return self.call(start, number, facts, test=test)

    def abandoned(self, start: int, number: str | None, *, wait: float = 9, window: str = "business") -> str:
        """Asks for a person and hangs up before one answers."""
        leg = f"{uuid7()}/103"
        return self.call(
            start, number,
            [
                (0.4, "answered", {}), (0.4, "step", {"step": "main"}), (5.0, "digit", {"key": "0"}),
                (5.0, "human_requested", {"window": window}),
                (5.1, "dial_seat", dialled(leg, "103", window)),
                (5.2, "seat_ringing", {"leg_id": leg, "seat": "103"}),
                (5.0 + wait, "call_ended", {"released_by": "caller", "cause": "caller_left"}),
            ],
        )  # fmt: skip

    def complaint(self, start: int, number: str | None, *, kind: str = "complaint", category: str = "attitude",
                  anonymous: bool = False, complete: bool = True) -> tuple[str, StoredCase]:  # fmt: skip
        """A case by key press and spoken account; returns the call's id and the case."""
        recording = uuid7(start)
        facts: list[tuple[float, str, dict[str, Any]]] = [
            (0.4, "answered", {}), (0.4, "step", {"step": "main"}), (8.0, "digit", {"key": "3"}),
            (8.0, "step", {"step": kind}), (15.0, "digit", {"key": "3"}),
            (40.0, "recorded", {"recording_id": recording, "token": "r1", "path": recording, "end": "silence",
                                **self.sound(recording, 21.5)}),
        ]  # fmt: skip
        call_id = self.call(start, number, facts, live=live(start, "power-95598", kind))
        party = self.party_of(call_id)
        request = case_request(
            command_id=f"{call_id}/1", kind=kind, received_ms=start + 60 * SECOND, profile=self.profile,
            calendar=self.calendar, zone=ZONE, call_id=call_id, category=category, anonymous=anonymous,
            party_id=party, recordings=("r1",), confirmed=bool(number) and not anonymous, complete=complete,
            query_code="482915" if anonymous else "",
        )  # fmt: skip
        stored: list[Any] = []
        self.ledger.open_case(request, stored.append)
        assert isinstance(stored[0], StoredCase), stored
        end = [fact(start + 95 * SECOND, "call_ended", {"released_by": "caller", "cause": "caller_left"})]
        self.turn(call_id, end, seal_party=party if anonymous else None)
        return call_id, stored[0]

    def replied(self, case: StoredCase, moment: int) -> None:
        """The case is answered."""
        from store.schema import Case

        with Session(self.engine) as session:
            call_id = session.get_one(Case, case.id).call_id
        with self.engine.begin() as connection:
            append_facts(connection, [fact(moment, "case_replied")], call_id=call_id, case_id=case.id)

    def sound(self, name: str, seconds: float) -> dict[str, Any]:
        """A recording in the vault: a tone that rises, so that its parts differ."""
        wav = self.folder / f"{name}.wav"
        at = np.arange(int(seconds * 8000))
        with wave.open(str(wav), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(np.rint(6000 * np.sin(at * (0.1 + at / 4e6))).astype("<i2").tobytes())
        item = self.vault.put(wav, name)
        return {"ms": item.ms, "bytes": item.bytes, "sha256": item.sha256}

    # --- now -------------------------------------------------------------------------------

    def seats_now(self, reachable: str = "101 102 103", busy: dict[str, str] | None = None) -> None:
        """Which phones can be rung, and which are in a call."""
        for seat in SEATS:
            since = self.clock() - 40 * 60 * SECOND
            self.ledger.seat_changed(seat, since, reachable=seat in reachable.split(), call_id=None)
        for seat, call_id in (busy or {}).items():
            self.ledger.seat_changed(seat, self.clock() - 75 * SECOND, call_id=call_id)

    def alive(self) -> None:
        """The calls process beats."""
        self.ledger.heartbeat("calls", self.clock())

    def waiting(self, seconds: float, number: str = "13911112222", window: str = "repair") -> str:
        """A caller who asked for a person ``seconds`` ago and still waits."""
        now = self.clock()
        start = now - round((seconds + 12) * 1000)
        asked = now - round(seconds * 1000)
        facts: list[tuple[float, str, dict[str, Any]]] = [
            (0.4, "answered", {}), (0.4, "step", {"step": "main"}), (12, "human_requested", {"window": window}),
        ]  # fmt: skip
        there = live(start, "power-95598", window, since=asked, window=window, waiting=asked)
        return self.call(start, number, facts, live=there)

    def talking(self, seconds: float, seat: str, number: str = "13700001111", window: str = "business") -> str:
        """A caller who speaks with an operator."""
        start = self.clock() - round((seconds + 20) * 1000)
        leg = f"{uuid7()}/{seat}"
        facts: list[tuple[float, str, dict[str, Any]]] = [
            (0.4, "answered", {}), (10, "human_requested", {"window": window}),
            (10.2, "dial_seat", dialled(leg, seat, window)),
            (10.3, "seat_ringing", {"leg_id": leg, "seat": seat}), (20, "seat_answered", {"leg_id": leg, "seat": seat}),
            (20, "bridge", {"leg_id": leg, "seat": seat, "window": window}),
        ]  # fmt: skip
        there = live(start, "power-95598", window, since=start + 20 * SECOND, window=window, seat=seat)
        return self.call(start, number, facts, live=there)

    def listening(self, seconds: float, step: str = "main", number: str = "13600002222") -> str:
        """A caller who hears the menu."""
        start = self.clock() - round(seconds * 1000)
        return self.call(start, number, [(0.4, "answered", {})], live=live(start, "power-95598", step))

    def called_back(self, start: int, number: str) -> str:
        """A caller who gave up and was called back; what came of it is still to be written down. The command's id."""
        from store.schema import Callback

        call_id = self.abandoned(start, number, wait=31)
        with Session(self.engine) as session:
            entry = session.scalars(select(Callback.id).where(Callback.call_id == call_id)).one()
        wish = Wish(uuid7(self.clock()), entry, "operator", "operator", "101", self.clock() - 120 * SECOND)
        with self.engine.begin() as connection:
            self.calling.ask(connection, wish)
            self.calling.take(connection, "node1", wish.at)
        for n, name in enumerate(("seat_rings", "seat_up", "dialled", "rings", "up")):
            self.turn(wish.id, [fact(wish.at + n * 4000, f"outgoing_{name}")])
        end = {"result": "reached", "cause": "citizen_left", "code": 0}
        self.turn(wish.id, [fact(wish.at + 80 * SECOND, "outgoing_ended", end)])
        with self.engine.begin() as connection:
            self.calling.settle(connection, self.clock())
        return wish.id


def dialled(leg: str, seat: str, window: str) -> dict[str, Any]:
    """The data of ``dial_seat``."""
    return {"leg_id": leg, "seat": seat, "window": window, "level": "window", "ring_ms": 12000}


def live(start: int, flow: str, step: str, *, since: int | None = None, window: str = "", seat: str = "",
         waiting: int | None = None) -> Live:  # fmt: skip
    """Where a call stands now."""
    return Live("{}", f"{start}@demo", flow, step, since or start + 400, start, window, seat, waiting)


def morning(world: World) -> None:
    """A lively board, calls of every outcome, cases of every urgency, a few days back."""
    for n in range(34):  # enough for percentages
        world.answered(
            at("08:00") + n * 190 * SECOND, f"1380000{n:04}", window=("repair", "business", "general")[n % 3],
            seat=("101", "102", "103")[n % 3], wait=(3.1, 5.4, 8.2, 4.0, 11.3, 17.8, 6.6)[n % 7], talk=40 + n * 7 % 150,
            key=("1", "4", "0")[n % 3], busy="101" if n % 5 == 1 and n % 3 else "",
        )  # fmt: skip
    for n, wait in enumerate((2.5, 8.4, 31.0)):
        world.abandoned(at("09:05") + n * 1500 * SECOND, f"1350000{n:04}", wait=wait)
    world.answered(at("10:31"), "13800138000", wait=4.4, test=True)
    world.complaint(at("10:58"), "13812345678")
    world.complaint(at("11:20"), None, category="passed_around", complete=False)
    world.complaint(at("11:41"), "13987654321", kind="report", category="", anonymous=True)
    world.complaint(at("16:10", date(2026, 11, 20)), "13611119999", category="unlawful_or_late")
    world.complaint(at("09:30", date(2026, 11, 22)), "13722228888", category="not_told_once")
    _call, done = world.complaint(at("14:05", date(2026, 11, 23)), "13533337777", category="lost_documents")
    world.replied(done, at("10:15", date(2026, 11, 25)))
    world.complaint(at("08:50", date(2026, 11, 18)), "13644446666", kind="report", category="")
    world.alive()
    talking = world.talking(83, "102")
    world.waiting(47, window="complaint")
    world.waiting(9, number="03961234567")
    world.listening(6)
    world.seats_now(busy={"102": talking})
