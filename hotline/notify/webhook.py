"""Notices by webhook: a signed POST of JSON.

    POST URL
    Content-Type: application/json
    Idempotency-Key: <64 hex digits: the same for the same notice, however often it is sent>
    X-Hotline-Timestamp: 1795590000
    X-Hotline-Signature: sha256=<HMAC-SHA256 of "timestamp.body" under the shared secret>

Any answer of 2xx counts as taken; everything else is tried again. Redirects are not followed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from hotline.errors import HotlineError
from store.outbox import OutboxNotice

TIMEOUT_S = 10.0


class NotTaken(HotlineError, OSError):
    """The other side did not take the notice."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        return None


class Webhook:
    """Posts to one URL. Implements :class:`services.sweeper.Sender`."""

    def __init__(self, url: str, secret: str, now_s: Callable[[], float] = time.time) -> None:
        self._url, self._secret, self._now_s = url, secret, now_s
        # No proxies from the environment: the address is the operator's own.
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))

    def send(self, item: OutboxNotice) -> str:
        """Post the notice. Raises ``OSError`` when it was not taken."""
        body = json.dumps(dict(item.data), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        stamp = str(int(self._now_s()))
        request = urllib.request.Request(  # noqa: S310 - the settings allow http and https only
            self._url,
            data=body,
            method="POST",
            headers={
                "Content-Type": "application/json",
                "User-Agent": "open-hotline",
                "Idempotency-Key": hashlib.sha256(item.key.encode()).hexdigest(),
                "X-Hotline-Timestamp": stamp,
                "X-Hotline-Signature": f"sha256={signature(self._secret, stamp, body)}",
            },
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return f"HTTP {answer.status}"
        except urllib.error.HTTPError as error:
            error.close()
            raise NotTaken(f"HTTP {error.code}") from None


def signature(secret: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 over ``timestamp.body``, in hex: what the receiver computes to compare."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
