"""The registrar (RFC 3261 §10) for operators' phones, and for nobody else.

It knows where a seat's phone is; it never lets anybody call out. A seat with a fixed ``uri`` is
reachable without registering.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from aiosipua.headers import parse_auth

from sip.core.agent import UserAgent
from sip.core.config import EmbeddedConfig
from sip.core.digest import Digest, Throttle
from sip.core.events import Reached
from sip.core.loglimit import LogLimit
from sip.core.timers import Timers
from sip.core.transactions import ServerTransaction
from sip.core.wire import Addr, cseq_of, host_of, params_of, scheme_of, seconds, uri_of, user_of

log = logging.getLogger(__name__)

_MOST_CONTACTS = 10


@dataclass(frozen=True, slots=True)
class Binding:
    """One registered phone: its Contact, where its packets come from, until when (the core's time)."""

    uri: str
    source: Addr
    until: float
    call_id: str
    cseq: int


class Registrar:
    """Bindings of all seats; each change of what can be rung is an event."""

    def __init__(self, config: EmbeddedConfig, agent: UserAgent) -> None:
        self._config, self._agent = config, agent
        self._digest = Digest(config.realm, agent.dice, config.digest_algorithms)
        self._throttle = Throttle()
        self._bindings: dict[str, list[Binding]] = {}  # newest last
        self._timers = Timers(agent.schedule)
        self._limit = LogLimit(log)

    def newest(self, seat: str) -> Binding | None:
        """The phone that registered last."""
        bindings = self._bindings.get(seat)
        return bindings[-1] if bindings else None

    def sources(self) -> Iterator[str]:
        """The addresses registered phones send from."""
        return (binding.source[0] for bindings in self._bindings.values() for binding in bindings)

    def reachable(self) -> dict[str, bool]:
        """Every configured seat and whether its phone can be rung."""
        return {seat.id: bool(seat.uri or self._bindings.get(seat.id)) for seat in self._config.seats.values()}

    def close(self) -> None:
        self._timers.clear_all()

    # --- REGISTER --------------------------------------------------------------------------

    def handle(self, transaction: ServerTransaction) -> None:
        """Answer one REGISTER."""
        request, source, now = transaction.request, transaction.source.host, self._agent.now
        seat = self._config.seats.get(user_of(uri_of(request.headers.get("to")[0])))
        if self._throttle.blocked(source, now):
            transaction.respond(503, headers=[("Retry-After", "60")], reason="Too Many Failures")
            return
        if seat is None or seat.secret is None:
            self._throttle.failed(source, now)
            transaction.respond(404 if seat is None else 403)
            return
        offered = [v for v in request.headers.get("authorization") if self._ours(v)]
        if not offered:
            transaction.respond(401, headers=self._digest.challenge(now))
            return
        verdict = self._digest.judge(offered[0], "REGISTER", seat.id, seat.secret, now)
        if verdict == "stale":
            transaction.respond(401, headers=self._digest.challenge(now, stale=True))
        elif verdict == "wrong":
            self._throttle.failed(source, now)
            kind = "seat %s: wrong credentials in a registration from %s"
            self._limit.say(now, logging.WARNING, kind, seat.id, source)
            transaction.respond(403)
        else:
            self._register(transaction, seat.id)

    def _ours(self, authorization: str) -> bool:
        return parse_auth(authorization, credentials=True).params.get("realm") == self._config.realm

    def _register(self, transaction: ServerTransaction, seat: str) -> None:
        request = transaction.request
        contacts = request.headers.get("contact")
        default = seconds(request.get_header("expires"))
        now, before = self._agent.now, self._bindings.get(seat, [])
        kept = {binding.uri: binding for binding in before}
        if [contact.strip() for contact in contacts] == ["*"]:
            if default != 0:
                transaction.respond(400, reason="Contact * needs Expires 0")
                return
            kept.clear()
            contacts = []
        for contact in contacts:
            uri, wanted = uri_of(contact), seconds(params_of(contact).get("expires"))
            wanted = wanted if wanted is not None else default
            lifetime = min(self._config.max_expires_s, wanted if wanted is not None else 3600)
            if not self._valid(uri):
                transaction.respond(400, reason="Contact is no sip: address")
                return
            if 0 < lifetime < self._config.min_expires_s:
                transaction.respond(423, headers=[("Min-Expires", str(self._config.min_expires_s))])
                return
            old = kept.pop(uri, None)
            if old is not None and old.call_id == request.call_id and cseq_of(request) <= old.cseq:
                transaction.respond(500, reason="CSeq out of order")
                return
            if lifetime:
                kept[uri] = Binding(uri, transaction.source, now + lifetime, request.call_id or "", cseq_of(request))
        self._keep(seat, list(kept.values())[-_MOST_CONTACTS:])
        listed = [
            ("Contact", f"<{b.uri}>;expires={max(1, round(b.until - now))}") for b in self._bindings.get(seat, [])
        ]
        transaction.respond(200, headers=listed)

    @staticmethod
    def _valid(uri: str) -> bool:
        try:
            host_of(uri)
        except ValueError:
            return False
        return scheme_of(uri) == "sip" and uri.isprintable() and " " not in uri

    # --- expiry ----------------------------------------------------------------------------

    def _keep(self, seat: str, bindings: list[Binding]) -> None:
        had = bool(self._bindings.get(seat))
        if bindings:
            self._bindings[seat] = bindings
        else:
            self._bindings.pop(seat, None)
        if had != bool(bindings) and not self._config.seats[seat].uri:
            log.info("seat %s is %s", seat, "reachable" if bindings else "not reachable")
            self._agent.tell(Reached(seat, bool(bindings)))
        self._arm()

    def _arm(self) -> None:
        self._timers.clear("expiry")
        ends = [binding.until for bindings in self._bindings.values() for binding in bindings]
        if ends:
            self._timers.arm("expiry", max(0.0, min(ends) - self._agent.now) + 0.01, self._expire)

    def _expire(self) -> None:
        now = self._agent.now
        for seat, bindings in list(self._bindings.items()):
            alive = [binding for binding in bindings if binding.until > now]
            if len(alive) < len(bindings):
                self._keep(seat, alive)
        self._arm()
