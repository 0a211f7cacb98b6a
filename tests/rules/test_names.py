"""Names are the field's and bear one meaning each: held here, so that none comes back (docs/decisions.md)."""

from __future__ import annotations

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("ivr", "store", "services", "sip", "recordings", "web", "hotline", "callflows")
# What each was called before, and the room it was in: a metaphor, or a word with several meanings.
GONE_MODULES = {
    "agreement", "behind", "beside", "gently", "house", "lines", "ongoing", "parts", "shared",
    "source", "tally", "told", "watch", "wire", "work",
}  # fmt: skip
GONE_CLASSES = {
    "House", "Keyed", "Kept", "Line", "Lines", "Order", "Refused", "Rules", "Shared", "Surviving", "Survivor", "Tally",
    "Timeline", "Turn",
}  # fmt: skip


def modules() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_bytes())


MODULES = dict(modules())


def docstrings() -> Iterator[tuple[str, str]]:
    """(place, docstring) of every module, class and function."""
    for file, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    yield f"{file}:{getattr(node, 'lineno', 1)}", text


def public_classes() -> dict[str, list[str]]:
    found = defaultdict(list)
    for file, tree in MODULES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(file)
    return dict(found)


def test_no_two_public_classes_bear_one_name() -> None:
    assert {name: files for name, files in public_classes().items() if len(files) > 1} == {}


def test_no_class_bears_a_name_that_had_several_meanings() -> None:
    assert GONE_CLASSES & set(public_classes()) == set()


def test_no_module_bears_a_name_that_says_nothing() -> None:
    assert {file for file in MODULES if Path(file).stem in GONE_MODULES} == set()


@pytest.mark.parametrize("opening", ["The same", "Same as", "As above"])
def test_no_docstring_leans_on_the_one_above_it(opening: str) -> None:
    assert [place for place, text in docstrings() if re.match(rf"{opening}\b", text)] == []


def exceptions() -> dict[str, tuple[str, list[str]]]:
    """Every exception class, by name: (file, names of its bases)."""
    found = {}
    for file, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found[node.name] = (file, [ast.unparse(base) for base in node.bases])
    return found


def test_every_error_of_a_package_descends_from_the_one_in_its_errors_module() -> None:
    classes = exceptions()
    builtin = {name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, Exception)}

    def ancestors(name: str) -> set[str]:
        bases = classes[name][1] if name in classes else []
        return set(bases).union(*map(ancestors, bases)) if bases else set()

    strays = {
        name
        for name, (file, _) in classes.items()
        if not name.startswith("_") and ancestors(name) & builtin and f"{file.split('/')[0]}/errors.py" != file
        if not any(classes.get(above, ("", []))[0].endswith("/errors.py") for above in ancestors(name))
    }
    assert strays == set()
