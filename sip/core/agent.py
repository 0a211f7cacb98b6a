"""The user agent: its transactions and dialogs, and the answers that need no call; without a socket, without a clock.

Engine and phone are built on it. Every request is checked here once, found its transaction or
dialog, or refused with the code the standard names; only new calls and registrations go further.

Whoever drives it (``sip/embedded/shell.py``, a test) hands over what came, and the time, and then takes what is to be
sent, what happened and when to come again:

    agent.receive(data, address, now)      # or handle_timer(now), or a verb of a leg after advance(now)
    for data, address in agent.datagrams_to_send(now): ...
    while (event := agent.next_event()) is not None: ...
    agent.next_timer()
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from aiosipua.message import SipRequest, SipResponse

from sip.core.checks import Faulty, check, number
from sip.core.config import Timing
from sip.core.dice import Dice, token
from sip.core.events import Event, Found, Invited, LookUp
from sip.core.locating import Servers, usual_port
from sip.core.sip_messages import (
    ALLOW,
    METHODS,
    SUPPORTED,
    Addr,
    Header,
    Host,
    Junk,
    host_port,
    is_ip,
    parse,
    reply,
    scheme_of,
    stamp_source,
    tag_of,
)
from sip.core.timers import TimerQueue
from sip.core.transactions import ServerTransaction, TransactionLayer

log = logging.getLogger(__name__)
_Told = TypeVar("_Told")

CAPABILITIES: tuple[Header, ...] = (
    ("Allow", ALLOW),
    ("Accept", "application/sdp, multipart/mixed, application/dtmf-relay, application/dtmf"),
    ("Supported", ", ".join(sorted(SUPPORTED))),
)
SEATS_CAPABILITIES: tuple[Header, ...] = (("Allow", f"{ALLOW}, REFER"), *CAPABILITIES[1:])


class DialogUser(Protocol):
    """Whoever owns a dialog: the leg of a call."""

    @property
    def source(self) -> Addr: ...
    def on_request(self, transaction: ServerTransaction) -> None: ...
    def on_ack(self, request: SipRequest) -> None: ...
    def broke(self, error: Exception) -> None: ...


class Doorkeeper(Protocol):
    """Who says which calls are taken; asked of INVITEs that belong to nothing yet."""

    def stranger(self, request: SipRequest, source: Addr) -> bool:
        """Is it dropped without a word? The request may be faulty."""

    def refusal(self, request: SipRequest, source: Addr) -> SipResponse | None:
        """What it is refused with, before anything is kept of it; None when it may go on."""


class UserAgent:
    """SIP at one address. ``local``: where the far end at an address reaches us. Set ``on_register`` and ``door``."""

    def __init__(self, name: str, timing: Timing, dice: Dice, local: Callable[[Addr], Host]) -> None:
        self.timing, self.dice, self.local = timing, dice, local
        self.schedule = TimerQueue()
        self.counts: Counter[str] = Counter()
        self.layer = TransactionLayer(self.send, self.schedule, dice, timing, name)
        self.on_register: Callable[[ServerTransaction], None] | None = None
        self.door: Doorkeeper | None = None
        self.dialogs: dict[tuple[str, str], tuple[str, DialogUser]] = {}
        self._outbox: deque[tuple[bytes, Addr]] = deque()
        self._events: deque[Event] = deque()
        self._asked: dict[int, Callable[[Found], None]] = {}  # look-ups without an answer yet
        self._questions = 0
        self.connections = self.layer.connections  # the far ends of those that are open
        self.servers = Servers()
        self.registered: list[Callable[[], Iterable[Addr]]] = []  # far ends of registrations, theirs and ours
        self.on_disconnected: list[Callable[[Addr], None]] = []

    # --- in --------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Tell the time, before a verb of a leg or a registration."""
        self.schedule.advance(now)

    def receive(self, data: bytes, source: Addr, now: float) -> None:
        """A datagram, or one message of a stream, came from ``source``."""
        self.advance(now)
        self._received(data, source)

    def undeliverable(self, data: bytes, now: float) -> None:
        """The network could not deliver what was sent."""
        self.advance(now)
        self.layer.undeliverable(data)

    def connected(self, to: Addr, now: float) -> None:
        """A connection is open, whoever opened it."""
        self.advance(now)
        self.connections.add(to)

    def disconnected(self, to: Addr, now: float) -> None:
        """A connection is gone: what was asked over it and not heard yet will not be answered."""
        self.advance(now)
        self.connections.discard(to)
        self.layer.disconnected(to)
        for told in list(self.on_disconnected):
            told(to)

    def found(self, question: int, found: Found, now: float) -> None:
        """The answer to a :class:`LookUp`."""
        self.advance(now)
        then = self._asked.pop(question, None)
        if then is not None:
            then(found)

    def handle_timer(self, now: float) -> None:
        """What was due has come."""
        self.advance(now)
        self.schedule.run()

    def close(self) -> None:
        """End everything without another word."""
        self._asked.clear()
        self.layer.close()
        self.dialogs.clear()

    # --- out -------------------------------------------------------------------------------

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, Addr]]:
        """Everything to be sent, in order; each is given once."""
        self.advance(now)
        out = list(self._outbox)
        self._outbox.clear()
        return out

    def next_timer(self) -> float | None:
        """When :meth:`handle_timer` is due; None: only when something comes."""
        return self.schedule.next()

    def next_event(self) -> Event | None:
        """The oldest event that was not taken yet."""
        return self._events.popleft() if self._events else None

    # --- what legs and registrations use ---------------------------------------------------

    @property
    def now(self) -> float:
        """The time that was told last, in seconds."""
        return self.schedule.now

    def send(self, data: bytes, to: Addr) -> None:
        self._outbox.append((data, to))

    def tell(self, event: Event) -> None:
        self._events.append(event)

    def contact(self, user: str, remote: Addr, scheme: str = "sip") -> Header:
        transport = f";transport={remote.transport.lower()}" if remote.reliable and scheme == "sip" else ""
        return "Contact", f"<{scheme}:{user}@{host_port(self.local(remote))}{transport}>"

    def resolve(self, to: Addr, then: Callable[[Addr | None], None]) -> None:
        """Call ``then`` with ``to``, its host an IP address (at once when it is one), or with None."""
        if is_ip(to.host):
            then(to)
        else:
            self._look_up(to.host, to.port, to.transport, lambda found: then(next(iter(found.addresses), None)))

    def locate(self, host: str, port: int | None, transport: str, then: Callable[[Found], None]) -> None:
        """Call ``then`` with all servers a new call or registration may go to.

        Over TCP and TLS the first of them is connected, so that ours is known, too: it stands in Via and Contact.
        """
        addr = Addr(host, port or usual_port(transport), transport)
        if is_ip(host) and (not addr.reliable or addr in self.connections):
            then(Found((addr,)))
        else:
            self._look_up(host, port, transport, then)

    def _look_up(self, host: str, port: int | None, transport: str, then: Callable[[Found], None]) -> None:
        self._questions += 1
        self._asked[self._questions] = then
        self.tell(LookUp(self._questions, host, port, transport))

    def new_request(self, method: str, uri: str, remote: Addr, headers: Iterable[Header]) -> SipRequest:
        """A request with a fresh branch and what every request carries."""
        request = SipRequest(method=method, uri=uri)
        request.add_header("Via", self.via(remote))
        request.set_header("Max-Forwards", "70")
        for name, value in headers:
            request.add_header(name, value)
        request.set_header("User-Agent", self.layer.name)
        return request

    def via(self, remote: Addr) -> str:
        branch = f"z9hG4bK{token(self.dice)}"
        return f"SIP/2.0/{remote.transport} {host_port(self.local(remote))};branch={branch};rport"

    def request(
        self,
        request: SipRequest,
        to: Addr,
        on_response: Callable[[SipResponse], None] = lambda _: None,
        on_timeout: Callable[[], None] = lambda: None,
    ) -> None:
        self.layer.request(request, to, on_response, on_timeout)

    # --- dialogs ---------------------------------------------------------------------------

    def join(self, call_id: str, local_tag: str, remote_tag: str, user: DialogUser) -> None:
        """Requests of this dialog go to ``user`` from now on."""
        self.dialogs[call_id, local_tag] = remote_tag, user

    def leave(self, call_id: str, local_tag: str) -> None:
        self.dialogs.pop((call_id, local_tag), None)

    def far_ends(self) -> set[Addr]:
        """Of all calls and registrations: connections to them stay open."""
        calls = {user.source for _, user in self.dialogs.values()}
        return calls.union(*(registered() for registered in self.registered))

    def _dialog_of(self, request: SipRequest) -> DialogUser | None:
        local_tag = tag_of(request.get_header("to") or "")
        remote_tag, user = self.dialogs.get((request.call_id or "", local_tag), ("", None))
        return user if remote_tag == tag_of(request.get_header("from") or "") else None

    # --- receiving -------------------------------------------------------------------------

    def _received(self, data: bytes, source: Addr) -> None:
        try:
            message = parse(data)
        except Junk:
            self.counts["junk"] += 1
            return
        if isinstance(message, SipResponse):
            if not self.layer.response(message):
                self.counts["stray"] += 1
            return
        stamp_source(message, source)
        try:
            check(message, data)
        except Faulty as fault:
            self.counts["faulty"] += 1
            if message.method != "ACK" and not self._stranger(message, source):
                refusal = reply(message, fault.code, to_tag="faulty", reason=fault.why)
                self.send(bytes(refusal), source)
            return
        self._requested(message, source)

    def _requested(self, request: SipRequest, source: Addr) -> None:
        known = self.layer.find_server(request)
        if request.method == "ACK":
            if known is not None and known.final >= 300:
                known.acked()
            elif (user := self._dialog_of(request)) is not None:
                self._guarded(user, user.on_ack, request)
            return
        if known is not None:
            known.again()
            return
        if request.method == "INVITE" and self._dialog_of(request) is None and not self._let_in(request, source):
            return
        transaction = self.layer.accept(request, source)
        if request.method == "CANCEL":
            self._cancelled(transaction)
            return
        if number(request.get_header("max-forwards") or "70") == 0:
            transaction.respond(483)
            return
        unknown = [option for option in request.headers.get("require") if option.lower() not in SUPPORTED]
        if unknown:
            transaction.respond(420, headers=[("Unsupported", ", ".join(unknown))])
        elif tag_of(request.get_header("to") or ""):
            leg = self._dialog_of(request)
            if leg is None:
                transaction.respond(481)
            else:
                self._guarded(leg, leg.on_request, transaction)
                transaction.respond(500)  # when it has no answer yet
        else:
            self._fresh(transaction)

    @staticmethod
    def _guarded(leg: DialogUser, act: Callable[[_Told], None], told: _Told) -> None:
        """What goes wrong inside a call ends this call and no other."""
        try:
            act(told)
        except Exception as error:
            leg.broke(error)

    def _stranger(self, request: SipRequest, source: Addr) -> bool:
        return request.method == "INVITE" and self.door is not None and self.door.stranger(request, source)

    def _let_in(self, request: SipRequest, source: Addr) -> bool:
        """May a new INVITE go on? A flood costs neither a transaction nor repeated answers (RFC 3261 §8.2.7)."""
        if self._stranger(request, source):
            return False
        refusal = self.door.refusal(request, source) if self.door is not None else None
        if refusal is not None:
            self.send(bytes(refusal), source)
        return refusal is None

    def _cancelled(self, cancel: ServerTransaction) -> None:
        invite = self.layer.find_server(cancel.request, "INVITE")
        if invite is None:
            cancel.respond(481)
            return
        cancel.to_tag = invite.to_tag
        cancel.respond(200)
        if not invite.final:
            invite.on_cancel()
            invite.respond(487)

    def _fresh(self, transaction: ServerTransaction) -> None:
        """A request outside any dialog."""
        request = transaction.request
        if request.method == "INVITE":
            if scheme_of(request.uri) not in ("sip", "sips", "tel"):
                transaction.respond(416)
            elif self.layer.twin(request):  # the same call over another path (§8.2.2.2)
                transaction.respond(482)
            else:
                self.tell(Invited(transaction))
        elif request.method == "OPTIONS":
            transaction.respond(200, headers=CAPABILITIES)
        elif request.method == "REGISTER" and self.on_register is not None:
            self.on_register(transaction)
        else:
            refuse(transaction)


def refuse(transaction: ServerTransaction) -> None:
    """The answer to a method that means nothing here; calls are never sent elsewhere (toll fraud)."""
    method = transaction.request.method
    if method == "REFER":
        transaction.respond(603)
    elif method in ("SUBSCRIBE", "PUBLISH"):
        transaction.respond(489)
    elif method in METHODS or method == "NOTIFY":  # known, but only inside a dialog
        transaction.respond(481)
    elif method in ("MESSAGE", "REGISTER"):
        transaction.respond(405, headers=[("Allow", ALLOW)])
    else:
        transaction.respond(501, headers=[("Allow", ALLOW)])
