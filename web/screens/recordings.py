"""Recordings, decrypted on their way to the listener; every listening is written down first."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, Response, abort, request
from flask_babel import gettext as _

from recordings.keys import KeyProblem
from recordings.vault import VaultError
from store.read import queries
from web.access import needs
from web.db import config, reading, record, writing

bp = Blueprint("recordings", __name__)
log = logging.getLogger("web")


@bp.get("/recordings/<recording_id>.wav")
@needs("listen")
def play(recording_id: str) -> Any:
    """The WAV, or the part a player asks for (``Range``); only that part is decrypted."""
    kept = queries.recording(reading(), recording_id)
    if kept is None:
        abort(404)
    detail = " ".join(filter(None, [kept.case.number if kept.case else "", request.headers.get("Range", "")]))
    if request.method != "HEAD":
        with writing() as db:
            record(db, "recording.listen", target=f"recording {recording_id}", detail=detail)
    vault = config().vault
    try:
        size = vault.size(recording_id)
        start, stop, status = _part(size)
        sound = vault.stream(recording_id, start, stop)
    except (VaultError, KeyProblem, OSError) as error:
        log.error("recording %s cannot be played: %s", recording_id, error)
        abort(404, _("这段录音已按期限删除，或文件损坏。"))
    answer = Response(sound, status, mimetype="audio/wav")
    answer.content_length = stop - start
    if status == 206:
        answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["Content-Disposition"] = "inline"
    answer.cache_control.no_store = True
    return answer


def _part(size: int) -> tuple[int, int, int]:
    """First byte, the byte after the last, and the status: one range is honoured, several are not (RFC 9110)."""
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return 0, size, 200
    part = wanted.range_for_length(size)
    if part is None:
        abort(416)
    return part[0], part[1], 206
