"""Transactions (RFC 3261 §17, RFC 6026): what is repeated, what is answered twice, when to give up.

Keyed on branch + sent-by + method, so a repeated request is answered again with the last
response and never reaches the call a second time. Time is the loop's ``call_later``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from aiosipua.headers import parse_via
from aiosipua.message import SipRequest, SipResponse
from aiosipua.utils import generate_tag

from sip.embedded.checks import number
from sip.embedded.config import Timing
from sip.embedded.wire import Addr, Header, Junk, cseq_of, parse, reply, tag_of

Key = tuple[str, ...]
_MAGIC = "z9hG4bK"


def server_key(request: SipRequest) -> Key:
    """What makes two requests the same one (RFC 3261 §17.2.3, with the RFC 2543 fall-back)."""
    method = "INVITE" if request.method == "ACK" else request.method
    top = request.headers.get("via")[0]
    via = parse_via(top)
    sent_by = f"{via.host.lower()}:{via.port or 5060}"
    branch = via.branch or ""
    if branch.startswith(_MAGIC):
        return (branch, sent_by, method)
    sequence = (request.get_header("cseq") or "").split()[:1]
    sender = tag_of(request.get_header("from") or "")
    return (request.call_id or "", sender, *sequence, sent_by, branch, method)


def _nothing(*_: object) -> None:
    """What a transaction calls back once nobody needs it: the leg it told has it, too, and would never be freed."""


def _identity(request: SipRequest) -> Key:
    return request.call_id or "", tag_of(request.get_header("from") or ""), request.get_header("cseq") or ""


class Timers:
    """Named one-shot timers that can all be cleared; nothing outlives its owner."""

    def __init__(self, on_error: Callable[[Exception], None] | None = None) -> None:
        self._armed: dict[str, asyncio.TimerHandle] = {}
        self.on_error = on_error  # who answers for what goes wrong in a call-back

    def arm(self, name: str, delay_s: float, callback: Callable[[], None]) -> None:
        self.clear(name)

        def run() -> None:
            self._armed.pop(name, None)
            try:
                callback()
            except Exception as error:
                if self.on_error is None:
                    raise
                self.on_error(error)

        self._armed[name] = asyncio.get_running_loop().call_later(delay_s, run)

    def clear(self, name: str) -> None:
        handle = self._armed.pop(name, None)
        if handle is not None:
            handle.cancel()

    def clear_all(self) -> None:
        for name in list(self._armed):
            self.clear(name)


class ServerTransaction:
    """One request from the far end and our answer to it."""

    def __init__(self, layer: TransactionLayer, key: Key, request: SipRequest, source: Addr) -> None:
        self.key, self.request, self.source = key, request, source
        self.to_tag = tag_of(request.get_header("to") or "") or generate_tag()
        self.final = 0  # status code once answered
        self.on_cancel: Callable[[], None] = _nothing
        self.on_unacked: Callable[[], None] = _nothing
        self._layer = layer
        self._last: bytes | None = None
        self._acked = False
        self._timers = Timers()

    @property
    def is_invite(self) -> bool:
        return self.request.method == "INVITE"

    def respond(self, code: int, *, headers: Iterable[Header] = (), body: bytes = b"", reason: str = "") -> None:
        """Send a response; a second final one is ignored."""
        if self.final:
            return
        response = reply(self.request, code, to_tag=self.to_tag, headers=headers, reason=reason)
        response.set_header("Server", self._layer.name)
        response.body = body
        self._last = bytes(response)
        self._layer.send(self._last, self.source)
        if code < 200:
            return
        self.final = code
        self.on_cancel = _nothing
        timing = self._layer.timing
        if self.is_invite:  # timers G/H, or the repetition of the 2xx (§13.3.1.4)
            self._repeat(timing.t1)
            self._timers.arm("end", timing.give_up, self._unacked)
        else:  # timer J
            self._timers.arm("end", timing.give_up, self.close)

    def again(self) -> None:
        """The request came once more."""
        if self._last is not None and not (self._acked and self.final >= 300):
            self._layer.send(self._last, self.source)

    def acked(self) -> None:
        """The final response to an INVITE has arrived. Stays a while to absorb what is late."""
        if self.final and not self._acked:
            self._acked = True
            self.on_unacked = _nothing
            self._timers.clear("repeat")
            timing = self._layer.timing
            self._timers.arm("end", timing.t4 if self.final >= 300 else timing.give_up, self.close)

    def close(self) -> None:
        self._timers.clear_all()
        self._layer.forget_server(self)

    def _repeat(self, delay: float) -> None:
        def again() -> None:
            self.again()
            self._repeat(min(2 * delay, self._layer.timing.t2))

        self._timers.arm("repeat", delay, again)

    def _unacked(self) -> None:
        unacked, self.on_unacked = self.on_unacked, _nothing
        self.close()
        if self.final < 300:
            unacked()


class ClientTransaction:
    """One request of ours: repeated until something comes back, given up after 64 x T1.

    ``on_response`` gets every provisional response, each final one once, and every repetition of a
    2xx to INVITE (each needs its ACK). ``on_timeout`` is called when nothing final came.
    """

    def __init__(
        self,
        layer: TransactionLayer,
        request: SipRequest,
        to: Addr,
        on_response: Callable[[SipResponse], None],
        on_timeout: Callable[[], None],
    ) -> None:
        self.request, self.to = request, to
        self.key: Key = (parse_via(request.headers.get("via")[0]).branch or "", request.method)
        self.provisional = False
        self.final = 0
        self._layer, self._on_response, self._on_timeout = layer, on_response, on_timeout
        self._data = bytes(request)
        self._ack: bytes | None = None
        self._cancel = False
        self._timers = Timers()

    def start(self) -> None:
        self._layer.send(self._data, self.to)
        self._repeat(self._layer.timing.t1)
        self._timers.arm("end", self._layer.timing.give_up, self.failed)

    def cancel(self) -> None:
        """CANCEL an INVITE, at once or as soon as a provisional response allows it (§9.1)."""
        if self.final or self._cancel:
            return
        self._cancel = True
        self._timers.arm("end", self._layer.timing.give_up, self.failed)
        if self.provisional:
            self._send_cancel()

    def receive(self, response: SipResponse) -> None:
        code, invite = response.status_code, self.request.method == "INVITE"
        if code < 200:
            if self.final:
                return
            first, self.provisional = not self.provisional, True
            if invite:
                self._timers.clear("repeat")
                if not self._cancel:
                    self._timers.clear("end")  # timer C belongs to the call
            else:
                self._repeat(self._layer.timing.t2)
            if first and self._cancel:
                self._send_cancel()
            self._on_response(response)
            return
        again, self.final = bool(self.final), self.final or code
        self._timers.clear("repeat")
        timing = self._layer.timing
        if invite and code >= 300:
            if self._ack is None:
                self._ack = bytes(self._same_branch("ACK", response.get_header("to")))
            self._layer.send(self._ack, self.to)
        if not again:
            self._timers.arm("end", timing.give_up if invite else timing.t4, self.close)
        if not again or (invite and code < 300):
            self._on_response(response)

    def failed(self) -> None:
        """Nothing came back in time, or the network says nobody is there."""
        done, on_timeout = bool(self.final), self._on_timeout
        self.close()
        if not done:
            on_timeout()

    def close(self) -> None:
        self._timers.clear_all()
        self._layer.forget_client(self.key)
        self._on_response = self._on_timeout = _nothing

    def _repeat(self, delay: float) -> None:
        def again() -> None:
            self._layer.send(self._data, self.to)
            longest = float("inf") if self.request.method == "INVITE" else self._layer.timing.t2
            self._repeat(min(2 * delay, longest))

        self._timers.arm("repeat", delay, again)

    def _send_cancel(self) -> None:
        request = self._same_branch("CANCEL", self.request.get_header("to"))
        self._layer.request(request, self.to, lambda _: None, lambda: None)

    def _same_branch(self, method: str, to: str | None) -> SipRequest:
        """ACK to a non-2xx or CANCEL: the INVITE's own Via, CSeq number and Route (§9.1, §17.1.1.3)."""
        request = SipRequest(method=method, uri=self.request.uri)
        request.headers.append("Via", self.request.headers.get("via")[0])
        for name in ("From", "Call-ID", "Max-Forwards"):
            request.set_header(name, self.request.get_header(name) or "")
        request.set_header("To", to or "")
        number = (self.request.get_header("cseq") or "0").split()[0]
        request.set_header("CSeq", f"{number} {method}")
        for route in self.request.headers.get("route"):
            request.add_header("Route", route)
        return request


