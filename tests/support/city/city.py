"""A city that calls its hotline, in virtual time: citizens, operators, and the work that follows the calls.

    city = City(folder, seed=1)
    city.live(days=30, calls_a_day=5000)      # calls come in, cases are worked on, the sweeper looks around
    city.wind_down()                          # nobody calls any more; what is open is brought to its end

Conductor, flows, store, casework, sweeper and figures are the shipped ones; the engine is the shipped simulator.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ivr.call import commands as c
from ivr.desk.desk import WindowSeats
from ivr.render_prompts import lines
from ivr.telephony import Clip
from services.sweeper import Sender, Sweeper
from sip.simulator import SeatPlan
from store.outbox import Addresses
from tests.support.city import outages
from tests.support.city.citizens import WANTS, Citizen
from tests.support.city.staff import Staff
from tests.support.moments import ZONE
from tests.support.world import CHAR_MS, World, hours

DAY_MS = 86_400_000
LETTERS = 0.006  # matters that come by letter, at the counter or to a person who types, for each call
TICK_MS = 300_000  # staff and sweeper look this often
WIND_DOWN_MS = 900_000  # and at most this often when nobody calls any more
LONGEST_MS = 2 * 3_600_000  # a call, at the end of a day
HOURLY = (1, 1, 1, 1, 1, 2, 4, 10, 26, 32, 30, 22, 18, 24, 30, 28, 24, 18, 12, 10, 8, 6, 4, 2)  # arrivals by hour
PEOPLE = 40_000
WITHHELD, TEST_CALLS, REDIALS = 0.04, 0.005, 0.3
HANGS_UP_FIRST = 0.25  # the operator: then the hotline asks for a rating
HARD_HOURS = 0.08
NIGHT = range(22, 31)  # 22:00 to 07:00


def seats(first: int, count: int) -> tuple[str, ...]:
    return tuple(str(first + n) for n in range(count))


WINDOWS = {
    "repair": WindowSeats("repair", seats(101, 8), seats(301, 3), "故障报修"),
    "business": WindowSeats("business", seats(201, 6), seats(304, 3), "业务办理"),
    "general": WindowSeats("general", seats(301, 12), seats(101, 3), "综合服务"),
}
SEATS = sorted({seat for window in WINDOWS.values() for seat in (*window.seats, *window.group)})


class Voice:
    """Speaks by keeping phrase keys as the names of clips; each is as long as its text takes to say."""

    def __init__(self) -> None:
        self.world: World | None = None
        self._known: dict[tuple[str, str], Clip] = {}

    def clips(
        self, says: tuple[c.Say, ...], lang: str, caller: str | None, ready: Callable[[list[Clip]], None]
    ) -> None:
        ready([self._clip(say, lang, caller) for say in says])

    def _clip(self, say: c.Say, lang: str, caller: str | None) -> Clip:
        fixed = not say.args
        if fixed and (known := self._known.get((say.key, lang))):
            return known
        assert self.world is not None
        titles = WINDOWS
        (spoken,) = lines(
            [say], self.world.phrases, lang, caller=caller, window_title=lambda w, _: titles[w].title, hours=hours
        )
        clip = Clip(say.key, bytes(16 * CHAR_MS * len(spoken.text)), say.key)
        if fixed:
            self._known[say.key, lang] = clip
        return clip


class Shredder:
    """Keeps what the journal says of a recording, and not the recording."""

    def keep(self, recording_id: str, path: Path, done: Callable[[dict[str, Any] | None], None]) -> None:
        size = path.stat().st_size
        path.unlink()
        done({"path": path.name, "bytes": size, "sha256": "0" * 64})


class City(World):
    """See the module. ``numbers``: the number of every call, by its line (None: withheld)."""

    def __init__(
        self, folder: Path, seed: int = 1, start: str = "2026-09-01T00:00:00", flow: str = "power-95598",
        addresses: Addresses | None = None, senders: Mapping[str, Sender] | None = None,
    ) -> None:  # fmt: skip
        voice = Voice()
        super().__init__(folder, flow, start=start, windows=WINDOWS, speaker=voice, keeper=Shredder(), relaxed=True)
        voice.world = self
        self.dice = random.Random(seed)
        self._outages = random.Random(seed + 2)
        self.numbers: dict[str, str | None] = {}
        self._callers: dict[str, Citizen] = {}
        self._letters, self._hour, self._away = 0.0, -1, 0.0
        self.sim.listen(self._hears)
        self.staff = Staff(self.engine, self.keys, self.rules, self.clock.now_ms, random.Random(seed + 1))
        self.sweeper = Sweeper(self.engine, self.rules, self.clock.now_ms, addresses, senders)
        self.began = self.clock.now_ms()

    # --- days ----------------------------------------------------------------------------------

    def live(self, days: int, calls_a_day: int) -> None:
        """So many days from midnight to midnight, and then until the last call has ended."""
        for _ in range(days):
            midnight = self.clock.now_ms()
            self._letters = calls_a_day * LETTERS * TICK_MS / DAY_MS
            for at in self._arrivals(midnight, calls_a_day):
                self.clock.call_at(at, self._somebody_calls)
            outages.announce(self.engine, self.rules, midnight, self._outages)
            self._run_to(midnight + DAY_MS)
        last = self.clock.now_ms() + LONGEST_MS
        while self.conductor.calls or self.sim.lines:
            assert self.clock.now_ms() < last, f"calls without an end: {self.sim.lines}"
            self._run_to(self.clock.now_ms() + TICK_MS)

    def wind_down(self, days: int = 200) -> None:
        """Nobody calls; the work goes on until nothing is open. Times in which nothing is due pass at once."""
        end = self.clock.now_ms() + days * DAY_MS
        while self.clock.now_ms() < end:
            following = self.staff.next_at()
            if following is None:
                return
            self._work(max(following, self.clock.now_ms() + WIND_DOWN_MS))

    def _run_to(self, end: int) -> None:
        while self.clock.now_ms() < end:
            now = min(end, self.clock.now_ms() + TICK_MS)
            self._shift(now)
            self._work(now, self._letters)
            for citizen in self._callers.values():
                citizen.talks()
            self._call_again()

    def _work(self, now: int, letters: float = 0.0) -> None:
        self.clock.run_until(now)
        self.ledger.flush()
        self.staff.work(letters)
        self.sweeper.once()

    # --- who calls -----------------------------------------------------------------------------

    def _arrivals(self, midnight: int, calls: int) -> list[int]:
        hours = self.dice.choices(range(24), HOURLY, k=calls)
        return sorted(midnight + hour * 3_600_000 + self.dice.randrange(3_600_000) for hour in hours)

    def _somebody_calls(self) -> None:
        withheld = self.dice.random() < WITHHELD
        number = None if withheld else f"138{self.dice.randrange(PEOPLE):08}"
        self._calls(self.dice.choices(list(WANTS), list(WANTS.values()))[0], number)

    def _calls(self, wants: str, number: str | None) -> None:
        citizen = Citizen(self.sim, self.clock, self.dice, wants, number)
        line = citizen.rings("95598", test=self.dice.random() < TEST_CALLS)
        self.numbers[line] = number
        self._callers[line] = citizen

    def _hears(self, line: str, clips: Sequence[Clip]) -> None:
        if citizen := self._callers.get(line):
            citizen.hears([clip.id for clip in clips], sum(clip.ms for clip in clips))

    def _call_again(self) -> None:
        """Some whom nobody answered try again within the hour."""
        gone = [line for line in self._callers if not self.sim.knows(line)]
        for line in gone:
            citizen = self._callers.pop(line)
            if citizen.waiting and citizen.number and self.dice.random() < REDIALS / 3:
                at = self.clock.now_ms() + self.dice.randrange(60_000, 3_600_000)
                self.clock.call_at(at, lambda number=citizen.number: self._calls("person", number))

    # --- who answers ---------------------------------------------------------------------------

    def _shift(self, now: int) -> None:
        """Who sits there in these minutes, and what they do when it rings."""
        local = datetime.fromtimestamp(now / 1000, ZONE)
        night = local.hour in NIGHT or local.hour + 24 in NIGHT
        if local.hour != self._hour:  # in some hours most of them are away: ill, in a meeting, at lunch
            self._hour, self._away = local.hour, 0.9 if self.dice.random() < HARD_HOURS else 0.06
        for place, seat in enumerate(SEATS):
            here = (place % 6 == 0 or not night) and self.dice.random() > self._away
            fate = self.dice.random()
            if fate < 0.05:
                plan = SeatPlan(answer_ms=None)  # silent
            elif fate < 0.09:
                plan = SeatPlan(fail="busy" if fate < 0.07 else "declined")
            else:
                first = self.dice.random() < HANGS_UP_FIRST
                talk = round(1000 * min(900, 20 + self.dice.expovariate(1 / 100))) if first else None
                late = self.dice.random() < 0.1
                plan = SeatPlan(
                    self.dice.randrange(9000, 14000) if late else self.dice.randrange(900, 4800), None, talk
                )
            self.sim.seat(seat, plan, here)
