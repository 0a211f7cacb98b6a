"""Calling back those who asked to be told: what they get wrong must not stop the sound."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVarTuple, Unpack

_Args = TypeVarTuple("_Args")
log = logging.getLogger(__name__)


def call_back(callback: Callable[[Unpack[_Args]], None], *args: *_Args) -> None:
    """Call it; what it raises is logged."""
    try:
        callback(*args)
    except Exception:
        log.exception("a call-back of an RTP stream failed")
