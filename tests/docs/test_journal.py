"""docs/journal.md is what ivr/facts says; every fact is written somewhere, and folded or for the record only."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ivr.call import commands as c
from ivr.call import events as e
from ivr.cases.actions import ACTIONS
from ivr.cases.changes import CHANGES
from ivr.facts import FACTS, Content, NotUnderstood, data_of, read
from ivr.facts.cases import CaseClassified, DueChange
from ivr.facts.of_call import COMMANDS, EVENTS
from ivr.projections.fold import FOLDS
from scripts.docs import renewed, told

ROOT = Path(__file__).parents[2]
PRODUCT = [
    path for package in ("ivr", "services", "store", "hotline") for path in sorted((ROOT / package).rglob("*.py"))
]
BY_NAME = sorted(FACTS.values(), key=lambda kind: kind.NAME)


def documented() -> dict[str, bool]:
    """Name -> is something derived from it?"""
    return {kind.NAME: not kind.RECORD_ONLY for kind in BY_NAME}


def made() -> set[str]:
    """The names of everything the product calls or passes on outside the definitions, wherever it comes from."""
    found = set()
    for path in PRODUCT:
        if path.parent.name == "facts" and path.name != "of_call.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for one in (node.func, *node.args):
                    found.add(getattr(one, "id", getattr(one, "attr", "")))
            elif isinstance(node, ast.Dict):
                found |= {one.attr for one in node.values if isinstance(one, ast.Attribute)}
    return found


def test_the_page_is_what_the_docstrings_say() -> None:
    page = (ROOT / "docs" / "journal.md").read_text(encoding="utf-8")
    assert "<!-- facts: written by" in page and page == renewed(page), "run python scripts/docs.py"


@pytest.mark.parametrize("kind", BY_NAME, ids=lambda kind: kind.NAME)
def test_every_fact_is_explained_with_an_example_as_it_is_stored(kind: type[Content]) -> None:
    words, example = told(kind)
    content = read(kind.NAME, kind.VERSION, json.loads(example))
    assert words and type(content) is kind
    assert json.loads(json.dumps(data_of(content))) == json.loads(example)


def test_every_fact_is_written_somewhere() -> None:
    assert {kind.__name__ for kind in BY_NAME} <= made()


def test_every_fact_is_folded_or_for_the_record_only() -> None:
    assert set(FOLDS) == {kind for kind in BY_NAME if not kind.RECORD_ONLY}
    assert set(CHANGES) <= set(FOLDS)


def _names(kinds: Iterable[type]) -> set[str]:
    return {kind.__name__ for kind in kinds}


def test_every_event_and_command_of_a_call_has_its_fact() -> None:
    assert _names(EVENTS) == _names(e.Event.__subclasses__())
    assert _names(COMMANDS) | {"Annotate"} == _names(c.Command.__subclasses__())


def test_every_action_on_a_case_has_its_fact() -> None:
    assert {action.fact for action in ACTIONS.values()} <= set(FACTS)


@pytest.mark.parametrize(
    ("name", "version", "data"),
    [
        ("from_the_future", 1, {}),
        ("digit", 9, {}),
        ("digit", 1, {"key": "1", "hand": "left"}),
        ("case_assigned", 1, {"who": "王芳", "set": {"status": "assigned", "colour": "red"}, "handler": "李强"}),
    ],
)
def test_a_name_a_version_or_a_form_that_is_not_known_is_kept_as_it_is(
    name: str, version: int, data: dict[str, Any]
) -> None:
    content = read(name, version, data, "event")
    assert isinstance(content, NotUnderstood) and content.why
    assert data_of(content) == data


def test_the_area_of_a_repair_once_told_its_new_due_date_as_columns() -> None:
    due = {"due": "d", "due_ms": 1, "unrolled": "", "unrolled_ms": None, "provisional": False, "explanation": ["x"]}
    columns = {"status": "classified", "urgency": "urgent", "window": "repair", "category": "rural", **due, "warned": 0}
    content = read("case_classified", 1, {"who": "王芳", "set": columns})
    assert isinstance(content, CaseClassified) and content.due == DueChange("d", 1, "", None, False, ("x",))
