"""The same world around different engines: a caller, operators' phones, and waiting until something is so.

A rig is what the contract test talks to. One per engine: the simulator in virtual time, the embedded
engine and Asterisk with real phones on loopback. Another engine joins by writing one more rig.
"""

from __future__ import annotations

import asyncio
import math
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ivr.clock import VirtualClock
from ivr.telephony import Clip, Engine, EngineEvent, Incoming
from sip.asterisk.engine import AsteriskEngine
from sip.core.config import EmbeddedConfig, SeatConfig, Timing, TrunkConfig
from sip.core.sip_messages import host_of
from sip.embedded.engine import EmbeddedEngine
from sip.embedded.media import Media
from sip.embedded.phone import OnCall, Phone, PhoneEvent
from sip.simulator import SeatPlan, Simulator
from tests.rules.numbers_table import CITY
from tests.sip.raw import Caller
from tests.sip.test_phone import power
from tests.support import ports
from tests.support.asterisk import CALLED_IN, PROVIDER, SEATS, SECRET, SHA, shared

WAIT_S = 20.0
AUDIBLE = 0.1  # share of what is heard
PLANS = {
    "answers": SeatPlan(answer_ms=300),
    "busy": SeatPlan(fail="busy"),
    "silent": SeatPlan(answer_ms=None),
    "absent": SeatPlan(),
}
ON_CALL = {
    "answers": OnCall(answer_after_s=0.3),
    "busy": OnCall(refuse=486),
    "declines": OnCall(refuse=603),
    "silent": OnCall(),
}


def voice(ms: int, hz: float = 440.0) -> Clip:
    """Something to be heard: a tone of ``ms`` milliseconds."""
    n = 8 * ms
    pcm = struct.pack(f"<{n}h", *(int(9000 * math.sin(2 * math.pi * hz * i / 8000)) for i in range(n)))
    return Clip(f"tone{hz:g}-{ms}", pcm, f"tone {hz:g}")


class Rig(ABC):
    """An engine with a world around it."""

    engine: Engine

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[EngineEvent] = []

    @abstractmethod
    async def start(self) -> None: ...

    async def stop(self) -> None:
        await self.engine.stop()

    @abstractmethod
    async def call(self, caller: str | None = "13800001111") -> str:
        """A caller rings; the line's name."""

    @abstractmethod
    async def press(self, line: str, key: str) -> None: ...

    @abstractmethod
    async def speak(self, line: str, ms: int) -> None: ...

    @abstractmethod
    async def caller_leaves(self, line: str) -> None: ...

    @abstractmethod
    async def seat(self, seat: str, does: str) -> None:
        """``does``: answers, busy, silent (rings only), or absent (no phone)."""

    @abstractmethod
    async def citizen(self, number: str, does: str) -> None:
        """A phone behind the trunk; ``does``: answers, busy, or silent (rings only)."""

    @abstractmethod
    async def operator_leaves(self, seat: str) -> None: ...

    @abstractmethod
    async def call_of_seat(self, seat: str, called: str) -> str:
        """Another phone of a seat calls; the line's name."""

    @abstractmethod
    async def refer(self, seat: str, target: str, other: str = "") -> None:
        """The phone of a seat in a call asks to hand it over, or to put it through to the line ``other``."""

    @abstractmethod
    def news(self, seat: str) -> list[int]:
        """What it was told of it since, beyond that it is being tried."""

    @abstractmethod
    async def hears(self, lines: dict[str, str]) -> dict[str, set[str]]:
        """Everybody speaks; of each line, whom it hears. ``lines``: with the seat of each, "" for a caller."""

    @abstractmethod
    async def wait(self, condition: Callable[[], Any]) -> Any:
        """Until ``condition()`` is true; fails after a generous time."""

    @abstractmethod
    async def pause(self, ms: int) -> None:
        """Let time pass."""

    def of(self, kind: type[Any], line: str | None = None) -> list[Any]:
        """The events of one kind, of one line."""
        return [e for e in self.events if isinstance(e, kind) and (line is None or getattr(e, "line", None) == line)]

    async def event(self, kind: type[Any], line: str | None = None) -> Any:
        """The first event of a kind, as soon as it is there."""
        return (await self.wait(lambda: self.of(kind, line)))[0]

    async def answered(self) -> str:
        """A call that we have answered."""
        from ivr.telephony import LineUp

        line = await self.call()
        self.engine.answer(line)
        await self.event(LineUp, line)
        return line


