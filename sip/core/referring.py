"""A telephone's side of a transfer: ask by REFER, hear by NOTIFY how it goes (RFC 3515)."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from sip.core.leg import SipLeg
from sip.core.transactions import ServerTransaction

_FRAGMENT = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ")


def refer(leg: SipLeg, to: str, told: Callable[[int], None], replaces: SipLeg | None = None) -> None:
    """Ask that the party of ``leg`` be handed over to the address ``to``, or to the party of ``replaces``.

    ``told``: gets each code of how it goes; one from 200 on is the end of it, also that of a refusal.
    """

    def notified(transaction: ServerTransaction) -> None:
        found = _FRAGMENT.match(transaction.request.text)
        transaction.respond(200 if found else 400)
        if found:
            told(int(found[1]))

    if replaces is not None:
        dialog = replaces.dialog
        named = f"{dialog.call_id};to-tag={dialog.remote_tag};from-tag={dialog.local_tag}"
        to = f"{to}?Replaces={quote(named, safe='')}"
    leg.takes["NOTIFY"] = notified
    leg.request(
        "REFER",
        headers=[("Refer-To", f"<{to}>"), leg.contact()],
        on_final=lambda answer: None if answer.status_code < 300 else told(answer.status_code),
        on_timeout=lambda: told(408),
    )
