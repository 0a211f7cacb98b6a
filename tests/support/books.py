"""What a test sees of a running hotline: its store, its journal, its vault, its prompts, its process.

Each test dials a number of its own (``sip:955981234@…``), so that its call is found by the called number.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import random
import sqlite3
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from hotline.process import factories
from ivr.call.commands import Say
from ivr.render_prompts import lines
from recordings.vault import Vault
from store.engine import open_engine, reading
from store.schema import Base, Call, Case, Journal, Leg, Recording, Seat
from tests.support.asterisk import AsteriskHotline
from tests.support.hotline import Hotline
from tests.support.waiting import wait_until

T = TypeVar("T")
PATIENCE_S = 30.0
PAUSE_S = 0.05
_numbers = itertools.count(random.randrange(100_000, 900_000))


def number() -> str:
    """A called number nobody else dials."""
    return f"95598{next(_numbers)}"


async def until(condition: Callable[[], T], timeout_s: float = PATIENCE_S, what: Callable[[], object] | str = "") -> T:
    """The first true value of ``condition``, while everything else goes on."""
    end = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout_s:g} s: {what() if callable(what) else what or condition}")
        await asyncio.sleep(PAUSE_S)
    return value


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the journal."""

    at: int
    kind: str
    name: str
    data: dict[str, Any]
    reason: str


