"""The registrar (RFC 3261 §10) for operators' phones, and for nobody else.

It knows where seats' phones are; it never lets anybody call out. Who cannot prove a secret learns nothing, not even
whether there is such a seat; who proves it is served, however many others failed under that name or from that address.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator

from aiosipua.headers import parse_auth

from sip.core.agent import UserAgent
from sip.core.config import EmbeddedConfig, SeatConfig
from sip.core.digest import Digest, Throttle, Verdict
from sip.core.events import Unproven
from sip.core.loglimit import LogLimit
from sip.core.phones import FOREVER, Phones, RegisteredPhone
from sip.core.sip_messages import cseq_of, host_of, params_of, scheme_of, seconds, uri_of, user_of
from sip.core.timers import Timers
from sip.core.transactions import ServerTransaction

log = logging.getLogger(__name__)

_MOST_PROOFS = 4  # in one request


class Registrar:
    """Answers REGISTER and keeps ``phones``."""

    def __init__(self, config: EmbeddedConfig, agent: UserAgent) -> None:
        self._config, self._agent = config, agent
        self._digest = Digest(config.realm, agent.dice)
        self._throttle = Throttle()
        self._seats = [config.seats[id] for id in sorted(config.seats)]
        self._key = hashlib.sha256(repr([seat.secret for seat in self._seats]).encode()).digest()
        self._timers = Timers(agent.schedule)
        self._limit = LogLimit(log)
        self.phones = Phones(config, agent)

    def close(self) -> None:
        self._timers.clear_all()
        self.phones.close()

    # --- REGISTER --------------------------------------------------------------------------

    def handle(self, transaction: ServerTransaction) -> None:
        """Answer one REGISTER."""
        name = user_of(uri_of(transaction.request.headers.get("to")[0]))
        seat = self._config.seats.get(name)
        if self._proved(transaction, name, seat) and seat is not None:
            self._register(transaction, seat.id)

    def calling(self, transaction: ServerTransaction) -> str | None:
        """The seat whose phone calls (INVITE), "" when it is nobody's; None: it has yet to prove it, and was told so.

        A phone is asked for its proof where it registered from; elsewhere a seat's number is a number like another.
        """
        name = user_of(uri_of(transaction.request.headers.get("from")[0]))
        seat = self._config.seats.get(name)
        source = transaction.source.host
        if seat is None or all(phone.to.host != source for phone in self.phones.registered(seat.id)):
            return ""
        return seat.id if self._proved(transaction, name, seat) else None

    def _proved(self, transaction: ServerTransaction, name: str, seat: SeatConfig | None) -> bool:
        """Whether a seat's secret is proved; else it is answered. A right proof goes before anything is limited."""
        request, now = transaction.request, self._agent.now
        algorithms = self._algorithms(name, seat)
        verdict: Verdict | None = None
        for proof in list(self._proofs(request.headers.get("authorization")))[:_MOST_PROOFS]:
            secret = seat.secret if seat is not None else None
            judged = self._digest.judge(proof, request.method, name, secret, now, algorithms)
            verdict = judged if verdict in (None, "wrong") else verdict
        if verdict == "wrong":
            self._refuse(transaction, name, seat is not None)
        elif verdict != "ok":
            transaction.respond(401, headers=self._digest.challenge(now, algorithms, stale=verdict == "stale"))
        return verdict == "ok"

    def _proofs(self, authorizations: list[str]) -> Iterator[str]:
        """Those for our realm."""
        for value in authorizations:
            params = {name.lower(): text for name, text in parse_auth(value, credentials=True).params.items()}
            if params.get("realm") == self._config.realm:
                yield value

    def _algorithms(self, name: str, seat: SeatConfig | None) -> tuple[str, ...]:
        """What is offered; for a name nobody has, what one of the seats is offered, and always the same."""
        hashed = hashlib.sha256(self._key + name.encode()).digest()
        as_if = self._seats[int.from_bytes(hashed[:8]) % len(self._seats)] if self._seats else None
        chosen = seat or as_if
        return (chosen.digest if chosen is not None else ()) or self._config.digest_algorithms

    def _refuse(self, transaction: ServerTransaction, name: str, known: bool) -> None:
        source, now = transaction.source.host, self._agent.now
        self._limit.say(
            now,
            logging.WARNING,
            "%s: wrong credentials in a %s from %s",
            f"seat {name}" if known else "a name no seat has",
            "call" if transaction.request.method == "INVITE" else "registration",
            source,
        )
        self._agent.tell(Unproven(name if known else "", source))
        if self._throttle.failed(source, name, now):
            transaction.respond(503, headers=[("Retry-After", "60")], reason="Too Many Failures")
        else:
            transaction.respond(403)

    def _register(self, transaction: ServerTransaction, seat: str) -> None:
        request, now = transaction.request, self._agent.now
        contacts = request.headers.get("contact")
        default = seconds(request.get_header("expires"))
        kept = self.phones.registered(seat)
        changes: list[tuple[RegisteredPhone, RegisteredPhone]] = []
        if [contact.strip() for contact in contacts] == ["*"]:
            if default != 0:
                transaction.respond(400, reason="Contact * needs Expires 0")
                return
            kept, contacts = [], []
        for contact in contacts:
            uri, params = uri_of(contact), params_of(contact)
            wanted = seconds(params.get("expires"))
            wanted = wanted if wanted is not None else default
            lifetime = min(self._config.max_expires_s, wanted if wanted is not None else 3600)
            if not self._valid(uri):
                transaction.respond(400, reason="Contact is no sip: address")
                return
            if 0 < lifetime < self._config.min_expires_s:
                transaction.respond(423, headers=[("Min-Expires", str(self._config.min_expires_s))])
                return
            instance = f"{params['+sip.instance']} {params.get('reg-id', '')}" if params.get("+sip.instance") else ""
            new = RegisteredPhone(
                uri, transaction.source, now + lifetime, request.call_id or "", cseq_of(request), instance
            )
            old = next((phone for phone in kept if phone.is_same(new)), None)
            if old is not None and old.call_id == new.call_id and new.cseq <= old.cseq:
                transaction.respond(500, reason="CSeq out of order")
                return
            kept = [phone for phone in kept if not phone.is_same(new)]
            if lifetime:
                known = old is not None and (old.uri, old.to) == (new.uri, new.to)
                kept.append(old if known and old is not None else new)
                changes += [(kept[-1], new)]
        for phone, new in changes:  # only once all of the request is good
            phone.until, phone.call_id, phone.cseq, phone.instance = new.until, new.call_id, new.cseq, new.instance
        self.phones.keep(seat, kept)
        self._arm()
        listed = [
            ("Contact", f"<{phone.uri}>;expires={max(1, round(phone.until - now))}")
            for phone in self.phones.registered(seat)
        ]
        transaction.respond(200, headers=listed)

    @staticmethod
    def _valid(uri: str) -> bool:
        try:
            host_of(uri)
        except ValueError:
            return False
        return scheme_of(uri) in ("sip", "sips") and uri.isprintable() and " " not in uri

    # --- expiry ----------------------------------------------------------------------------

    def _arm(self) -> None:
        self._timers.clear("expiry")
        end = self.phones.next_end()
        if end != FOREVER:
            self._timers.arm("expiry", max(0.0, end - self._agent.now) + 0.01, self._expire)

    def _expire(self) -> None:
        self.phones.expire()
        self._arm()