class TransactionLayer:
    """All transactions of one socket."""

    def __init__(self, send: Callable[[bytes, Addr], None], timing: Timing, name: str) -> None:
        self.send, self.timing, self.name = send, timing, name
        self._servers: dict[Key, ServerTransaction] = {}
        self._clients: dict[Key, ClientTransaction] = {}
        self._invites: dict[Key, Key] = {}  # by call, caller and number: the same call on two paths

    def __len__(self) -> int:
        return len(self._servers) + len(self._clients)

    def find_server(self, request: SipRequest, method: str | None = None) -> ServerTransaction | None:
        """The transaction a request belongs to; ``method`` for the INVITE a CANCEL means."""
        key = server_key(request)
        return self._servers.get((*key[:-1], method or key[-1]))

    def twin(self, request: SipRequest) -> bool:
        """Whether another INVITE of the same call, tag and number is being handled."""
        return self._invites.get(_identity(request), server_key(request)) != server_key(request)

    def accept(self, request: SipRequest, source: Addr) -> ServerTransaction:
        """A new request; an INVITE is told 100 at once so that it is not repeated."""
        transaction = ServerTransaction(self, server_key(request), request, source)
        self._servers[transaction.key] = transaction
        if transaction.is_invite:
            self._invites.setdefault(_identity(request), transaction.key)
            transaction.respond(100)
        return transaction

    def request(
        self,
        request: SipRequest,
        to: Addr,
        on_response: Callable[[SipResponse], None],
        on_timeout: Callable[[], None],
    ) -> ClientTransaction:
        """Send a request whose Via is set."""
        transaction = ClientTransaction(self, request, to, on_response, on_timeout)
        self._clients[transaction.key] = transaction
        transaction.start()
        return transaction

    def response(self, response: SipResponse) -> bool:
        """Hand a response to its request; False when it belongs to none."""
        sequence = (response.get_header("cseq") or "").split()
        branch = parse_via(response.headers.get("via")[0]).branch or ""
        transaction = self._clients.get((branch, *sequence[1:]))
        if transaction is None or number(sequence[0]) != cseq_of(transaction.request):
            return False
        transaction.receive(response)
        return True

    def undeliverable(self, data: bytes) -> None:
        """The network could not deliver this datagram: end the request it carried, if it was one."""
        with contextlib.suppress(Junk):
            message = parse(data)
            if isinstance(message, SipRequest):
                branch = parse_via(message.headers.get("via")[0]).branch or ""
                transaction = self._clients.get((branch, message.method))
                if transaction is not None:
                    transaction.failed()

    def forget_server(self, transaction: ServerTransaction) -> None:
        self._servers.pop(transaction.key, None)
        identity = _identity(transaction.request)
        if self._invites.get(identity) == transaction.key:
            del self._invites[identity]

    def forget_client(self, key: Key) -> None:
        self._clients.pop(key, None)

    def close(self) -> None:
        """End everything without another word."""
        for server in list(self._servers.values()):
            server.close()
        for client in list(self._clients.values()):
            client.close()
