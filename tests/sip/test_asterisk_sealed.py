"""A real Asterisk with SRTP: at a seat whose telephone takes nothing else, and over the trunk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.telephony import Clip, LineUp
from sip.core.config import TrunkConfig
from sip.embedded.phone import OnCall, Phone
from tests.sip.far_end import until
from tests.sip.raw import story
from tests.sip.test_asterisk_transports import PROVIDER, connected
from tests.sip.test_wide_and_sealed_phones import NARROW, SEALED, hears, tone
from tests.support import ports
from tests.support.asterisk import bare
from tests.support.pjsip import Pjsip

pytestmark = pytest.mark.network


class Heard:
    """What a telephone of ours heard, as those of others tell it."""

    rate = NARROW

    def __init__(self, phone: Phone) -> None:
        self.heard = lambda: bytes(phone.heard)


def test_a_seat_and_a_citizen_called_over_the_trunk_talk_encrypted_on_asterisk(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    need("pjsua2")

    @story
    async def run() -> None:
        place = ports.free_address().port
        trunk = TrunkConfig(f"{PROVIDER}:{place}", "", register=False, encryption="srtp")
        asterisk, site = bare(tmp_path / "asterisk", {"101": "secret-of-101"}, trunk, {"101": SEALED})
        citizen = await Phone.open(PROVIDER, place)
        asterisk.start()
        citizen.on_call = OnCall(answer_after_s=0.0)
        at = {"seat": "101", "secret": SEALED.secret, "hotline": f"127.0.0.1:{site.sip_port}"}
        try:
            async with connected(site) as (engine, told), Pjsip.open(tmp_path / "phone", srtp=True, **at) as operator:
                await until(lambda: engine.reachable()["101"])
                engine.dial("seat", "101", 8000)
                engine.dial_number("out", "13900001111", 8000)
                await until(lambda: sum(isinstance(event, LineUp) for event in told) == 2)
                assert citizen.leg is not None and citizen.leg.description.secure
                engine.play("out", [Clip("tone", tone(500, 5000, NARROW))], "greeting")
                await until(lambda: hears(Heard(citizen), 500) > 0.5)
                engine.bridge("seat", "out")
                citizen.play([Clip("said", tone(700, 20_000, NARROW))])
                await operator.speak(tone(900, 20_000, NARROW))
                await until(lambda: hears(operator, 700) > 0.5 and hears(Heard(citizen), 900) > 0.5)
        finally:
            await citizen.close()
            asterisk.stop()

    run()
