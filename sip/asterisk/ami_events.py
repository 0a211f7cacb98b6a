"""Read AMI's events as values of the port. Pure: headers in, meaning out.

Nothing in a header is believed: whoever sends a REGISTER chooses some of these texts. Control characters go, lengths
are bounded, accounts are only named when they are ours, and of an address only the network is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ivr.telephony import AccessDenied, LineQuality
from sip.asterisk.legs import line_of
from sip.refusals import network_of

REFUSALS = ("InvalidAccountID", "InvalidPassword", "ChallengeResponseFailed", "FailedACL", "AuthMethodNotAllowed",
            "RequestNotAllowed", "RequestBadFormat", "UnexpectedAddress", "SessionLimit",
            "InvalidTransport")  # fmt: skip
WATCHED = (*REFUSALS, "Registry", "RTCPSent")
QUALITY_VARIABLE = "RTPAUDIOQOS"  # set on each channel at its end
REGISTRATION = "trunk-registration"  # as sip/asterisk/files.py names it
LONGEST = 200
SERVICES = ("PJSIP", "AMI", "ARI", "HTTP")


def text(value: object, longest: int = LONGEST) -> str:
    """A header's value without anything that could end a line, bounded."""
    return "".join(char for char in str(value)[:longest] if char.isprintable())


def quality(event: Mapping[str, object], at: int) -> LineQuality | None:
    """A line's figures at its end: ``ssrc=1;themssrc=2;lp=0;rxjitter=0.000120;rxcount=500;txjitter=…;rlp=0;rtt=…``."""
    pairs = (part.partition("=") for part in text(event.get("Value", ""), 500).split(";"))
    told = {name: value for name, _, value in pairs}
    try:
        received, lost = int(told["rxcount"]), max(0, int(told["lp"]))
        sent, far_lost = int(told["txcount"]), max(0, int(told["rlp"]))
        # Asterisk's names are crossed for jitter: what it measured itself is "tx", what the far end reported "rx".
        jitter, far_jitter, rtt = (_us(told[name]) for name in ("txjitter", "rxjitter", "rtt"))
    except (KeyError, ValueError):
        return None
    line = line_of(text(event.get("Uniqueid", "")))
    if not line or not (received or sent):  # a phone that rang in vain has no sound
        return None
    if rtt <= 0 and far_jitter <= 0 and far_lost == 0:
        return LineQuality(line, at, received, lost, jitter, sent)  # no report ever came from the far end
    return LineQuality(line, at, received, lost, jitter, sent, far_lost, far_jitter, rtt)


def _us(seconds: str) -> int:
    return max(0, min(round(float(seconds) * 1_000_000), 3_600_000_000))


def loss_and_jitter(event: Mapping[str, object]) -> tuple[str, float, float] | None:
    """Of an ``RTCPSent``: the line, the loss since the report before (percent), the jitter (ms, at 8000 Hz)."""
    line = line_of(text(event.get("Uniqueid", "")))
    try:
        loss = int(text(event.get("Report0FractionLost", ""))) * 100 / 256
        jitter = int(text(event.get("Report0IAJitter", ""))) / 8
    except ValueError:
        return None
    return (line, loss, jitter) if line else None


def registration(event: Mapping[str, object]) -> str:
    """The state in a ``Registry`` event or an ``OutboundRegistrationDetail``: one lower-case word."""
    word = text(event.get("Status", ""), 40).lower().replace(" ", "_")
    return word if word.replace("_", "").isalpha() else "unknown"


def refused(event: Mapping[str, object], at: int, ours: Collection[str]) -> AccessDenied | None:
    """Somebody was refused. ``ours``: the accounts that may be named."""
    kind = text(event.get("Event", ""), 40)
    if kind not in REFUSALS:
        return None
    service, account = text(event.get("Service", ""), 20), text(event.get("AccountID", ""), 80)
    return AccessDenied(
        at,
        kind,
        service if service in SERVICES else "other",
        account if account in ours else "",
        network_of(host_of(text(event.get("RemoteAddress", ""), 80))),
    )


def host_of(address: str) -> str:
    """``IPV4/UDP/198.51.100.7/5060`` -> ``198.51.100.7``."""
    parts = address.split("/")
    return parts[2] if len(parts) > 2 else address
