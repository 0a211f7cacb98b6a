"""The office that cuts power: it announces what is planned, mostly in time, and now and then takes it back."""

from __future__ import annotations

import random

from sqlalchemy import Engine

from ivr.cases.deadlines import CasePolicy
from ivr.outages.notice import PLANNED, By, NoticeDraft
from services import outages
from store.ids import uuid7

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
A_DAY = 3


def announce(engine: Engine, rules: CasePolicy, now: int, dice: random.Random) -> None:
    """The notices of one day."""
    by = By("陈总", "supervisor", now)
    for n in range(A_DAY):
        starts = now + dice.choice((2, 8, 8, 9)) * DAY_MS + dice.randrange(8, 14) * HOUR_MS
        draft = NoticeDraft(
            f"10kV 线路 {n + 1}", "解放路一带", PLANNED, starts, starts + 4 * HOUR_MS, "更换变压器",
            confirmed="设备缺陷须尽快处理",
        )  # fmt: skip
        notice = uuid7()
        with engine.begin() as connection:
            outages.announce(connection, notice, draft, by, rules.profile.outage_notice_days, rules.zone)
            if dice.random() < 0.1:
                outages.withdraw(connection, notice, "检修改期", by)
