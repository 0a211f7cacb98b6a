"""The one connection to Asterisk: ARI's events and our requests over a single WebSocket.

An Asterisk before 22.4 takes no requests there; it gets them by HTTP, in the same order (``rest.py``).

One task owns the socket. Requests are written in the order they were asked, Asterisk carries them out in that order,
and each is answered exactly once: by Asterisk's reply or, after its time-out, by ``LOST``. A request
that was not answered when the connection broke is sent again on the next one, so every request
names what it makes (channel, playback, recording, bridge): made twice, it is still one.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from sip.asterisk.config import AsteriskConfig
from sip.asterisk.rest import AriRequest, Http, Reply, reply_of
from sip.errors import SipError

log = logging.getLogger(__name__)

PING_S = 5.0  # a connection that says nothing for twice as long is dead
OPEN_S = 5.0
PROBE_S = 2.0  # a request over the socket that is not answered by then: does this Asterisk know of such?
REFUSALS = 3  # nobody listens at its port: Asterisk has ended, and its calls with it
MAX_MESSAGE = 16 * 2**20  # the list of some thousand channels

# What is asked for; everything else Asterisk would tell costs both sides time. Replies count as events.
EVENTS = (
    "RESTResponse", "StasisStart", "ChannelHangupRequest", "ChannelDestroyed", "ChannelStateChange",
    "Dial", "ChannelDtmfReceived", "ChannelHold", "ChannelUnhold", "PlaybackFinished", "RecordingFinished",
    "RecordingFailed", "DeviceStateChanged", "ChannelTransfer", "ApplicationReplaced",
)  # fmt: skip


LOST = Reply(0)
Done = Callable[[Reply], None]


@dataclass(slots=True)
class _Asked:
    request: AriRequest
    done: Done
    timer: asyncio.TimerHandle


class LoginRefused(SipError, OSError):
    """Asterisk does not let us in, and trying again will not change that; the text says what to do."""


class Link:
    """Runs on the loop that calls :meth:`run`.

    ``on_event`` gets every event; ``on_open`` is called after each connect, when what was left
    unanswered has been sent again; ``on_gone`` when Asterisk itself is not there any more; ``on_replaced``
    when another process took our application name.
    """

    def __init__(
        self,
        config: AsteriskConfig,
        on_event: Callable[[Mapping[str, Any]], None],
        on_open: Callable[[], None],
        on_gone: Callable[[], None],
        on_replaced: Callable[[], None],
    ) -> None:
        self._config = config
        self._on_event, self._on_open, self._on_gone, self._on_replaced = on_event, on_open, on_gone, on_replaced
        self._asked: dict[str, _Asked] = {}
        self._numbers = itertools.count(1)
        self._outbox: asyncio.Queue[AriRequest] | None = None  # while connected
        self._by_http: bool | None = True if config.http else None  # None: not known yet
        self._replaced = False
        self._opened = False  # the last attempt led to a connection
        self.trouble = ""  # why there was no connection when it was tried last

    @property
    def connected(self) -> bool:
        return self._outbox is not None

    def ask(
        self,
        method: str,
        *path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        done: Done = lambda _: None,
    ) -> None:
        """Send a request; ``path`` in pieces, each of which may hold any character."""
        number = str(next(self._numbers))
        uri = "/".join(quote(piece, safe="") for piece in path)
        if query:
            uri += "?" + urlencode({key: str(value) for key, value in query.items()}, quote_via=quote)
        request = AriRequest(number, method, uri, None if body is None else json.dumps(body))
        timer = asyncio.get_running_loop().call_later(self._config.request_s, self._give_up, number)
        self._asked[number] = _Asked(request, done, timer)
        if self._outbox is not None:
            self._outbox.put_nowait(request)

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled. Raises :class:`LoginRefused`."""
        first, longest = self._config.retry_s
        pause, refusals = first, 0
        while not self._replaced:
            self._opened = False
            try:
                await self._once()
            except InvalidStatus as error:
                self._refused(error.response.status_code)
            except (OSError, WebSocketException, TimeoutError) as error:
                if isinstance(error, LoginRefused):
                    raise
                refusals = refusals + 1 if isinstance(error, ConnectionRefusedError) else 0
                if refusals == REFUSALS:
                    self._on_gone()
                self.trouble = str(error)
                log.log(logging.DEBUG if pause > first else logging.WARNING, "no connection to Asterisk: %s", error)
            if self._opened:  # however it ended: a new loss begins with short pauses again
                pause, refusals = first, 0
            if not self._replaced:
                await asyncio.sleep(pause)
                pause = min(2 * pause, longest)

    def close(self) -> None:
        """Forget what was asked."""
        for asked in self._asked.values():
            asked.timer.cancel()
        self._asked.clear()

    # --- one connection ---------------------------------------------------------------------

    async def _once(self) -> None:
        config = self._config
        where = urlsplit(config.url)
        scheme = {"https": "wss"}.get(where.scheme, "ws")
        query = urlencode({"app": config.app, "subscribeAll": "false"})
        login = base64.b64encode(f"{config.user}:{config.secret}".encode()).decode()
        async with connect(
            f"{scheme}://{where.netloc}{where.path.rstrip('/')}/ari/events?{query}",
            additional_headers={"Authorization": f"Basic {login}"},
            open_timeout=OPEN_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=1,
            max_size=MAX_MESSAGE,
            compression=None,
            proxy=None,
        ) as socket:
            log.info("connected to Asterisk at %s", where.netloc)
            self._opened = True
            early: list[Mapping[str, Any]] = []
            if self._by_http is None:
                self._by_http = not await self._takes_requests(socket, early)
            self._outbox = asyncio.Queue()
            sender = asyncio.create_task((self._send_by_http if self._by_http else self._send)(socket, self._outbox))
            try:
                self._begin()
                for told in early:
                    self._heard(told)
                async for message in socket:
                    self._heard(json.loads(message))
                    if self._replaced:
                        return
                log.warning("Asterisk closed the connection")
            finally:
                self._outbox = None
                sender.cancel()

    def _begin(self) -> None:
        again = [asked.request for asked in self._asked.values()]
        allowed = {"allowed": [{"type": name} for name in EVENTS]}
        self.ask("PUT", "applications", self._config.app, "eventFilter", body=allowed, done=self._filtered)
        assert self._outbox is not None
        for request in again:
            self._outbox.put_nowait(request)
        self._on_open()

    async def _takes_requests(self, socket: ClientConnection, early: list[Mapping[str, Any]]) -> bool:
        """Does this Asterisk take requests over the socket? ``early`` gets what else it tells meanwhile."""
        await socket.send(AriRequest("probe", "GET", "asterisk/ping").frame)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PROBE_S):
                async for message in socket:
                    told = json.loads(message)
                    if told.get("type") == "RESTResponse":
                        return True
                    early.append(told)
        http = Http(self._config)
        try:
            if not await http.too_old_for_the_socket():
                raise OSError("it answers no request over the socket")
        finally:
            await http.close()
        log.info("an Asterisk before 22.4: requests go by HTTP")
        return False

    async def _send_by_http(self, _: ClientConnection, outbox: asyncio.Queue[AriRequest]) -> None:
        http = Http(self._config)
        try:
            await http.carry(outbox, self._asked.__contains__, self._replied)
        finally:
            await http.close()

    async def _send(self, socket: ClientConnection, outbox: asyncio.Queue[AriRequest]) -> None:
        try:
            while True:
                await socket.send((await outbox.get()).frame)
        except WebSocketException:
            pass  # the reader sees the end too, and what was not answered is sent again

    def _heard(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "RESTResponse":
                reply = reply_of(int(message["status_code"]), message.get("message_body"))
                self._replied(str(message.get("request_id")), reply)
            case "ApplicationReplaced":
                self._replaced = True
                self._on_replaced()
            case _:
                self._on_event(message)

    def _replied(self, number: str, reply: Reply) -> None:
        asked = self._asked.pop(number, None)
        if asked is not None:
            asked.timer.cancel()
            asked.done(reply)

    def _filtered(self, reply: Reply) -> None:
        if not reply.ok:
            log.warning("Asterisk does not filter events (%s); it goes on, with more work for both", reply.code)

    def _give_up(self, number: str) -> None:
        asked = self._asked.pop(number, None)
        if asked is not None:
            log.warning("Asterisk did not answer: %s", asked.request.uri)
            asked.done(LOST)

    def _refused(self, status: int) -> None:
        config = self._config
        if status in (401, 403):
            raise LoginRefused(
                f"Asterisk refuses ARI user {config.user!r}: compare [asterisk] user and secret with ari.conf"
            )
        # An Asterisk that is still starting answers 404 too, so that is tried again.
        self.trouble = (
            f"answers {status}; http.conf and ari.conf need enabled = yes" if status == 404 else f"answers {status}"
        )
        log.warning("Asterisk %s", self.trouble)
