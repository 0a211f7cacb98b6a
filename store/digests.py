"""Digests that stand in the database for a secret of many random bits: an API token, a log-in, a recovery code.

Nobody can try them all, so a fast hash is enough; passwords are another matter (``web/passwords.py``).
"""

from __future__ import annotations

import hashlib


def digest(secret: str) -> str:
    """64 hex digits."""
    return hashlib.sha256(secret.encode()).hexdigest()
