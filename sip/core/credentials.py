"""Digest authentication, the client's side: answer the first challenge that can be answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiosipua.auth import SipDigestAuth, build_credentials
from aiosipua.headers import parse_auth, stringify_auth
from aiosipua.message import SipResponse

from sip.core.dice import Dice, token
from sip.core.sip_messages import Header


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and its secret (never shown)."""

    user: str
    secret: str = field(repr=False)

    def answer(self, response: SipResponse, method: str, uri: str, dice: Dice) -> Header | None:
        """The header that answers a 401 or 407, or None when nothing in it can be answered."""
        account = SipDigestAuth(self.user, self.secret)
        proxy = response.status_code == 407
        for value in response.headers.get("proxy-authenticate" if proxy else "www-authenticate"):
            challenge = parse_auth(value)
            proof = build_credentials(account, challenge, method, uri, cnonce=token(dice))
            if proof is not None:
                return "Proxy-Authorization" if proxy else "Authorization", stringify_auth(proof)
        return None
