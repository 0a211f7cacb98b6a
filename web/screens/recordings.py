"""Recordings, decrypted on their way to the listener; every listening is written down first."""

from __future__ import annotations

import io
import logging
from typing import Any

from flask import Blueprint, abort, request, send_file
from flask_babel import gettext as _

from ivr.store import queries
from web.access import needs
from web.db import config, reading, record, writing

bp = Blueprint("recordings", __name__)
log = logging.getLogger("web")


@bp.get("/recordings/<recording_id>.wav")
@needs("listen")
def play(recording_id: str) -> Any:
    """The WAV, whole or the part a player asks for (``Range``)."""
    kept = queries.recording(reading(), recording_id)
    if kept is None:
        abort(404)
    target, path = recording_id, kept.recording.path
    detail = " ".join(filter(None, [kept.case.number if kept.case else "", request.headers.get("Range", "")]))
    if request.method != "HEAD":
        with writing() as db:
            record(db, "listened", target=f"recording {target}", detail=detail)
    try:
        wav = config().vault.read(path)
    except (OSError, ValueError) as error:
        log.error("recording %s cannot be played: %s", recording_id, error)
        abort(404, _("这段录音已按期限删除,或文件损坏。"))
    answer = send_file(io.BytesIO(wav), mimetype="audio/wav", conditional=True, etag=False)
    answer.headers["Accept-Ranges"] = "bytes"
    answer.cache_control.no_store = True
    answer.headers["Content-Disposition"] = "inline"
    return answer
