from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from services.sweeper import Sender, Sweeper
from store.outbox import Addresses, OutboxNotice
from tests.support.casework import Desk

TO = Addresses({"lead": ("lead@example.cn",), "李强": ("li@example.cn",), "supervisor": ("boss@example.cn",)}, True)


@dataclass
class Kept(Sender):
    """Sends by remembering."""

    sent: list[OutboxNotice] = field(default_factory=list)

    def send(self, item: OutboxNotice) -> str:
        self.sent.append(item)
        return "kept"


@pytest.fixture
def sweeper(desk: Desk) -> Callable[..., Sweeper]:
    """``sweeper()``: one that looks at the desk's clock; without e-mail and webhook unless given."""

    def make(**options: object) -> Sweeper:
        given = {"now_ms": lambda: desk.now, **options}
        return Sweeper(desk.engine, desk.rules, **given)  # type: ignore[arg-type]

    return make
