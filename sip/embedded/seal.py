"""SRTP of one stream (RFC 3711): what goes out is sealed, what comes in is opened or dropped. AES-CM with HMAC-SHA1."""

from __future__ import annotations

from pylibsrtp import Error, Policy, Session

from sip.core.crypto import Crypto, Secret

_PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}
_WINDOW = 1024  # packets that may overtake each other: 20 s of sound


class Seal:
    """Both directions. A key that was there ``before`` keeps its state: the count of what was sealed with it."""

    def __init__(self, secret: Secret, before: Seal | None = None) -> None:
        self._secret = secret
        out, into = before._keeps(secret) if before is not None else (None, None)
        self._out: Session = out or _session(secret.ours, Policy.SSRC_ANY_OUTBOUND)
        self._in: Session = into or _session(secret.theirs, Policy.SSRC_ANY_INBOUND)

    def _keeps(self, secret: Secret) -> tuple[Session | None, Session | None]:
        """What goes on under other keys."""
        same = _same(self._secret.ours, secret.ours), _same(self._secret.theirs, secret.theirs)
        return self._out if same[0] else None, self._in if same[1] else None

    def close(self, packet: bytes) -> bytes:
        """An RTP packet of ours, sealed. Raises ``ValueError`` when it cannot be: its number was used before."""
        try:
            return bytes(self._out.protect(packet))
        except Error as error:
            raise ValueError(str(error)) from error

    def open(self, packet: bytes) -> bytes | None:
        """The RTP packet in what came; None: forged, replayed, damaged, or no SRTP at all."""
        try:
            return bytes(self._in.unprotect(packet))
        except (Error, ValueError):
            return None


def _same(one: Crypto, other: Crypto) -> bool:
    """Whether two lines say one key; its tag may change from offer to offer."""
    return (one.suite, one.key) == (other.suite, other.key)


def _session(crypto: Crypto, kind: int) -> Session:
    policy = Policy(key=crypto.key, ssrc_type=kind, srtp_profile=_PROFILES[crypto.suite])
    policy.window_size = _WINDOW
    return Session(policy)
