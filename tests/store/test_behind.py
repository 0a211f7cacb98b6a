"""The rows behind a figure are as many as the figure says, for every figure there is (click-through to the rows)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.cases.actions import Do
from ivr.kpi.records import Period
from ivr.profile import Profile
from store.figures import drilldown
from store.figures.figures import figures, limits
from store.schema import Call
from tests.web.demo import World, at, morning

FIRST, LAST = at("00:00", date(2026, 11, 1)), at("00:00", date(2026, 12, 11))


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """Calls and cases of every fate: answered, gone, waiting, tests; kept, late, paused, open; asked, rated, missed."""
    world = World(tmp_path_factory.mktemp("behind"))
    world.people()
    morning(world)
    cases = [world.complaint(at("09:00", date(2026, 11, 10)) + n * 60_000, f"1391111000{n}")[1] for n in range(5)]
    for n, case in enumerate(cases[:4]):
        steps = [("accept", {}), ("reply", {"text": "已答复", "evidence": "复函"}), ("close", {})][: 3 if n < 3 else 1]
        for step, (action, fields) in enumerate(steps):
            day = date(2026, 11, 12 + n + step) if n < 2 else date(2026, 11, 11)
            with world.engine.begin() as connection:
                do = Do(action, "operator", "operator", at("10:00", day), fields)
                world.casework.do(connection, case.id, do)
    for case, rating in ((cases[0], {"rating": "4"}), (cases[1], {})):
        with world.engine.begin() as connection:
            asked = Do(
                "follow_up", "operator", "operator", at("10:00", date(2026, 11, 20)), {"solved": "yes", **rating}
            )
            world.casework.do(connection, case.id, asked)
    yield world
    world.close()


def test_every_figure_is_made_of_the_rows_behind_it(busy):
    profile = Profile.load()
    now = busy.clock()
    with Session(busy.engine) as session:
        found = figures(session, FIRST, LAST, profile, now)
        seen = set()
        for figure in found:
            rows = drilldown.rows(session, figure.id, Period(FIRST, LAST, now), limits(profile))
            if not drilldown.has_rows(figure.id):  # who was turned away never became a row; nor did times of states
                assert rows is None and figure.id.partition("-")[0] in ("K26", "K7", "K8", "K9"), figure.id
                continue
            assert rows is not None, figure.id
            counts = _counts(session, rows)
            if figure.denominator is not None:
                assert counts[drilldown.DENOMINATOR] == figure.denominator, figure.id
            if figure.unit == "ratio":
                assert counts[drilldown.NUMERATOR] == figure.numerator, figure.id
                assert counts[drilldown.REST] == figure.denominator - figure.numerator, figure.id
            for why, n in figure.exclusions:
                assert counts.get(why, 0) == n, (figure.id, why)
                seen |= {why} if n else set()
        assert len(found) >= 30
        assert {"test_calls", "waiting_now", "short_abandons", "not_yet_due", "no_answer"} <= seen, seen


def _counts(session, rows):
    if isinstance(rows, drilldown.IdRows):
        return {part: rows.count(part) for part in rows.parts}
    inside = (Call.arrived >= rows.period[0], Call.arrived < rows.period[1])
    return {
        part: session.scalar(select(func.count()).select_from(Call).where(*inside, where))
        for part, where in rows.parts.items()
    }


def test_what_is_no_figure_has_no_rows(busy):
    with Session(busy.engine) as session:
        for name in ("K99", "", "K2a-x", "K2"):
            assert drilldown.rows(session, name, Period(FIRST, LAST, LAST), limits(Profile.load())) is None
