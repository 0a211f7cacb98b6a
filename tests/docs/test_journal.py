"""docs/journal.md and the code know the same facts, and say alike what is derived from them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ivr.call import commands as c
from ivr.call import events as e
from ivr.cases.actions import ACTIONS
from ivr.facts import name_of
from ivr.outgoing.placing import _NAMES as OUTGOING
from ivr.store.fold import FOLDS
from ivr.store.querycodes import CodeRekeyed
from ivr.telephony import DoorSet, Refused, TrunkState


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


ROOT = Path(__file__).parents[2]
PAGE = ROOT.joinpath("docs", "journal.md").read_text(encoding="utf-8")
PRODUCT = [path for package in ("ivr", "hotline", "web", "sip") for path in sorted((ROOT / package).rglob("*.py"))]
STORED = {"case_opened"}  # written with its case (ivr/store/work.py)
# Where the name of a fact is no word in the call: what it can be is told here.
NAMED = {
    "ivr/facts.py": {_snake(kind.__name__) for kind in (TrunkState, Refused, DoorSet)},
    "ivr/cases/workflow.py": {action.fact for action in ACTIONS.values()},
    "ivr/store/identities.py": {"identity_sealed", "identity_asked", "identity_opened", "identity_declined"},
    "ivr/store/querycodes.py": {CodeRekeyed.NAME},
    "ivr/outgoing/placing.py": set(OUTGOING.values()),
}


def documented() -> dict[str, bool]:
    """Name -> is something derived from it?"""
    found: dict[str, bool] = {}
    for names, derived in re.findall(r"^\| (`[^|]+`) \| [^|]+ \| (yes|record only) \|$", PAGE, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", names):
            assert name not in found, f"{name} is there twice"
            found[name] = derived == "yes"
    return found


def calls_of(name: str) -> Iterator[tuple[str, ast.Call]]:
    """(file, call) of everything made by this name."""
    for path in PRODUCT:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name == getattr(node.func, "id", getattr(node.func, "attr", "")):
                yield path.relative_to(ROOT).as_posix(), node


def said(node: ast.Call, place: int) -> str | None:
    """The word at this place of a call; None when it is no word."""
    given = node.args[place] if len(node.args) > place else None
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None


def written() -> set[str]:
    """Every fact the program can write."""
    facts = {word for _, node in calls_of("Fact") if (word := said(node, 2))}
    marks = {word for _, node in calls_of("Mark") if (word := said(node, 0))}
    events = {_snake(kind.__name__) for kind in e.Event.__subclasses__()} - {"case_opened"} | {"case_stored"}
    commands = {_snake(kind.__name__) for kind in c.Command.__subclasses__()} - {"mark"}
    return facts | marks | events | commands | STORED | set().union(*NAMED.values())


def test_every_fact_that_is_written_is_documented_and_no_other() -> None:
    assert set(documented()) == written()


def test_what_is_derived_from_a_fact_is_said() -> None:
    assert {name for name, derived in documented().items() if derived} == set(FOLDS)


def test_no_fact_gets_its_name_where_this_test_cannot_see_it() -> None:
    unseen = {file for file, node in calls_of("Fact") if said(node, 2) is None}
    assert unseen == set(NAMED)


def test_an_event_that_stands_for_a_stored_case_has_a_name_of_its_own() -> None:
    assert name_of(e.CaseOpened(0, "1", "")) == "case_stored"
