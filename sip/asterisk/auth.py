"""Who proves a secret to Asterisk, and who cannot, as sections of ``pjsip.conf`` (pure)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence

from sip.asterisk.config import DIGEST

Lines = list[tuple[str, object]]
IDENTIFIED = "ip,username,header,anonymous"  # in this order: ``header`` finds who registers as nobody
NOBODY = "no-such-seat"


def auth(user: str, secret: str, digest: Sequence[str]) -> Lines:
    """``digest``: an older Asterisk knows no choice, so only another than MD5 is written down."""
    lines: Lines = [("type", "auth"), ("auth_type", "userpass"), ("username", user), ("password", secret)]
    return lines if tuple(digest) == DIGEST else [*lines, ("supported_algorithms_uas", ",".join(digest))]


def nobody(key: str, digest: Sequence[str]) -> Iterator[tuple[str, Lines]]:
    """Whoever registers under a name no seat has is asked for a secret nobody knows, made of ``key``.

    Without it he would be told 404, and who hears 401 would know the name of a seat.
    """
    secret = hmac.new(key.encode(), b"nobody", hashlib.sha256).hexdigest()
    yield NOBODY, [("type", "endpoint"), ("identify_by", "header"), ("auth", f"{NOBODY}-auth"), ("aors", NOBODY)]
    yield NOBODY, [("type", "aor")]
    yield f"{NOBODY}-auth", auth(NOBODY, secret, digest)
    yield f"{NOBODY}-known", [("type", "identify"), ("endpoint", NOBODY), ("match_header", "CSeq: /REGISTER/")]
