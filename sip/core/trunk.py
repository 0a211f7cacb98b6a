"""A call of ours to a citizen, over the line to the provider."""

from __future__ import annotations

from sip.core.agent import UserAgent
from sip.core.config import TrunkConfig
from sip.core.credentials import Credentials
from sip.core.dice import token
from sip.core.leg_out import OutboundLeg, Target
from sip.core.registration import as_uri
from sip.core.sound import Sound
from sip.core.wire import Addr, Header, host_of
from sip.numbers import is_number


def trunk_leg(
    agent: UserAgent, trunk: TrunkConfig, number: str, caller_id: str, to: Addr, stream: Sound
) -> OutboundLeg:
    """The leg, not called yet. From is the account, as registrars want it; the caller ID goes in P-Asserted-Identity.

    A line that has no account (known by its address) has the caller ID in From too.
    """
    host, port = host_of(as_uri(trunk.registrar))
    provider = host if port == 5060 else f"{host}:{port}"
    shown = caller_id if is_number(caller_id) else ""
    user = trunk.user or shown or "hotline"
    asserted: tuple[Header, ...] = ()
    if shown and shown != user:
        asserted = (("P-Asserted-Identity", f"<sip:{shown}@{provider}>"),)
    return OutboundLeg(
        agent,
        Target(f"sip:{number}@{provider}", to),
        stream,
        from_user=user,
        from_host=provider,
        credentials=Credentials(trunk.user, trunk.secret) if trunk.user else None,
        call_id=token(agent.dice, 128),
        extra=asserted,
        early=True,
    )
