"""Check words for citizens before they are saved: forbidden phrases 服务忌语 and better wording (LIS-6).

    check(wording, "这事不归我管")         # raises BadlyWorded, with what to say instead

Whoever insists saves it as it stands (``worded``): a citizen may be quoted. Reasons are for colleagues, and free.
"""

from __future__ import annotations

from ivr.cases.actions import ActionRefused
from ivr.wording import Hit, Wording

TO_CITIZENS = ("reply", "note")  # actions whose text the citizen is told, or reads later


class BadlyWorded(ActionRefused):
    """The text holds phrases no citizen should hear: ``hits``."""

    def __init__(self, hits: tuple[Hit, ...]) -> None:
        super().__init__("文字中有服务忌语，请改用建议的说法。", "forbidden phrases; see the better wording", "text")
        self.hits = hits


def check(wording: Wording, text: str) -> None:
    """Raise :class:`BadlyWorded` when the text holds forbidden phrases."""
    if hits := tuple(wording.forbidden(text)):
        raise BadlyWorded(hits)
