"""A call of ours to a citizen, over the line to the provider."""

from __future__ import annotations

from collections.abc import Sequence

from sip.core.agent import UserAgent
from sip.core.config import TrunkConfig
from sip.core.credentials import Credentials
from sip.core.dice import token
from sip.core.leg_out import DialTarget, OutboundLeg, sealing
from sip.core.locating import has_port, usual_port
from sip.core.registration import as_uri, host_as_uri
from sip.core.sip_messages import Addr, Header, host_of
from sip.core.sound import LegAudio
from sip.numbers import is_number


def server_of(trunk: TrunkConfig) -> tuple[str, int | None]:
    """The provider's host or domain, and its port when one was named."""
    uri = as_uri(trunk.registrar)
    host, port = host_of(uri)
    return host, port if has_port(uri) else None


def provider_of(trunk: TrunkConfig) -> str:
    """How the provider stands in URIs."""
    host, port = server_of(trunk)
    return host_as_uri(host, port or usual_port(trunk.transport), trunk.transport)


def trunk_leg(
    agent: UserAgent, trunk: TrunkConfig, number: str, caller_id: str, servers: Sequence[Addr], stream: LegAudio
) -> OutboundLeg:
    """The leg, not called yet. From is the account, as registrars want it; the caller ID goes in P-Asserted-Identity.

    Where the first of the servers gives no answer the next is called. A line that has no account (known by its
    address) has the caller ID in From too.
    """
    provider = provider_of(trunk)
    shown = caller_id if is_number(caller_id) else ""
    user = trunk.user or shown or "hotline"
    asserted: tuple[Header, ...] = ()
    if shown and shown != user:
        asserted = (("P-Asserted-Identity", f"<sip:{shown}@{provider}>"),)
    return OutboundLeg(
        agent,
        DialTarget(f"sip:{number}@{provider}", servers[0], others=tuple(servers[1:])),
        stream,
        from_user=user,
        from_host=provider,
        credentials=Credentials(trunk.user, trunk.secret) if trunk.user else None,
        call_id=token(agent.dice, 128),
        extra=asserted,
        early=True,
        seal=sealing(trunk.encryption, servers[0]),
    )
