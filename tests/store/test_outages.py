"""Outage notices in both databases: journal, derived rows, lists, and the figure K19 (PWR-2)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from ivr.cases.actions import ActionRefused
from ivr.kpi.records import Period
from ivr.outages.notice import DAY_MS, By, NoticeDraft, Standing
from ivr.profile import Profile
from services import outages
from store.figures import drilldown
from store.figures.figures import figures, limits
from store.journal.entries import JOURNAL
from store.journal.rebuild import rebuild, verify
from store.read import outage_notices
from store.read.outage_notices import OutageFilter
from store.schema import Outage
from tests.month.recount import Count
from tests.support.history import derived
from tests.support.moments import ZONE, at

NOW = at("2026-11-26 12:00")
BY = By("陈总", "supervisor", NOW)
DRAFT = NoticeDraft(
    "10千伏城东线", "人民路 1—99 号", "planned", NOW + 8 * DAY_MS, NOW + 8 * DAY_MS + 9 * 3_600_000, "更换变压器",
    customers=("市第一医院", "城东水厂"),
)  # fmt: skip


def announced(engine: Engine, name: str, days: float = 8, **changes: Any) -> str:
    """A notice that begins in so many days; its id."""
    starts = NOW + round(days * DAY_MS)
    draft = replace(DRAFT, starts=starts, ends=starts + 3_600_000, **changes)
    with engine.begin() as connection:
        outages.announce(connection, name, draft, BY, 7, ZONE)
    return name


def row(engine: Engine, name: str) -> Outage:
    with Session(engine) as session:
        return session.get_one(Outage, name)


def test_pwr_2_a_notice_and_what_became_of_it_is_what_the_journal_says(engine: Engine) -> None:
    name = announced(engine, "n1", 0.01, kind="temporary", reason="抢修,联系 13800001111")
    announced(engine, "n1", 3, kind="temporary", line="另一条线")  # the form was sent twice
    with engine.begin() as connection:
        outages.name_customers(connection, name, ["地铁二号线"], BY)
        outages.tell(connection, name, 1, "phone", "no_answer", None, BY)
        outages.tell(connection, name, 1, "visit", "told", NOW - 60_000, BY)
        outages.tell(connection, name, 3, "sms", "failed", None, BY)
        with pytest.raises(ActionRefused, match="no such key customer"):
            outages.tell(connection, name, 4, "sms", "told", None, BY)
        with pytest.raises(ActionRefused, match="write the key customer's name"):
            outages.name_customers(connection, name, [" "], BY)
        with pytest.raises(ActionRefused, match="no such outage notice"):
            outages.restore(connection, "n2", None, BY)
    after = By("王芳", "lead", NOW + 3_600_000)
    with engine.begin() as connection:
        outages.restore(connection, name, NOW + 1_800_000, after)
    found = row(engine, name)
    assert (found.line, found.reason) == ("10千伏城东线", "抢修,联系 •••")
    assert (found.customers, found.told, found.restored, found.restored_by) == (3, 1, NOW + 1_800_000, "王芳")
    with Session(engine) as session:
        told = [(c.name, c.tries, c.how, c.result, c.told) for c in outage_notices.customers(session, name)]
        assert len(outage_notices.history(session, name)) == 8
    assert told == [
        ("市第一医院", 2, "visit", "told", NOW - 60_000), ("城东水厂", 0, "", "", None),
        ("地铁二号线", 1, "sms", "failed", NOW),
    ]  # fmt: skip
    assert verify(engine) == []
    with engine.begin() as connection:
        before = derived(connection)
        connection.execute(text("UPDATE outages SET short = NOT short"))
        connection.execute(text("DELETE FROM outage_customers WHERE n = 2"))
        connection.execute(text("INSERT INTO outage_customers SELECT 'x/1', 'x', 1, name, 0, told, how, '', '' "
                                "FROM outage_customers WHERE n = 1"))  # fmt: skip
    assert len(rebuild(engine)) == 3
    with engine.begin() as connection:
        assert derived(connection) == before


def test_pwr_2_lists_and_the_board_agree_with_the_state_of_each_notice(engine: Engine) -> None:
    for name, days, kind in (("far", 8, "planned"), ("soon", 0.9, "temporary"), ("off", -1, "emergency"),
                             ("back", -2, "emergency"), ("taken", 9, "planned")):  # fmt: skip
        announced(engine, name, days, kind=kind)
    announced(engine, "late", 6, confirmed="设备隐患")
    with engine.begin() as connection:
        outages.restore(connection, "back", None, BY)
        outages.withdraw(connection, "taken", "改期", BY)
    with Session(engine) as session:
        for state in ("ahead", "now", "over", "withdrawn"):
            found = outage_notices.listed(session, OutageFilter(state), NOW).rows
            assert found and all(outage_notices.standing(one).state(NOW) == state for one in found)
        everything = [one.id for one in outage_notices.listed(session, OutageFilter(), NOW, sort="starts").rows]
        assert everything == ["back", "off", "soon", "late", "far", "taken"]
        assert [one.id for one in outage_notices.listed(session, OutageFilter("short"), NOW).rows] == ["late"]
        first = outage_notices.listed(session, OutageFilter(kind="emergency"), NOW, limit=1, sort="restored")
        assert [one.id for one in first.rows] == ["back"]
        rest = outage_notices.listed(session, OutageFilter(kind="emergency"), NOW, first.next, sort="restored")
        assert [one.id for one in rest.rows] == ["off"]
        assert [one.id for one in outage_notices.on_board(session, NOW)] == ["off", "soon"]
    assert outage_notices.standing(Outage(starts=1, customers=2, restored=None, withdrawn=3)) == Standing(1, 2, None, 3)


def test_k19_planned_outages_announced_in_time_with_their_rows_and_counted_a_second_time(engine: Engine) -> None:
    announced(engine, "early", 8)
    announced(engine, "early-too", 9)
    announced(engine, "late", 6, confirmed="设备隐患")
    announced(engine, "taken", 10)
    announced(engine, "emergency", 8, kind="emergency")
    announced(engine, "next-month", 40)
    with engine.begin() as connection:
        outages.withdraw(connection, "taken", "改期", BY)
    start, end = NOW, NOW + 30 * DAY_MS
    profile = Profile.load()
    with Session(engine) as session:
        found = {figure.id: figure for figure in figures(session, start, end, profile, NOW)}["K19"]
        rows = drilldown.rows(session, "K19", Period(start, end, NOW), limits(profile))
        journal = [dict(one) | {"data": json.loads(one["data"])} for one in
                   session.execute(select(JOURNAL).order_by(JOURNAL.c.seq)).mappings()]  # fmt: skip
        of_window = {figure.id: figure for figure in figures(session, start, end, profile, NOW, "repair")}["K19"]
    assert (found.numerator, found.denominator, found.exclusions) == (2, 3, (("withdrawn", 1),))
    assert isinstance(rows, drilldown.IdRows)
    assert (rows.outages["numerator"], rows.outages["rest"], rows.outages["withdrawn"]) == (
        ["early", "early-too"], ["late"], ["taken"],
    )  # fmt: skip
    assert rows.count("denominator") == 3
    assert Count(journal, {}).figures(start, end, NOW, 12_000)["K19"] == (2, 3)
    assert of_window.denominator == 0, "an outage is of no window"