class _Remembered:
    """What was read, as long as nothing was written: those who wait for something ask twenty times a second.

    Only SQLite says whether anybody has written (``PRAGMA data_version``); another store is read each time.
    """

    def __init__(self, engine: Engine) -> None:
        path = engine.url.database if engine.dialect.name == "sqlite" else None
        self._connection = sqlite3.connect(path, check_same_thread=False) if path else None
        self._version = -1
        self._read: dict[tuple[str, str], list[Any]] = {}

    def get(self, what: tuple[str, str], read: Callable[[], list[T]]) -> list[T]:
        """What ``read`` reads."""
        if self._connection is None:
            return read()
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version, self._read = version, {}
        known = self._read  # reading may find that something was written
        if what not in known:
            known[what] = read()
        return known[what]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class Books:
    """The store of one hotline, read from outside. Close it, or use it as a context manager."""

    def __init__(self, hotline: Hotline) -> None:
        self.hotline, self.settings = hotline, hotline.settings
        self.engine = open_engine(self.settings.database)
        self._read = reading(self.engine)
        self._remembered = _Remembered(self.engine)

    def close(self) -> None:
        self._remembered.close()
        self.engine.dispose()

    # --- rows ---

    def rows(self, model: type[Base], *where: Any) -> list[Any]:
        """Rows of a table, oldest first."""
        key = list(model.__mapper__.primary_key)
        with self._read.connect() as connection:
            return list(connection.execute(select(model).where(*where).order_by(*key)))

    def call(self, called: str) -> Any:
        """The row of the call to this number; None while there is none."""
        found = self._remembered.get(("call", called), lambda: self.rows(Call, Call.called == called))
        assert len(found) < 2
        return found[0] if found else None

    def facts(self, called: str, name: str = "") -> list[Fact]:
        """What the journal says of that call."""

        def read() -> list[Fact]:
            call = self.call(called)
            found = self.rows(Journal, Journal.call_id == call.id) if call else []
            return [Fact(row.at, row.kind, row.name, json.loads(row.data), row.reason) for row in found]

        return [fact for fact in self._remembered.get(("facts", called), read) if name in ("", fact.name)]

    def cases(self, called: str) -> list[Any]:
        """Cases opened in that call."""
        call = self.call(called)
        return self.rows(Case, Case.call_id == call.id) if call else []

    def legs(self, called: str) -> list[Any]:
        """Attempts to ring an operator in that call, in order."""
        call = self.call(called)
        found = self.rows(Leg, Leg.call_id == call.id) if call else []
        return sorted(found, key=lambda leg: int(leg.id.rpartition("/")[2]))

    def played(self, called: str) -> list[str]:
        """Phrase keys spoken in that call, in order."""
        return [key for fact in self.facts(called, "play") for key in fact.data["say"]]

    def story(self, called: str) -> str:
        """The call's journal as text, for a failed test."""
        told = [f"{f.at} {f.name} {f.data} {f.reason}" for f in self.facts(called)]
        return "\n".join(told) + f"\n{self.hotline.output()[-2000:]}"

    # --- waiting ---

    async def fact(self, called: str, name: str, timeout_s: float = PATIENCE_S, **data: Any) -> Fact:
        """The first fact of this name with this data, when it is written."""

        def found() -> Fact | None:
            fits = (f for f in self.facts(called, name) if data.items() <= f.data.items())
            return next(fits, None)

        return await until(found, timeout_s, lambda: f"{name} {data} in\n{self.story(called)}")

    async def says(self, called: str, key: str, times: int = 1) -> None:
        """Wait until a phrase began to be spoken (for the ``times``-th time)."""
        await until(lambda: self.played(called).count(key) >= times, what=lambda: f"{key}\n{self.story(called)}")

    async def step(self, called: str, name: str) -> None:
        """Wait until the call came to a step of the flow."""
        await self.fact(called, "step", step=name)

    async def reachable(self, seat: str) -> None:
        """Wait until an operator's telephone is registered."""
        await until(lambda: self.rows(Seat, Seat.id == seat, Seat.reachable), what=f"{seat} is not registered")

    async def ended(self, called: str, timeout_s: float = 60.0) -> Any:
        """The call's row when it is over."""
        await self.fact(called, "call_ended", timeout_s)
        return self.call(called)

    # --- sound ---

    def recordings(self, called: str) -> list[bytes]:
        """The sound of that call's recordings, decrypted, in order."""
        call = self.call(called)
        vault = Vault(self.settings.data.dir / "vault", factories.keys(self.settings))
        stored = self.rows(Recording, Recording.call_id == call.id)
        return [_pcm(vault.open(row.id)) for row in sorted(stored, key=lambda row: row.created)]

    def prompt(self, key: str, **arguments: str) -> bytes:
        """What the hotline plays for a phrase, in Chinese."""
        return self.prompts([(key, arguments)])[0]

    def prompts(self, wanted: list[tuple[str, dict[str, str]]]) -> list[bytes]:
        """The same for several."""
        phrases, zone = factories.phrases(self.settings), ZoneInfo(self.settings.unit.zone)
        voices = factories.voices(self.settings)
        try:
            made = []
            for key, arguments in wanted:
                say = Say(key, tuple(arguments.items()))
                today = datetime.now(UTC).astimezone(zone).date()
                named = {"window_title": lambda w, _: w, "hours": lambda h, _: h}
                (line,) = lines((say,), phrases, "zh-CN", caller=arguments.get("phone"), today=today, **named)
                made.append(voices.speak(line.text, "zh-CN", phrase_key=line.key, keep=not line.private).pcm)
            return made
        finally:
            voices.close()

    # --- the process ---

    @property
    def pid(self) -> int:
        assert self.hotline.process is not None
        return self.hotline.process.pid

    def descriptors(self) -> int:
        """Open file descriptors of the calls process."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def rtp_sockets(self) -> set[int]:
        """UDP ports of the sound's range the calls process has bound."""
        ports = self.settings.rtp.ports
        return {port for port in self.udp_ports() if ports.first <= port <= ports.last}

    def udp_ports(self) -> set[int]:
        """All UDP ports the calls process has bound."""
        mine = set()
        for entry in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                mine.add(os.readlink(entry))
            except OSError:
                continue  # closed meanwhile
        rows = [row.split() for row in Path("/proc/net/udp").read_text().splitlines()[1:]]
        return {int(row[1].split(":")[1], 16) for row in rows if f"socket:[{row[9]}]" in mine}


@contextmanager
def books_of(hotline: Hotline) -> Iterator[Books]:
    """The books of a hotline, closed afterwards."""
    books = Books(hotline)
    try:
        yield books
    finally:
        books.close()


@contextmanager
def house_on_asterisk(home: Path, part: str = "calls", **changes: Any) -> Iterator[Books]:
    """A running hotline on a real Asterisk, and its books. When all is told, nothing is left behind."""
    hotline = AsteriskHotline(home, part, changes=changes)
    try:
        hotline.start()
        with books_of(hotline) as books:
            yield books
        wait_until(lambda: hotline.asterisk.channels() == 0 and hotline.asterisk.bridges() == 0, 40)
        assert hotline.leftovers() == []
    finally:
        hotline.close()


def _pcm(wav: bytes) -> bytes:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return file.readframes(file.getnframes())
