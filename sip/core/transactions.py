"""Transactions (RFC 3261 §17, RFC 6026): what is repeated, what is answered twice, when to give up.

Keyed on branch + sent-by + method, so a repeated request is answered again with the last
response and never reaches the call a second time. Each kind is a table of states (``tables``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from aiosipua.headers import parse_via
from aiosipua.message import SipRequest, SipResponse

from sip.core.checks import number
from sip.core.config import Timing
from sip.core.dice import Dice, token
from sip.core.locating import usual_port
from sip.core.sip_messages import Addr, Header, Junk, cseq_of, parse, reply, tag_of
from sip.core.tables import CLIENT, INVITE_CLIENT, INVITE_SERVER, SERVER, Table
from sip.core.timers import TimerQueue, Timers

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


def _event_of(code: int) -> str:
    return "1xx" if code < 200 else "2xx" if code < 300 else "3xx"


class _Machine:
    """Walks a table: what it says is done are the methods ``_<word>`` of the class, in that order."""

    def __init__(self, layer: TransactionLayer, table: Table, state: str, far: Addr) -> None:
        self.state = state
        self._layer, self._table, self._far = layer, table, far
        self._timers = Timers(layer.schedule)
        self._delay = layer.timing.t1  # of the next repetition

    def fire(self, event: str) -> None:
        """Something happened; in a state that does not know it, nothing follows."""
        does, state = self._table.get((self.state, event), ("", self.state))
        self.state = state
        for word in does.split():
            getattr(self, f"_{word}")()

    def _wait(self, delay: float, event: str) -> None:
        self._timers.arm(event, delay, lambda: self.fire(event))

    def _repeat(self) -> None:
        delay, self._delay = self._delay, 2 * self._delay
        self._wait(min(delay, self._longest_gap()), "repeat")

    def _insist(self) -> None:
        """Like a repetition, but over any transport, and with gaps that only grow (RFC 3262 §3)."""
        delay, self._delay = self._delay, 2 * self._delay
        self._wait(delay, "repeat")

    def _repeat_unreliable(self) -> None:
        """Over TCP and TLS the transport repeats (§17.1.1.2)."""
        if not self._far.reliable:
            self._repeat()

    def _longest_gap(self) -> float:
        return self._layer.timing.t2

    def _slow(self) -> None:
        if not self._far.reliable:
            self._wait(self._layer.timing.t2, "repeat")

    def _quiet(self) -> None:
        self._timers.clear("repeat")
        self._delay = self._layer.timing.t1

    def _limit(self) -> None:
        self._wait(self._layer.timing.give_up, "end")

    def _unlimited(self) -> None:
        self._timers.clear("end")

    def _linger(self) -> None:
        """Absorb what is late: timers I and K."""
        self._wait(0 if self._far.reliable else self._layer.timing.t4, "end")

    def _keep(self) -> None:
        """Answer what is repeated: timer J."""
        self._wait(0 if self._far.reliable else self._layer.timing.give_up, "end")


class ServerTransaction(_Machine):
    """One request from the far end and our answer to it."""

    def __init__(self, layer: TransactionLayer, key: Key, request: SipRequest, source: Addr) -> None:
        super().__init__(layer, INVITE_SERVER if request.method == "INVITE" else SERVER, "proceeding", source)
        self.key, self.request, self.source = key, request, source
        self.to_tag = tag_of(request.get_header("to") or "") or token(layer.dice)
        self.final = 0  # status code once answered
        self.on_cancel: Callable[[], None] = _nothing
        self.on_unacked: Callable[[], None] = _nothing
        self.on_unheard: Callable[[], None] = _nothing
        self._last: bytes | None = None

    def respond(
        self, code: int, *, headers: Iterable[Header] = (), body: bytes = b"", reason: str = "", insist: bool = False
    ) -> None:
        """Send a response; a second final one is ignored.

        ``insist``: a provisional one is repeated until :meth:`heard`, or else ``on_unheard`` is called.
        """
        if self.final:
            return
        response = reply(self.request, code, to_tag=self.to_tag, headers=headers, reason=reason)
        response.set_header("Server", self._layer.name)
        response.body = body
        self._last = bytes(response)
        if code >= 200:
            self.final = code
            self.on_cancel = self.on_unheard = _nothing
        self.fire("insist" if insist else _event_of(code))

    def heard(self) -> None:
        """The provisional response that was insisted on has arrived."""
        self.fire("prack")

    def again(self) -> None:
        """The request came once more."""
        self.fire("again")

    def acked(self) -> None:
        """The final response to an INVITE has arrived."""
        if self.final:
            self.on_unacked = _nothing
            self.fire("ack")

    def close(self) -> None:
        self._close()

    def _resend(self) -> None:
        if self._last is not None:
            self._layer.send(self._last, self._way_back())

    def _way_back(self) -> Addr:
        """The way the request came; when that connection is gone, a new one to its sender (§18.2.2)."""
        source = self.source
        if not source.reliable or source in self._layer.connections:
            return source
        via = parse_via(self.request.headers.get("via")[0])
        return Addr(source.host, via.port or usual_port(source.transport), source.transport)

    def _close(self) -> None:
        self._timers.clear_all()
        self._layer.forget_server(self)
        self.on_cancel = self.on_unacked = self.on_unheard = _nothing

    def _unheard(self) -> None:
        self.on_unheard()

    def _give_up(self) -> None:
        unacked = self.on_unacked
        self._close()
        unacked()


class ClientTransaction(_Machine):
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
        super().__init__(layer, INVITE_CLIENT if request.method == "INVITE" else CLIENT, "calling", to)
        self.request, self.to = request, to
        self.key: Key = (parse_via(request.headers.get("via")[0]).branch or "", request.method)
        self.provisional = False
        self.final = 0
        self._on_response: Callable[[SipResponse], None] = on_response
        self._on_timeout: Callable[[], None] = on_timeout
        self._data = bytes(request)
        self._response = SipResponse()  # the one that is being told
        self._why: tuple[Header, ...] = ()  # it is cancelled
        self._acknowledgement: bytes | None = None

    def start(self) -> None:
        self.fire("start")

    def cancel(self, why: Iterable[Header] = ()) -> None:
        """CANCEL an INVITE, at once or as soon as a provisional response allows it (§9.1). ``why``: its headers."""
        self._why = tuple(why)
        self.fire("cancel")

    def receive(self, response: SipResponse) -> None:
        code = response.status_code
        if code < 200:
            self.provisional = True
        else:
            self.final = self.final or code
        self._response = response
        self.fire(_event_of(code))

    def failed(self) -> None:
        """The network says nobody is there."""
        self.fire("end")

    def close(self) -> None:
        self._close()

    def _longest_gap(self) -> float:
        return float("inf") if self.request.method == "INVITE" else self._layer.timing.t2

    def _send(self) -> None:
        self._layer.send(self._data, self.to)

    def _tell(self) -> None:
        self._on_response(self._response)

    def _ack(self) -> None:
        if self._acknowledgement is None:
            self._acknowledgement = bytes(self._on_its_branch("ACK", self._response.get_header("to")))
        self._layer.send(self._acknowledgement, self.to)

    def _cancel(self) -> None:
        request = self._on_its_branch("CANCEL", self.request.get_header("to"))
        for name, value in self._why:
            request.add_header(name, value)
        self._layer.request(request, self.to, _nothing, _nothing)

    def _close(self) -> None:
        self._timers.clear_all()
        self._layer.forget_client(self.key)
        self._on_response = self._on_timeout = _nothing

    def _give_up(self) -> None:
        timed_out = self._on_timeout
        self._close()
        timed_out()

    def _on_its_branch(self, method: str, to: str | None) -> SipRequest:
        """ACK to a non-2xx or CANCEL: the INVITE's own Via, CSeq number and Route (§9.1, §17.1.1.3)."""
        request = SipRequest(method=method, uri=self.request.uri)
        request.headers.append("Via", self.request.headers.get("via")[0])
        for name in ("From", "Call-ID", "Max-Forwards"):
            request.set_header(name, self.request.get_header(name) or "")
        request.set_header("To", to or "")
        request.set_header("CSeq", f"{cseq_of(self.request)} {method}")
        for route in self.request.headers.get("route"):
            request.add_header("Route", route)
        return request


class TransactionLayer:
    """All transactions of one core."""

    def __init__(
        self, send: Callable[[bytes, Addr], None], schedule: TimerQueue, dice: Dice, timing: Timing, name: str
    ) -> None:
        self.send, self.schedule, self.dice, self.timing, self.name = send, schedule, dice, timing, name
        self.connections: set[Addr] = set()  # the far ends of those that are open
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
        if request.method == "INVITE":
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

    def disconnected(self, to: Addr) -> None:
        """A connection is gone: end the requests over it of which nothing was heard."""
        for transaction in list(self._clients.values()):
            if transaction.to == to and not transaction.provisional and not transaction.final:
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
