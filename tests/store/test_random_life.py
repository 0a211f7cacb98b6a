"""Whatever is done to cases in whatever order, through the store: the journal tells the derived rows again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ivr.cases.actions import ACTIONS, ActionRefused
from recordings.keys import KeyRing
from services.sweeper import Sweeper
from store.engine import open_engine
from store.journal.rebuild import rebuild, verify
from store.journal.sql_ledger import SqlLedger
from tests.cases.test_workflow_properties import GIVEN
from tests.support.casework import STAFF, Desk
from tests.support.database import migrated

HOUR = 3_600_000
KINDS = ("complaint", "report", "repair", "enquiry", "suggestion", "praise")
RESULTS = ("reached", "reached", "no_answer", "busy", "wrong_number", "refused")


@pytest.mark.parametrize("seed", range(2))
def test_db_rebuild_changes_nothing_after_a_random_life(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    migrated(tmp_path)
    engine, keys = open_engine(tmp_path, relaxed=True), KeyRing.open(tmp_path / "keys")
    desk = Desk(engine, keys, SqlLedger(engine, keys, owner="n", spool=tmp_path / "s", inline=True))
    sweeper = Sweeper(engine, desk.rules, lambda: desk.now)
    cases = [desk.letter(dice.choice(KINDS), number=f"1380000{dice.randrange(20):04}") for _ in range(12)]
    done: set[str] = set()
    for _ in range(250):
        desk.now += dice.randrange(12 * HOUR)
        match dice.randrange(12):
            case 0:
                desk.missed_call(f"1380000{dice.randrange(20):04}", test=dice.random() < 0.1)
            case 1:
                desk.answered_call(f"1380000{dice.randrange(20):04}")
            case 2:
                sweeper.once()
            case 3 | 4:
                waiting = [row for row in desk.rows("callbacks") if row["state"] == "open"]
                told = {"solved": dice.choice(["yes", "no"]), "rating": dice.choice(["", "2", "5"]), "text": "已答复"}
                try:
                    if waiting:
                        desk.called(dice.choice(waiting)["id"], dice.choice(RESULTS), **told)
                except ActionRefused:
                    continue
            case _:
                action, who = dice.choice(sorted(ACTIONS)), dice.choice(sorted(STAFF))
                given = {**GIVEN, "solved": dice.choice(["yes", "no"]), "consent": dice.choice(["yes", "yes", "no"])}
                try:
                    desk.do(dice.choice(cases), action, who, **given)
                    done.add(action)
                except ActionRefused:
                    continue
    assert len(done) >= 8 and sweeper.problems == 0
    assert verify(engine) == []
    assert rebuild(engine) == []
    engine.dispose()
