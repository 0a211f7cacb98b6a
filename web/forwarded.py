"""Requests that came through a proxy nobody told us of: the panel takes all people for one address, and says so.

``X-Forwarded-For`` is believed only from ``[panel] proxies`` trusted ones. When it comes while that is 0 there is a
proxy in front, or somebody forges it; either way whoever looks after the hotline is told: in the log, on the
administrator's board, by `hotline doctor`. Once an hour, and of nobody's address.
"""

from __future__ import annotations

import logging
import time

from flask import Flask, request

from store import board
from web.config import PanelConfig
from web.db import now_ms, writing

log = logging.getLogger("web")
AGAIN_S = 3600.0


def init(app: Flask) -> None:
    panel: PanelConfig = app.extensions["panel"]
    if panel.proxies:
        return
    told = [-AGAIN_S]

    @app.before_request
    def notice() -> None:
        if "X-Forwarded-For" not in request.headers or time.monotonic() - told[0] < AGAIN_S:
            return
        told[0] = time.monotonic()
        log.warning(
            "requests come with X-Forwarded-For, but [panel] proxies is 0: set it when a proxy is in front, "
            "or everybody counts as one address; else somebody forges it"
        )
        with writing() as db:
            board.forwarded(db.connection(), now_ms())
