"""docs/flows.md has a section for each kind of step, with all its fields, and for no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from ivr.call.steps.base import Step
from ivr.flow.loader import KINDS

PAGE = Path(__file__).parents[2].joinpath("docs", "flows.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
EVERY_STEP = set(Step.model_fields)  # told once, above the sections


def fields(model: type[BaseModel]) -> Iterator[str]:
    """The names a step of this kind may have in a file, also within its own mapping."""
    for name, info in model.model_fields.items():
        if name not in EVERY_STEP:
            yield name
            if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
                yield from fields(info.annotation)


def test_each_kind_of_step_has_a_section_and_nothing_else_has() -> None:
    assert set(SECTIONS) - {"Phrases"} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_section_names_every_field_of_its_kind(kind: str) -> None:
    missing = [name for name in fields(KINDS[kind]) if not re.search(rf"\b{name}\b", SECTIONS[kind])]
    assert missing == []


def test_what_every_step_may_have_is_told() -> None:
    assert all(f"`{name}" in PAGE for name in EVERY_STEP)
