"""Asks ``sip.access`` about each new INVITE, with what this engine knows, and tells of who was turned away."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections.abc import Callable, Iterator

from aiosipua.message import SipRequest, SipResponse

from ivr.telephony import AccessDenied
from sip.access import NUMBER_FULL, OVERDUE_S, STRANGER, CallOrigins, Origin, PresentCall, plain, room
from sip.core.caller_id import caller_of
from sip.core.config import EmbeddedConfig
from sip.core.leg_in import InboundLeg
from sip.core.registration import as_uri
from sip.core.sip_messages import Addr, host_of, is_ip, reply, uri_of, uri_params_of
from sip.embedded.legs import EmbeddedLegs
from sip.embedded.resolver import addresses_of
from sip.telling import Teller

log = logging.getLogger(__name__)

LOOK_UP_S = 300.0  # how often the provider's addresses are looked up anew
LOOK_UP_FAILED_S = 10.0


class EmbeddedDoorman:
    """Implements :class:`sip.core.agent.Doorkeeper`.

    ``phones``: the addresses operators' phones registered from. ``now_ms``: UTC. ``tell`` gets who was refused.
    """

    def __init__(
        self,
        config: EmbeddedConfig,
        lines: EmbeddedLegs,
        phones: Callable[[], Iterator[str]],
        tell: Callable[[AccessDenied], None],
        now_ms: Callable[[], int],
    ) -> None:
        registers = config.trunk is not None and config.trunk.register
        self.line = secrets.token_hex(8) if registers else ""  # our Contact's, which only the registrar learns
        self._config, self._lines, self._phones = config, lines, phones
        self._door = CallOrigins(config.access, self.line)
        self._fixed = [host for seat in config.seats.values() if seat.uri and (host := _host(seat.uri))]
        self._teller = Teller(tell, "SIP", now_ms)
        self._loop = asyncio.get_running_loop()
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look the provider's addresses up."""
        trunk = self._config.trunk
        if trunk is None:
            return
        host, _ = host_of(as_uri(trunk.registrar))
        if is_ip(host):
            self._door.found([host], math.inf)
        else:
            self._looking = self._loop.create_task(self._look_up(host))

    def close(self) -> None:
        """Tell what is still counted, and end."""
        self._teller.close()
        if self._looking is not None:
            self._looking.cancel()

    # --- what the agent asks ---------------------------------------------------------------

    def stranger(self, request: SipRequest, source: Addr) -> bool:
        if self.whose(request, source) != "stranger":
            return False
        self._teller.refused(STRANGER, plain(source[0]))
        return True

    def refusal(self, request: SipRequest, source: Addr) -> SipResponse | None:
        trunk, number = self.caller(request, source)
        found = room(self._config.access, self._calls(), plain(source[0]), trunk, number)
        line = self._lines.get(found.overdue)
        if line is not None and line.leg is not None:
            line.leg.fail("no_ack")
        if not found.refusal:
            return None
        self._teller.refused(found.refusal, plain(source[0]))
        if found.refusal == NUMBER_FULL:
            return reply(request, 486, to_tag="refused")
        return reply(request, 503, to_tag="refused", headers=[("Retry-After", str(self._config.retry_after_s))])

    def unproven(self, seat: str, source: str) -> None:
        """Somebody did not know the secret of a seat, or named none."""
        self._teller.refused("InvalidPassword", plain(source), seat)

    # --- what the engine asks --------------------------------------------------------------

    def whose(self, request: SipRequest, source: Addr) -> Origin:
        """Whose call a request begins."""
        line = uri_params_of(request.uri).get("line", "")
        return self._door.whose(source[0], [*self._phones(), *self._fixed], line)

    def caller(self, request: SipRequest, source: Addr) -> tuple[bool, str | None]:
        """Whether it comes over the trunk, and the number of who calls: None when withheld."""
        trunk = self.whose(request, source) == "trunk"
        believed = trunk and self._config.trunk is not None and self._config.trunk.trust_caller_header
        return trunk, caller_of(request, self._config.plan, believed)

    def found(self, provider: Addr) -> None:
        """An address of the provider's that was learned otherwise."""
        self._door.found([provider[0]], self._loop.time())

    # --- inside ----------------------------------------------------------------------------

    def _calls(self) -> Iterator[PresentCall]:
        now = self._loop.time()
        for name in self._lines.names():
            line = self._lines.get(name)
            if line is not None and isinstance(line.leg, InboundLeg):
                leg, source = line.leg, plain(line.leg.source[0])
                late = leg.answered_at is not None and now - leg.answered_at >= OVERDUE_S
                yield PresentCall(name, source, line.trunk, line.number, leg.acknowledged, leg.answered_at, late)

    async def _look_up(self, host: str) -> None:
        while True:
            found = await addresses_of(host)
            if not found:
                log.warning("no address of the trunk's host %s is found; it is looked up again", host)
            self._door.found(found, self._loop.time())
            await asyncio.sleep(LOOK_UP_S if found else LOOK_UP_FAILED_S)


def _host(uri: str) -> str:
    try:
        return host_of(uri_of(uri))[0]
    except ValueError:
        return ""
