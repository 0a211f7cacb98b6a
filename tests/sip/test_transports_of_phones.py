"""baresip, PJSIP and linphonec, which this project did not write, are rung and call over UDP, TCP and TLS."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from ivr.telephony import LineGone, LineUp, SeatReach
from sip.core.config import SeatConfig, Timing
from sip.core.sip_messages import Addr
from tests.sip.raw import Hotline, story
from tests.sip.streaming import Certificates
from tests.support.baresip import Baresip
from tests.support.linphone import Linphone
from tests.support.pjsip import Pjsip

pytestmark = pytest.mark.network
SEATS = {"101": SeatConfig("101", "secret-of-101")}
Phone = Callable[..., AbstractAsyncContextManager[Any]]


def pjsip(need: Callable[[str], str], folder: Path, **more: Any) -> AbstractAsyncContextManager[Any]:
    need("pjsua2")
    return Pjsip.open(folder, **more)


PHONES: dict[str, Phone] = {
    "baresip": lambda need, folder, **more: Baresip.open(folder, need("baresip"), **more),
    "pjsip": pjsip,
    "linphonec": lambda need, folder, **more: Linphone.open(folder, need("linphonec"), **more),
}


class Wire:
    """Every message the engine gets and sends, with its far end."""

    def __init__(self, hotline: Hotline) -> None:
        self.messages: list[tuple[bytes, Addr]] = []
        agent = hotline.engine._agent
        receive, send = agent.receive, agent.send

        def received(data: bytes, source: Addr, now: float) -> None:
            self.messages.append((data, source))
            receive(data, source, now)

        def sent(data: bytes, to: Addr) -> None:
            self.messages.append((data, to))
            send(data, to)

        agent.receive = received  # type: ignore[method-assign]
        agent.send = agent.layer.send = sent  # type: ignore[method-assign]

    def of(self, method: str) -> list[tuple[bytes, Addr]]:
        return [(data, far) for data, far in self.messages if data.startswith(method.encode() + b" ")]


@pytest.mark.parametrize("transport", ["UDP", "TCP", "TLS"])
@pytest.mark.parametrize("kind", PHONES)
def test_a_telephone_is_rung_and_calls_over_its_transport_and_no_other(
    kind: str, transport: str, need: Callable[[str], str], tmp_path: Path
) -> None:
    certificates = Certificates(tmp_path / "tls")

    @story
    async def run() -> None:
        async with Hotline(tcp=True, tls=certificates.listening, seats=SEATS, timing=Timing()) as hotline:
            wire, port = Wire(hotline), hotline.port
            if transport == "TLS":
                port = hotline.engine._sip.streams.bound("TLS")[1]  # type: ignore[index]
            # linphonec's TLS library (mbed TLS 2) finds names in a certificate, and no addresses.
            host = "localhost" if (kind, transport) == ("linphonec", "TLS") else "127.0.0.1"
            opened = PHONES[kind](
                need,
                tmp_path / "phone",
                seat="101",
                secret="secret-of-101",
                hotline=f"{host}:{port}",
                transport=transport.lower(),
                trusted=certificates.made.ca if transport == "TLS" else None,
            )
            async with opened as phone:
                assert (await hotline.until(SeatReach)).reachable
                hotline.engine.dial("rung", "101", 12_000)
                await hotline.until(LineUp)
                hotline.engine.hangup("rung", "done")
                await hotline.until(LineGone)
                asked = "" if transport == "UDP" else f";transport={transport.lower()}"
                await phone.call(f"sip:hotline@{host}:{port}{asked}")
                await hotline.until(LineUp, 2)
                await phone.hang_up()
                await hotline.until(LineGone, 2)
            assert {far.transport for _, far in wire.messages} == {transport}
            for data, _ in wire.messages:
                named = re.search(rb"^(?:Via|v) *: *SIP/2.0/(\w+)", data, re.MULTILINE | re.IGNORECASE)
                assert named and named[1].decode() == transport, data
            assert {data.split(b" ")[0] for data, _ in wire.messages} >= {
                b"REGISTER",
                b"INVITE",
                b"ACK",
                b"BYE",
                b"SIP/2.0",
            }
            place, *_ = [far for data, far in wire.of("INVITE") if b"To: <sip:101" in data]
            assert place in {far for _, far in wire.of("REGISTER")}  # down the phone's own connection

    run()
