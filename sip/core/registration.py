"""Registering with somebody else's registrar (a provider, a PBX, or a phone with our hotline)."""

from __future__ import annotations

from aiosipua.message import SipResponse

from sip.core.agent import UserAgent
from sip.core.credentials import Credentials
from sip.core.dice import between, token
from sip.core.events import Found, Registered
from sip.core.locating import has_port, usual_port
from sip.core.sip_messages import Addr, Header, host_of, host_port, params_of, seconds, uri_of
from sip.core.timers import Timers

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 300.0  # between tries that failed, doubling


def host_as_uri(host: str, port: int, transport: str) -> str:
    """``host``, or ``host:port`` where it is not the transport's usual one."""
    return host if port == usual_port(transport) else host_port((host, port))


def as_uri(registrar: str) -> str:
    """``host``, ``host:port`` or ``sip:host`` as a URI."""
    return registrar if registrar.lower().startswith("sip:") else f"sip:{registrar}"


class Registration:
    """Keeps one registration alive: refresh before it ends, back off when refused.

    ``state``: ``off``, ``registering``, ``registered``, or ``failed: <why>``. ``address``: the
    registrar's, once known. Each change is an event. ``line``: a secret the Contact carries, by which
    the registrar's calls are known again. A registrar without a port may be a domain of several servers: one that
    does not answer, or answers 503, is left for the next (RFC 3263 §4.3).
    """

    def __init__(
        self,
        agent: UserAgent,
        registrar: str,
        credentials: Credentials,
        expires_s: int,
        line: str = "",
        transport: str = "UDP",
    ) -> None:
        self.state = "off"
        self.address: Addr | None = None
        self._agent, self._credentials = agent, credentials
        uri = as_uri(registrar)
        self._host, self._transport = host_of(uri)[0], transport
        self._port = host_of(uri)[1] if has_port(uri) else None
        self._others: list[Addr] = []  # servers that were not tried yet
        self._expires = expires_s
        self._line = line
        self._pause = FIRST_PAUSE_S
        self._call_id, self._tag, self._cseq = token(agent.dice, 128), token(agent.dice), 0
        self._challenged = 0
        self._timers = Timers(agent.schedule)
        agent.on_disconnected.append(self._disconnected)
        agent.registered.append(lambda: [self.address] if self.address is not None and self.state != "off" else [])

    def start(self) -> None:
        self._set("registering")
        self._begin()

    def leave(self) -> None:
        """Take the registration back; ``state`` is ``off`` when that is answered, or when there was none."""
        self._timers.clear_all()
        if self.state == "registered" and self.address is not None:
            self._expires, self._challenged = 0, 0
            self._send(self.address)
        else:
            self._set("off")

    def _set(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._agent.tell(Registered(self, state))

    def _begin(self) -> None:
        def go(found: Found) -> None:
            servers = self._agent.servers.ordered(found.addresses, self._agent.now)
            if self.state == "registered" and self.address in servers:  # a refresh goes where the registration is
                servers.sort(key=lambda server: server != self.address)
            self._others = servers
            self._try_next(found.why or f"no address for {self._host}")

        self._agent.locate(self._host, self._port, self._transport, go)

    def _try_next(self, why: str) -> None:
        """Go to the next server; ``why`` the one before it was none."""
        if not self._others or self._expires == 0:
            self._failed(why)
            return
        self._challenged = 0
        self.address = self._others.pop(0)
        self._send(self.address)

    def _disconnected(self, from_: Addr) -> None:
        """Our Contact can be reached no more: register anew over another connection (RFC 5626 §4.2.1)."""
        if from_ == self.address and self.state == "registered" and self._expires:
            self._timers.arm("refresh", between(self._agent.dice, 0.2, 1.0), self._begin)

    def _send(self, to: Addr, *extra: Header) -> None:
        user = self._credentials.user
        host = self._request_host()
        self._cseq += 1
        headers = [
            ("From", f"<sip:{user}@{host}>;tag={self._tag}"),
            ("To", f"<sip:{user}@{host}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", f"<{self._contact(to)}>;expires={self._expires}"),
            ("Expires", str(self._expires)),
            *extra,
        ]
        request = self._agent.new_request("REGISTER", f"sip:{host}", to, headers)
        self._agent.request(
            request, to, lambda response: self._responded(response, to), lambda: self._gave_nothing("no answer", to)
        )

    def _gave_nothing(self, why: str, to: Addr) -> None:
        self._agent.servers.failed(to, self._agent.now)
        self._try_next(why)

    def _responded(self, response: SipResponse, to: Addr) -> None:
        code = response.status_code
        if code < 200:
            return
        if self._expires == 0 and code not in (401, 407):
            self._set("off")
        elif code < 300:
            self._pause = FIRST_PAUSE_S
            self._agent.servers.works(to)
            self._agent.servers.home = to
            self._timers.arm("refresh", max(0.5, 0.5 * self._granted(response)), self._begin)
            self._set("registered")
        elif code in (401, 407):
            # a second challenge is answered only when the nonce had merely grown old
            stale = any("stale=true" in v.lower().replace('"', "") for v in response.headers.get("www-authenticate"))
            header = self._credentials.answer(response, "REGISTER", f"sip:{self._request_host()}", self._agent.dice)
            self._challenged += 1
            if header is None or self._challenged > (2 if stale else 1):
                self._failed("wrong user or secret")
            else:
                self._send(to, header)
        elif code == 423 and (least := seconds(response.get_header("min-expires"))) and least > self._expires:
            self._expires, self._challenged = least, 0
            self._send(to)
        elif code == 503:
            self._gave_nothing(f"{code} {response.reason_phrase}", to)
        else:
            self._failed(f"{code} {response.reason_phrase}")

    def _request_host(self) -> str:
        port = self._port or usual_port(self._transport)
        return host_as_uri(self._host, port, self._transport)

    def _contact(self, to: Addr) -> str:
        uri = uri_of(self._agent.contact(self._credentials.user, to)[1])
        return f"{uri};line={self._line}" if self._line else uri

    def _granted(self, response: SipResponse) -> int:
        ours = self._contact(self.address or Addr(self._host, self._port or 5060, self._transport))
        for contact in response.headers.get("contact"):
            if uri_of(contact) == ours and (given := seconds(params_of(contact).get("expires"))) is not None:
                return given
        given = seconds(response.get_header("expires"))
        return given if given is not None else self._expires

    def _failed(self, why: str) -> None:
        if self._expires == 0:
            self._set("off")
            return
        self._set(f"failed: {why}")
        self._timers.arm("retry", self._pause * between(self._agent.dice, 0.8, 1.2), self._begin)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_S)