class SimulatorRig(Rig):
    async def start(self) -> None:
        self.clock = VirtualClock(1_000_000)
        self.sim = Simulator(self.clock)
        self.engine = self.sim
        await self.sim.start(self.events.append)

    async def stop(self) -> None:
        await self.sim.stop()
        self.clock.advance(10)
        assert self.sim.lines == 0

    async def call(self, caller: str | None = "13800001111") -> str:
        line = self.sim.call("95598", caller)
        self.clock.advance(1)
        return line

    async def press(self, line: str, key: str) -> None:
        self.sim.press(line, key)

    async def speak(self, line: str, ms: int) -> None:
        self.sim.speak(line, ms)

    async def caller_leaves(self, line: str) -> None:
        self.sim.leave(line)

    async def seat(self, seat: str, does: str) -> None:
        self.sim.seat(seat, PLANS[does], reachable=does != "absent")
        self.clock.advance(1)

    async def citizen(self, number: str, does: str) -> None:
        self.sim.number(number, PLANS[does])

    async def operator_leaves(self, seat: str) -> None:
        line = self.sim.line_of(seat)
        assert line is not None
        self.sim.leave(line)

    async def call_of_seat(self, seat: str, called: str) -> str:
        line = self.sim.call(called, seat, seat=seat)
        self.clock.advance(1)
        return line

    async def refer(self, seat: str, target: str, other: str = "") -> None:
        line = self.sim.line_of(seat)
        assert line is not None
        self.token = self.sim.refer(line, target, other)
        self.clock.advance(1)

    def news(self, seat: str) -> list[int]:
        return self.sim.told.get(self.token, [])

    async def hears(self, lines: dict[str, str]) -> dict[str, set[str]]:
        return {line: set(self.sim.hears(line)) for line in lines}

    async def wait(self, condition: Callable[[], Any]) -> Any:
        for _ in range(round(WAIT_S * 100)):
            if found := condition():
                return found
            self.clock.advance(10)
        raise AssertionError(f"never so; events: {self.events}")

    async def pause(self, ms: int) -> None:
        self.clock.advance(ms)


class PhonesRig(Rig):
    """Real telephones on loopback; ``port``: where the engine takes calls, ``provider``: where its trunk leads."""

    port: int
    provider: int

    async def start(self) -> None:
        self.phones: dict[str, Phone] = {}
        self.tasks: list[asyncio.Task[None]] = []
        self.told: dict[str, list[int]] = {}

    async def stop(self) -> None:
        await self.engine.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for phone in self.phones.values():
            await phone.close()

    async def call(self, caller: str | None = "13800001111") -> str:
        return await self._calls(await Phone.open("127.0.0.1"), "95598", caller or "anonymous")

    async def call_of_seat(self, seat: str, called: str) -> str:
        return await self._calls(await self.phone(f"{seat} again", seat, "silent"), called, seat)

    async def _calls(self, phone: Phone, called: str, caller: str) -> str:
        known = len(self.of(Incoming))
        uri = f"sip:{called}@127.0.0.1:{self.port}"
        self.tasks.append(asyncio.create_task(phone.call(uri, caller)))
        incoming = (await self.wait(lambda: self.of(Incoming)[known:]))[0]
        self.phones[incoming.line] = phone
        return str(incoming.line)

    async def press(self, line: str, key: str) -> None:
        await self.phones[line].up()
        await self.phones[line].send_keys(key)

    async def speak(self, line: str, ms: int) -> None:
        self.phones[line].play([voice(ms)])

    async def caller_leaves(self, line: str) -> None:
        self.tasks.append(asyncio.create_task(self.phones[line].hangup()))

    async def seat(self, seat: str, does: str) -> None:
        if does != "absent":
            await self.phone(seat, seat, does)

    async def phone(self, name: str, seat: str, does: str) -> Phone:
        """One of a seat's phones."""
        told = self.told.setdefault(name, [])

        def happened(event: PhoneEvent) -> None:
            if event.kind == "transfer":
                told.append(int(event.detail))

        phone = self.phones[name] = await Phone.open("127.0.0.1", on_event=happened)
        phone.on_call = ON_CALL[does]
        await phone.register(f"127.0.0.1:{self.port}", seat, SECRET)
        await self.wait(lambda: self.engine.reachable().get(seat))
        return phone

    @abstractmethod
    async def ask_phones(self, seat: str) -> None:
        """Whether they are there, now and not at its time."""

    async def citizen(self, number: str, does: str) -> None:
        phone = self.phones[number] = await Phone.open(PROVIDER, self.provider)
        phone.on_call = ON_CALL[does]

    async def far_network(self) -> Caller:
        """What is behind the trunk, written by hand."""
        provider = Caller(self.port, host=PROVIDER, at=self.provider)
        provider.here = 200
        return provider

    async def operator_leaves(self, seat: str) -> None:
        await self.phones[seat].hangup()

    async def refer(self, seat: str, target: str, other: str = "") -> None:
        self.phones[seat].transfer(target, self.phones[other] if other else None)

    def news(self, seat: str) -> list[int]:
        return [code for code in self.told[seat] if code != 100]

    async def hears(self, lines: dict[str, str]) -> dict[str, set[str]]:
        phones = {line: self.phones[seat or line] for line, seat in lines.items()}
        tones = {line: 400.0 + 300 * n for n, line in enumerate(phones)}
        before = {line: len(phone.heard) for line, phone in phones.items()}
        for line, phone in phones.items():
            phone.play([voice(900, tones[line])])
        await asyncio.sleep(0.8)
        heard = {line: bytes(phone.heard[before[line] :][-3200:]) or bytes(2) for line, phone in phones.items()}
        return {line: {other for other, hz in tones.items() if power(heard[line], hz) > AUDIBLE} for line in phones}

    async def wait(self, condition: Callable[[], Any]) -> Any:
        for _ in range(round(WAIT_S * 100)):
            if found := condition():
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"never so; events: {self.events}")

    async def pause(self, ms: int) -> None:
        await asyncio.sleep(ms / 1000)


