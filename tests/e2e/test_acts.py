"""Generated sequences of two operators' acts at real telephones: the caller is never lost (issue 16, acceptance 2).

Operators press key codes, hold, hand over by REFER and hang up, as it comes. Then the caller must hear somebody or
something, or the call is properly over; and when it is, both seats are free.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import numpy as np
import pytest

from sip.embedded.phone import Phone
from store.schema import Seat
from tests.e2e.stories import ANSWERS, citizen, clip, operator, story
from tests.support import audio
from tests.support.books import Books, number, until
from tests.support.nightly import share

pytestmark = pytest.mark.network

SEEDS = range(20)[share(10)]  # by day every tenth of them
ACTS = 4
CODES = (
    "*1",
    "*1",
    "*2{other}#",
    "*2{other}#",
    "*3",
    "*4",
    "*5{other}#",
    "*0",
    "*0",
)  # not *6: who mutes himself is silent
LISTEN_S = 7.0  # a ringing tone is silent for four of its five seconds
AUDIBLE = 100  # of 32767, loudest sample


async def act(dice: random.Random, phones: dict[str, Phone]) -> str:
    """Something an operator in a call does: what it was."""
    here = [seat for seat, phone in phones.items() if phone.leg is not None and phone.leg.state == "up"]
    if not here:
        return "nobody is there"
    seat = dice.choice(here)
    phone, other = phones[seat], next(one for one in phones if one != seat)
    kind = dice.randrange(12)
    if kind == 0:
        await phone.hangup()
        return f"{seat} hangs up"
    if kind in (1, 2):
        phone.transfer(other)
        return f"{seat} refers to {other}"
    if kind == 3:
        phone.hold() if dice.random() < 0.5 else phone.resume()
        return f"{seat} holds or resumes"
    code = dice.choice(CODES).format(other=other)
    await phone.send_keys(code)
    await asyncio.sleep(0.2 * len(code))
    return f"{seat} presses {code}"


def speaks(phone: Phone) -> Callable[[], None]:
    """What keeps an operator speaking."""
    sound = clip(audio.voice(5, 60_000))
    return lambda: phone.play([sound]) if phone.leg is not None and phone.leg.state == "up" else None


async def is_not_lost(caller: Phone) -> bool:
    """Whether he hears something, or the call is over."""
    begun = len(caller.heard)
    for _ in range(round(LISTEN_S / 0.25)):
        if caller.leg is None:
            return True
        heard = np.frombuffer(bytes(caller.heard[begun:]), "<i2")
        if len(heard) and int(np.abs(heard.astype(int)).max()) > AUDIBLE:
            return True
        await asyncio.sleep(0.25)
    return caller.leg is None


async def sequence(seed: int, house: Books, phones: dict[str, Phone]) -> None:
    dice, called, done = random.Random(seed), number(), list[str]()
    async with citizen(house.hotline, called) as caller:
        await house.says(called, "greet.menu")
        await caller.send_keys("0")
        await house.fact(called, "bridge")
        for _ in range(ACTS):
            for phone in phones.values():
                speaks(phone)()
            await asyncio.sleep(dice.choice((0.1, 0.6)))
            done.append(await act(dice, phones))
        await asyncio.sleep(0.5)
        for phone in phones.values():
            speaks(phone)()
        assert await is_not_lost(caller), (seed, done, house.story(called))
        await caller.hangup()
    await house.ended(called)
    await until(lambda: all(phone.leg is None for phone in phones.values()), what=f"{seed} {done}")
    await until(lambda: not house.rows(Seat, Seat.id.in_(phones), Seat.call_id != ""), what=f"{seed} {done}")


@pytest.mark.parametrize("seed", SEEDS)
@story
async def test_fst_1_whatever_two_operators_do_at_their_telephones_the_caller_is_with_somebody(
    seed: int, house: Books
) -> None:
    async with operator(house.hotline, "101", ANSWERS) as first, operator(house.hotline, "103", ANSWERS) as second:
        phones = {"101": first, "103": second}
        for seat in phones:
            await house.reachable(seat)
        await sequence(seed, house, phones)
