"""docs/profile.md and the profile name the same fields, both ways; what nothing obeys yet is marked so."""

from __future__ import annotations

import re
from pathlib import Path

from tests.rules.test_profile_is_obeyed import LATER, every_field

PAGE = Path(__file__).parents[2].joinpath("docs", "profile.md").read_text(encoding="utf-8")
NOT_YET = "*not obeyed yet*"


def documented() -> dict[str, str]:
    """Field -> its line in the tables; a field of a table by the heading above it."""
    found: dict[str, str] = {}
    table = ""
    for line in PAGE.splitlines():
        if heading := re.match(r"## \[(\w+)\]", line):
            table = heading[1] + "."
        elif row := re.match(r"\| `(\w+)` \|", line):
            assert table + row[1] not in found, f"{table}{row[1]} is there twice"
            found[table + row[1]] = line
    return found


def fields() -> set[str]:
    """The profile's fields; the parts of ``connect_rate`` are told in its own row."""
    return {re.sub(r"^connect_rate\..*", "connect_rate", name) for name in every_field()}


def test_every_field_of_the_profile_is_documented_and_no_other() -> None:
    assert set(documented()) == fields()


def test_what_nothing_obeys_yet_is_said_to_be_so() -> None:
    assert {name for name, line in documented().items() if NOT_YET in line} == set(LATER)