class EmbeddedRig(PhonesRig):
    async def start(self) -> None:
        await super().start()
        self.provider = ports.free_address().port
        config = EmbeddedConfig(
            sip_host="127.0.0.1",
            sip_port=0,
            rtp_range=tuple(ports.rtp_range(400)),
            seats={seat: SeatConfig(seat, SECRET) for seat in SEATS} | {SHA.id: SHA},
            trunk=TrunkConfig(f"{PROVIDER}:{self.provider}", "", register=False),
            called_in=CALLED_IN,
            plan=CITY,
            timing=Timing(t1=0.1, t2=0.4, t4=0.5),
            qualify_s=1.0,
        )
        self.engine = engine = EmbeddedEngine(config, Media("127.0.0.1", config.rtp_range))
        await engine.start(self.events.append)
        self.port = engine.port

    async def ask_phones(self, seat: str) -> None:
        pass  # every second


class AsteriskRig(PhonesRig):
    """One Asterisk serves all stories: each leaves it without a channel."""

    http = False  # requests by HTTP, as to an Asterisk before 22.4

    async def start(self) -> None:
        await super().start()
        self.asterisk, site = shared()
        assert site.trunk is not None
        self.port, self.provider = site.sip_port, host_of(f"sip:{site.trunk.registrar}")[1]
        self.engine = AsteriskEngine(replace(site.engine, http=self.http, plan=CITY))
        await self.engine.start(self.events.append)

    async def citizen(self, number: str, does: str) -> None:
        await super().citizen(number, does)
        await asyncio.to_thread(self.asterisk.cli, "pjsip qualify trunk")  # it asks once a minute by itself
        await self.wait(lambda: self.engine.trunk_state == "reachable")

    async def far_network(self) -> Caller:
        provider = await super().far_network()
        there = asyncio.create_task(provider.listening())
        await asyncio.to_thread(self.asterisk.cli, "pjsip qualify trunk")
        await self.wait(lambda: self.engine.trunk_state == "reachable")
        there.cancel()
        return provider

    async def ask_phones(self, seat: str) -> None:
        await asyncio.to_thread(self.asterisk.cli, f"pjsip qualify {seat}")

    async def stop(self) -> None:
        await super().stop()
        assert self.asterisk.channels() == 0 and self.asterisk.bridges() == 0


class AsteriskByHttpRig(AsteriskRig):
    http = True


RIGS: dict[str, type[Rig]] = {"simulator": SimulatorRig, "embedded": EmbeddedRig, "asterisk": AsteriskRig}
