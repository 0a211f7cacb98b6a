"""A complaint, a report or a repair told by telephone is somebody's at once (S4-31: 立即转递相关部门或领导处理)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from store.journal.responsible import whom
from store.schema import InboxRow
from store.sql import table
from tests.ivr.test_cases_by_phone import complain
from tests.support.world import World

ACCOUNTS = {"li.na": "operator", "wang": "lead"}


def with_accounts(folder: Path, **responsible: tuple[str, ...]) -> World:
    world = World(folder, responsible=responsible)
    with world.engine.begin() as connection:
        for name, role in ACCOUNTS.items():
            person = {"id": name, "name": name, "role": role, "password": "", "seat": "", "active": True}
            connection.execute(insert(table("users")), {**person, "created": 0, "session_epoch": 0})
    return world


def complains(world: World) -> Any:
    """A caller complains and says what about; the case."""
    line = world.call("13800001111")
    complain(world, line)
    world.press(line, "1")
    (case,) = world.cases()
    return case


def test_s4_31_whoever_answers_for_complaints_is_told_in_the_transaction_of_the_case(tmp_path: Path) -> None:
    world = with_accounts(tmp_path, complaint=("li.na",), general=("wang",))
    case = complains(world)
    (row,) = world.rows(InboxRow)
    assert (row.recipient, row.kind, row.case_id) == ("user:li.na", "new_complaint", case.id)
    assert row.at == case.received and row.fanned is None
    told = json.loads(row.data)
    assert told == {"number": case.number, "kind": "complaint", "due": case.due, "status": "received"}


def test_s4_31_where_nobody_is_named_all_leads_are_told(tmp_path: Path) -> None:
    world = with_accounts(tmp_path)
    complains(world)
    assert [row.recipient for row in world.rows(InboxRow)] == ["role:lead"]


def test_s4_31_an_account_that_is_no_more_is_stood_in_for_by_the_leads(tmp_path: Path) -> None:
    world = with_accounts(tmp_path, complaint=("who.left",))
    complains(world)
    assert [row.recipient for row in world.rows(InboxRow)] == ["role:lead"]


def test_a_case_is_its_kinds_windows_else_the_general_ones() -> None:
    named = {"complaint": ("li",), "general": ("wang", "zhao"), "repair": ()}
    assert whom("complaint", named) == ("user:li",)
    assert whom("report", named) == whom("repair", named) == ("user:wang", "user:zhao")
    assert whom("report", {}) == ("role:lead",)
