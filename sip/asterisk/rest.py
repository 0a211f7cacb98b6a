"""Requests by plain HTTP, for an Asterisk before 22.4, which takes none over the socket of its events."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sip.asterisk.config import AsteriskConfig

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

OVER_SOCKET = (22, 4)  # the first Asterisk that takes requests over the socket
AGAIN_S = 0.2  # between two attempts of a request that did not reach Asterisk
_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer: the HTTP status (0: none came in time) and the JSON document, if any."""

    code: int
    body: Any = None

    @property
    def ok(self) -> bool:
        return 200 <= self.code < 300


@dataclass(frozen=True, slots=True)
class AriRequest:
    """A request of ARI; ``uri`` without ``/ari/``, ``body``: JSON."""

    number: str
    method: str
    uri: str
    body: str | None = None

    @property
    def frame(self) -> str:
        """As it goes over the socket."""
        told = {"type": "RESTRequest", "request_id": self.number, "method": self.method, "uri": self.uri}
        if self.body is not None:
            told |= {"content_type": "application/json", "message_body": self.body}
        return json.dumps(told)


def reply_of(code: int, text: str | None) -> Reply:
    """An answer as either way brings it."""
    return Reply(code, json.loads(text) if text else None)


class Http:
    """One connection, one request at a time, so that Asterisk carries them out in the order they were asked."""

    def __init__(self, config: AsteriskConfig) -> None:
        import httpx  # only where it is needed: it would make every start slower

        self._client = httpx.AsyncClient(
            base_url=f"{config.url.rstrip('/')}/ari/",
            auth=(config.user, config.secret),
            timeout=config.request_s,
            trust_env=False,
        )

    async def carry(
        self, outbox: asyncio.Queue[AriRequest], wanted: Callable[[str], bool], answered: Callable[[str, Reply], None]
    ) -> None:
        """Send what is put into ``outbox``, for ever; ``wanted``: does somebody still wait for this number?"""
        while True:
            request = await outbox.get()
            while wanted(request.number):
                try:
                    told = await self._send(request)
                except OSError as error:
                    log.info("%s did not reach Asterisk: %s", request.uri, error)
                    await asyncio.sleep(AGAIN_S)
                    continue
                try:
                    text = told.text if "json" in told.headers.get("content-type", "") else None
                    answered(request.number, reply_of(told.status_code, text))
                except Exception:  # what one answer did must not hold up all other requests
                    log.exception("the answer to %s", request.uri)

    async def too_old_for_the_socket(self) -> bool:
        """Is it an Asterisk before 22.4? Raises ``OSError`` when it does not say."""
        told = await self._send(AriRequest("", "GET", "asterisk/info?only=system"))
        found = _VERSION.search(str(told.json()["system"]["version"])) if told.is_success else None
        if found is None:
            raise OSError(f"Asterisk does not tell its version: {told.status_code}")
        return (int(found[1]), int(found[2])) < OVER_SOCKET

    async def _send(self, request: AriRequest) -> httpx.Response:
        import httpx

        kind = {"Content-Type": "application/json"} if request.body is not None else {}
        try:
            return await self._client.request(request.method, request.uri, content=request.body, headers=kind)
        except httpx.HTTPError as error:
            raise OSError(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """Let go of the connection."""
        await self._client.aclose()
