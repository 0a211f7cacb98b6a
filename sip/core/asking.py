"""Asking a far end of which nothing is heard whether it is there."""

from __future__ import annotations

from collections.abc import Callable

from aiosipua.message import SipResponse

from sip.core.leg import SipLeg


def ask(leg: SipLeg, on_nobody: Callable[[], None]) -> None:
    """Send OPTIONS in the dialog of ``leg``; at most one question is open.

    Any answer is life, but 408 and 481 end the call (RFC 5057 §5.1). ``on_nobody`` is called when none came in
    64 x T1 or the network says that nobody is there, unless a SIP message came meanwhile.
    """
    if leg.asking:
        return
    leg.asking, asked = True, leg.agent.now

    def on_final(response: SipResponse) -> None:
        leg.asking = False
        if response.status_code in (408, 481):
            leg.fail("lost")

    def on_timeout() -> None:
        leg.asking = False
        if leg.state == "up" and leg.heard_at <= asked:
            on_nobody()

    leg.request("OPTIONS", on_final=on_final, on_timeout=on_timeout)
