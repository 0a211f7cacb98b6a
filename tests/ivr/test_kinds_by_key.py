"""CMP-3 (S2-1 §9(二)): each kind of the power line can be begun by key; CBK-3: working days are promised so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.cases.kinds import KINDS
from tests.ivr.test_cases_by_phone import account
from tests.support.world import World


def begin(world: World, keys: str) -> str:
    """Go there by keys, one after the other, and listen until words are asked for."""
    line = world.call("13800138000")
    for key in keys:
        world.press(line, key)
        world.run(1.5)
    while not world.heard(line).endswith("tone.beep"):
        world.run(0.5)
    return line


@pytest.mark.parametrize(
    "keys, kind", [("42", "suggestion"), ("43", "application"), ("44", "enquiry"), ("1", "repair"), ("0", "message")]
)
def test_cmp_3_each_kind_can_be_begun_by_key(world: World, keys: str, kind: str) -> None:
    line = begin(world, keys)
    account(world, line)
    world.press(line, "1")
    (case,) = world.cases()
    assert (case.kind, case.complete) == (kind, True) and case.due


def test_cmp_3_an_operator_takes_each_of_them_too() -> None:
    assert {"enquiry", "suggestion", "application", "complaint", "report", "repair"} <= set(KINDS)


@pytest.mark.parametrize(
    "keys, phrase, n, due",
    [("0", "message", "1", "2026-08-04"), ("43", "application", "5", "2026-08-10"), ("44", "other", "1", "2026-08-04")],
)
def test_cbk_3_working_days_are_promised_as_working_days(
    world: World, keys: str, phrase: str, n: str, due: str
) -> None:
    line = begin(world, keys)
    account(world, line)
    world.press(line, "1")
    world.run(1)
    said = world.phrases.text(f"case.within.{phrase}", {"n": n, "due": due})
    assert "个工作日内" in said and said in world.heard(line)


def test_cbk_3_natural_days_are_promised_by_the_date(world: World) -> None:
    line = world.call("13800138000")
    world.press(line, "3")
    world.run(4)
    world.press(line, "1")
    account(world, line)
    world.press(line, "1")
    world.run(1)
    assert world.phrases.text("case.due.complaint", {"due": world.cases()[0].due}) in world.heard(line)
    assert "工作日" not in world.heard(line)


def test_cbk_3_a_complaint_in_working_days_is_promised_so(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('name = "ours"\n[deadlines]\ncomplaint = { n = 3, unit = "workday" }\n', encoding="utf-8")
    world = World(tmp_path, profile=str(own))
    line = world.call("13800138000")
    world.press(line, "3")
    world.run(4)
    world.press(line, "1")
    account(world, line)
    world.press(line, "1")
    world.run(1)
    assert "将在三个工作日内回复您，最晚" in world.heard(line)
