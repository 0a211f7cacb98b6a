"""The user agent: one socket, its transactions and dialogs, and the answers that need no call.

Engine and phone are built on it. Every request is checked here once, found its transaction or
dialog, or refused with the code the standard names; only new calls and registrations go further.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from aiosipua.message import SipRequest, SipResponse
from aiosipua.utils import generate_branch

from sip.embedded.checks import Faulty, check, number
from sip.embedded.config import Timing
from sip.embedded.loglimit import LogLimit
from sip.embedded.transactions import ServerTransaction, TransactionLayer
from sip.embedded.udp import UdpSocket
from sip.embedded.wire import (
    ALLOW,
    METHODS,
    SUPPORTED,
    Addr,
    Header,
    Junk,
    host_port,
    is_ip,
    parse,
    reply,
    scheme_of,
    stamp_source,
    tag_of,
)

log = logging.getLogger(__name__)
_Told = TypeVar("_Told")

CAPABILITIES: tuple[Header, ...] = (
    ("Allow", ALLOW),
    ("Accept", "application/sdp, application/dtmf-relay, application/dtmf"),
    ("Supported", ", ".join(sorted(SUPPORTED))),
)


class DialogUser(Protocol):
    """Whoever owns a dialog: the leg of a call."""

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
    """SIP on one UDP port. Set ``on_invite`` (``on_register``, ``door``) before :meth:`open`."""

    def __init__(self, name: str, timing: Timing, advertised_host: str | None = None) -> None:
        self.timing = timing
        self._advertised = advertised_host
        self.socket = UdpSocket(self._received, lambda data: self.layer.undeliverable(data))
        self.layer = TransactionLayer(self.socket.send, timing, name)
        self.on_invite: Callable[[ServerTransaction], None] = lambda tx: tx.respond(480)
        self.on_register: Callable[[ServerTransaction], None] | None = None
        self.door: Doorkeeper | None = None
        self._dialogs: dict[tuple[str, str], tuple[str, DialogUser]] = {}
        self._empty = asyncio.Event()
        self._lookups: set[asyncio.Task[None]] = set()
        self._limit = LogLimit(log)

    # --- life ------------------------------------------------------------------------------

    def open(self, host: str, port: int) -> None:
        """Bind. Raises ``OSError`` with a text that says what to do."""
        self.socket.open(host, port)

    def close(self) -> None:
        for task in self._lookups:
            task.cancel()
        self.layer.close()
        self._dialogs.clear()
        self.socket.close()

    async def settle(self, longest_s: float) -> None:
        """Wait until no dialog is left, at most ``longest_s``."""
        if self._dialogs:
            self._empty.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), longest_s)

    # --- addresses -------------------------------------------------------------------------

    def local(self, remote_host: str) -> Addr:
        """The address the far end is to use for us."""
        host = self._advertised
        if host is None or remote_host.startswith("127."):
            host = self.socket.local_host_for(remote_host)
        return host, self.socket.port

    def contact(self, user: str, remote_host: str) -> Header:
        return "Contact", f"<sip:{user}@{host_port(self.local(remote_host))}>"

    def resolve(self, host: str, port: int, then: Callable[[Addr | None], None]) -> None:
        """Call ``then`` with the IP address of ``host`` (at once when it is one), or with None."""
        if is_ip(host):
            then((host, port))
            return

        async def look_up() -> None:
            family = socket.AF_INET6 if ":" in self.socket.host else socket.AF_INET
            try:
                found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_DGRAM)
            except (OSError, ValueError) as error:  # a name no resolver takes is a ``UnicodeError``
                now = asyncio.get_running_loop().time()
                self._limit.say(now, logging.WARNING, "cannot find the address of %s: %s", host, error)
                then(None)
            else:
                then((str(found[0][4][0]), port))

        task = asyncio.get_running_loop().create_task(look_up())
        self._lookups.add(task)
        task.add_done_callback(self._lookups.discard)

    # --- sending ---------------------------------------------------------------------------

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
        return f"SIP/2.0/UDP {host_port(self.local(remote[0]))};branch={generate_branch()};rport"

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
        self._dialogs[call_id, local_tag] = remote_tag, user

    def leave(self, call_id: str, local_tag: str) -> None:
        self._dialogs.pop((call_id, local_tag), None)
        if not self._dialogs:
            self._empty.set()

    def _dialog_of(self, request: SipRequest) -> DialogUser | None:
        local_tag = tag_of(request.get_header("to") or "")
        remote_tag, user = self._dialogs.get((request.call_id or "", local_tag), ("", None))
        return user if remote_tag == tag_of(request.get_header("from") or "") else None

    # --- receiving -------------------------------------------------------------------------

    def _received(self, data: bytes, source: Addr) -> None:
        try:
            message = parse(data)
        except Junk:
            self.socket.counts["junk"] += 1
            return
        if isinstance(message, SipResponse):
            if not self.layer.response(message):
                self.socket.counts["stray"] += 1
            return
        stamp_source(message, source)
        try:
            check(message, data)
        except Faulty as fault:
            self.socket.counts["faulty"] += 1
            if message.method != "ACK" and not self._stranger(message, source):
                refusal = reply(message, fault.code, to_tag="faulty", reason=fault.why)
                self.socket.send(bytes(refusal), source)
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
            self.socket.send(bytes(refusal), source)
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
                try:
                    self.on_invite(transaction)
                except Exception:
                    transaction.respond(500)
                    raise
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
    elif method in METHODS or method in ("PRACK", "NOTIFY"):  # known, but only inside a dialog
        transaction.respond(481)
    elif method in ("MESSAGE", "REGISTER"):
        transaction.respond(405, headers=[("Allow", ALLOW)])
    else:
        transaction.respond(501, headers=[("Allow", ALLOW)])
