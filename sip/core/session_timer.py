"""Session timers (RFC 4028): a call whose far end vanished silently ends."""

from __future__ import annotations

from collections.abc import Callable

from aiosipua.message import SipRequest, SipResponse

from sip.core.checks import number
from sip.core.dice import Dice, between
from sip.core.sip_messages import Header
from sip.core.timers import Timers

DEFAULT_MIN_S = 90
AGAIN_S = 5  # after a refusal that does not say when; and at most four times as long


def _nothing() -> None:
    """Nobody is told."""


def _wanted(message: SipRequest | SipResponse) -> tuple[int, str]:
    """Interval in seconds and refresher of ``Session-Expires``; 0 when there is none that can be."""
    interval, *rest = (message.get_header("session-expires") or "").split(";")
    params = dict(part.strip().lower().partition("=")[::2] for part in rest)
    return number(interval) or 0, params.get("refresher", "").strip()


def retry_s(response: SipResponse, dice: Dice) -> float:
    """When a request that was refused for the moment is sent again: RFC 3261 §14.1, or as ``Retry-After`` says."""
    if response.status_code == 491:
        return between(dice, 2.1, 4.0)
    wanted = number((response.get_header("retry-after") or "").partition(";")[0].partition("(")[0].strip())
    return float(min(max(wanted if wanted is not None else AGAIN_S, 1), 4 * AGAIN_S))


def _takes_update(allow: list[str]) -> bool:
    """Whether the far end takes UPDATE; without a word of it, it does."""
    return not allow or "UPDATE" in (method.strip().upper() for method in allow)


class SessionTimer:
    """Refreshes the session at half its interval, or expects the other side to."""

    def __init__(self, timers: Timers, refresh: Callable[[], None], expire: Callable[[], None]) -> None:
        self.min_s = DEFAULT_MIN_S
        self.by_update = True
        self._timers, self._refresh, self._expire = timers, refresh, expire
        self._interval = 0
        self._ours = False  # we are the refresher

    def refusal(self, request: SipRequest) -> Header | None:
        """Min-SE for a 422, when the wanted interval is too short."""
        wanted, _ = _wanted(request)
        return ("Min-SE", str(self.min_s)) if 0 < wanted < self.min_s else None

    def answer(self, request: SipRequest) -> list[Header]:
        """Headers of the 2xx; arms the timer when the request asked for one."""
        interval, refresher = _wanted(request)
        self.by_update = _takes_update(request.headers.get("allow"))
        if interval <= 0:  # without the header a session lives as long as it likes (§9)
            self._interval = 0
            self._timers.clear("session")
            return []
        supported = "timer" in (option.lower() for option in request.headers.get("supported"))
        refresher = (refresher or "uac") if supported else "uas"
        self._arm(interval, ours=refresher == "uas")
        required = [("Require", "timer")] if refresher == "uac" else []
        return [("Session-Expires", f"{interval};refresher={refresher}"), *required]

    def offer(self) -> list[Header]:
        """Headers of a request of ours that refreshes the session."""
        if not self._interval:
            return []
        return [("Session-Expires", f"{self._interval};refresher={'uac' if self._ours else 'uas'}")]

    def confirmed(self, response: SipResponse) -> None:
        """A 2xx to our INVITE or UPDATE: what the far end wants holds from now on."""
        interval, refresher = _wanted(response)
        allow = response.headers.get("allow")
        self.by_update = _takes_update(allow) if allow else self.by_update
        if interval > 0:
            self._arm(max(interval, self.min_s), ours=refresher != "uas")
        elif self._interval and self._ours:
            self._arm(self._interval, ours=True)

    def refused(self, response: SipResponse, dice: Dice) -> None:
        """A refresh of ours failed, but the call is there (§7.4): tried again, so that the far end does not end it."""
        self._interval = max(self._interval, number(response.get_header("min-se") or "") or 0)
        if response.status_code in (405, 501):
            self.by_update = False
        if self._interval and self._ours:
            self._timers.arm("session", retry_s(response, dice), self._refresh)

    def end(self) -> None:
        """The call is over: nobody is told any more (and the leg that would be is freed)."""
        self._refresh = self._expire = _nothing

    def _arm(self, interval: int, *, ours: bool) -> None:
        self._interval, self._ours = interval, ours
        if ours:
            self._timers.arm("session", interval / 2, self._refresh)
        else:
            self._timers.arm("session", interval - min(32, interval / 3), self._expire)
