"""A fax machine that calls is heard on Asterisk, too: its tone twice, and only that."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from ivr.telephony import Clip, EngineEvent, FaxDetected, Incoming, LineGone, LineUp, PlaybackEnded
from sip.asterisk.config import Site
from sip.asterisk.engine import AsteriskEngine
from sip.embedded.phone import Phone
from tests.sip.far_end import until
from tests.sip.raw import story
from tests.support.asterisk import shared

RATE = 8000


@pytest.fixture
def site() -> Site:
    """A running Asterisk without a call."""
    return shared()[1]


def cng(bursts: int) -> Clip:
    """The tone of a fax that calls (ITU-T T.30 §4.3.3)."""
    burst = 8000 * np.sin(2 * np.pi * 1100 * np.arange(RATE // 2) / RATE)
    sound = np.concatenate([np.zeros(2400), *[burst, np.zeros(3 * RATE)] * bursts])
    return Clip(f"cng{bursts}", sound.astype("<i2").tobytes())


@pytest.mark.network
@story
async def test_a_fax_is_told_at_its_second_tone_and_one_tone_alone_disturbs_nothing(site: Site) -> None:
    engine, events, loop = AsteriskEngine(site.engine), list[tuple[float, EngineEvent]](), asyncio.get_running_loop()

    def told(event: EngineEvent) -> None:
        events.append((loop.time(), event))
        if isinstance(event, Incoming):
            engine.answer(event.line)
        elif isinstance(event, FaxDetected):
            engine.hangup(event.line, "fax")

    await engine.start(told)
    fax, whistler = await Phone.open(), await Phone.open()
    try:
        await fax.call(f"sip:95598@127.0.0.1:{site.sip_port}", "13800001111")
        begun = loop.time()
        fax.play([cng(3)])
        await whistler.call(f"sip:95598@127.0.0.1:{site.sip_port}", "13800002222")
        lines = [event.line for _, event in events if isinstance(event, Incoming)]
        await until(lambda: [event for _, event in events if isinstance(event, LineUp) and event.line == lines[1]])
        engine.play(lines[1], [Clip("quiet", bytes(16000 * 7))], "long")
        whistler.play([cng(1)])
        await asyncio.wait_for(fax.over(), 12)
        assert [event.line for _, event in events if isinstance(event, FaxDetected)] == [lines[0]]
        (at,) = [at for at, event in events if isinstance(event, FaxDetected)]
        assert 3.9 < at - begun < 6.5  # the second tone lasts from 3.8 to 4.3 s
        await until(lambda: [event.line for _, event in events if isinstance(event, LineGone)] == lines[:1])
        await asyncio.sleep(2)
        assert not [event for _, event in events if isinstance(event, PlaybackEnded) and not event.finished]
        assert whistler.leg is not None
    finally:
        await fax.close()
        await whistler.close()
        await engine.stop()
