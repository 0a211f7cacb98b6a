"""Keys sent by SIP INFO instead of telephone-events (RFC 4733)."""

from __future__ import annotations

import re

# Some write `Signal: 5`, a quoted key, or all in one line.
_RELAY_KEY = re.compile(r'^\s*Signal\s*[=:]\s*"?(1[0-5]|[0-9A-D*#])(?![\w*#])', re.IGNORECASE | re.MULTILINE)
_EVENT_KEYS = "0123456789*#ABCD"


def info_key(content_type: str, body: str) -> str | None:
    """The key in an INFO body (``application/dtmf-relay`` or ``application/dtmf``), or None."""
    found = _RELAY_KEY.search(body)
    text = (found.group(1) if found else body.strip()).upper() if body else ""
    if content_type == "application/dtmf-relay" and not found:
        return None
    if text.isdigit() and 10 <= int(text) <= 15:  # event numbers of RFC 4733
        return _EVENT_KEYS[int(text)]
    return text if len(text) == 1 and text in _EVENT_KEYS else None
