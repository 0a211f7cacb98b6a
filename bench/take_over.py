"""How long callers on Asterisk are without the hotline when its process is killed, and when Asterisk itself is.

    python bench/take_over.py                  the three tables
    python bench/take_over.py --gate           exit status 1 when a figure is missed
    python bench/take_over.py --part serve     only one of: serve, calls, asterisk

serve: the calls process under ``hotline serve`` is killed with -9; its spare takes over. calls: ``hotline calls`` is
killed and started again at once, as an init system does. Each time a caller is in the menu and another one talks
with an operator; the figures are from the kill to the written fact that the talk was taken over, and to the
apology that begins to play in the menu. asterisk: Asterisk is killed; until the board knows, and from its
return to the first answered call.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import support  # noqa: F401 - the tests can be imported

from hotline.process import runfile
from hotline.process.standby import WAITING
from sip.core.config import Timing
from sip.embedded.phone import CallFailed, Phone
from store.schema import LiveCall, Seat
from tests.e2e.stories import citizen, operator
from tests.support.asterisk import AsteriskHotline
from tests.support.books import Books, books_of, number, until

KILLS = 10
GOES_ON_S, BOARD_S, BACK_S = 2.0, 5.0, 5.0


@dataclass
class Result:
    """Figures by name, and what was missed."""

    figures: dict[str, list[float]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def line(self) -> str:
        return "   ".join(
            f"{name} median {sorted(values)[len(values) // 2]:.2f} s, worst {max(values):.2f} s ({len(values)})"
            for name, values in self.figures.items()
        )

    def demand(self, name: str, most: float) -> None:
        worst = max(self.figures[name])
        if worst > most:
            self.missed.append(f"{name}: {worst:.2f} s > {most:g} s")


@asynccontextmanager
async def house(part: str) -> AsyncIterator[Books]:
    """A hotline on an Asterisk of its own."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        hotline = AsteriskHotline(Path(folder) / "hotline", part)
        try:
            await asyncio.to_thread(hotline.start)
            with books_of(hotline) as books:
                yield books
        finally:
            await asyncio.to_thread(hotline.close)


async def after_kills(part: str, kill: Callable[[Books], Coroutine[None, None, float]]) -> Result:
    """Kill it again and again; ``kill`` gives the moment of each."""
    result = Result({"talk taken over": [], "apology in the menu": []})
    async with house(part) as books:
        talking = number()
        async with operator(books.hotline, "101"), citizen(books.hotline, talking) as talks:
            await books.says(talking, "greet.menu")
            await talks.send_keys("0")
            await books.fact(talking, "bridge", seat="101")
            for n in range(KILLS):
                menu = number()
                async with citizen(books.hotline, menu) as chooses:
                    await books.says(menu, "greet.menu")
                    await chooses.send_keys("8")
                    await books.says(menu, "menu.item")
                    at = await kill(books)
                    await until(lambda n=n: len(books.facts(talking, "resumed")) == n + 1, 60)
                    await books.says(menu, "resume.sorry")
                    over = books.facts(talking, "resumed")[-1].at / 1000 - at
                    sorry = next(f for f in books.facts(menu, "play") if "resume.sorry" in f.data["say"]).at / 1000 - at
                    result.figures["talk taken over"].append(over)
                    result.figures["apology in the menu"].append(sorry)
                    if chooses.leg is None or talks.leg is None:
                        result.missed.append("a caller was dropped")
    for name in list(result.figures):
        result.demand(name, GOES_ON_S)
    return result


async def kill_and_start(books: Books) -> float:
    """As an init system does."""
    await asyncio.to_thread(books.hotline.kill)
    at = time.time()
    books.hotline.spawn()
    return at


async def kill_supervised(books: Books) -> float:
    """The calls process, once its spare is loaded."""
    await until(lambda: spare_is_loaded(books), 60)
    pid = int(runfile.read(books.hotline.data)["calls"]["pid"])
    os.kill(pid, signal.SIGKILL)
    return time.time()


def spare_is_loaded(books: Books) -> bool:
    """Is there a spare that waits?"""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            ours = str(books.hotline.config).encode() in (entry / "cmdline").read_bytes().split(b"\0")
            if ours and (entry / "comm").read_text().strip() == WAITING:
                return True
        except OSError:
            continue  # gone meanwhile
    return False


async def serve() -> Result:
    """With the spare."""
    return await after_kills("serve", kill_supervised)


async def calls() -> Result:
    """Without it."""
    return await after_kills("calls", kill_and_start)


async def asterisk() -> Result:
    """Asterisk ends, and comes back."""
    result = Result({"the board knows": [], "calls again": []})
    async with house("calls") as books:
        pbx = books.hotline.asterisk  # type: ignore[attr-defined]
        for _ in range(5):
            talking, talks = number(), await Phone.open(timing=Timing(t1=0.1, t2=0.4, t4=0.5))
            async with operator(books.hotline, "101"):
                await talks.call(f"sip:{talking}@{books.hotline.sip}", "13812345678")
                await books.says(talking, "greet.menu")
                await talks.send_keys("0")
                await books.fact(talking, "bridge", seat="101")
                pbx.process.kill()
                at = time.time()
                await until(lambda: not books.rows(LiveCall) and not books.rows(Seat, Seat.reachable), 60)
                result.figures["the board knows"].append(time.time() - at)
                await talks.close()
                await asyncio.to_thread(pbx.stop)
            await asyncio.to_thread(pbx.start)
            result.figures["calls again"].append(await first_answer(books))
    result.demand("the board knows", BOARD_S)
    result.demand("calls again", BACK_S)
    return result


async def first_answer(books: Books) -> float:
    """Call until somebody answers; how long it took, s."""
    begun = time.monotonic()
    while True:
        phone = await Phone.open()
        try:
            await phone.call(f"sip:{number()}@{books.hotline.sip}", "13812345678")
            return time.monotonic() - begun
        except CallFailed:
            await asyncio.sleep(0.1)
        finally:
            await phone.close()


PARTS = {"serve": serve, "calls": calls, "asterisk": asterisk}


def main() -> int:
    """Run the parts; with ``--gate`` the exit status tells."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--part", choices=PARTS, action="append")
    options.add_argument("--gate", action="store_true", help="exit status 1 when a figure is missed")
    given = options.parse_args()
    missed = []
    for name in given.part or PARTS:
        result = asyncio.run(PARTS[name]())
        print(f"{name:<9}{result.line()}", flush=True)
        missed += [f"{name}: {what}" for what in result.missed]
    for what in missed:
        print(f"missed: {what}")
    return int(bool(missed and given.gate))


if __name__ == "__main__":
    sys.exit(main())
