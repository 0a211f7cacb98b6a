"""The tables of docs/journal.md, made from the docstrings of ivr/facts: ``python scripts/journal_page.py`` writes them.

A section a module; a row a fact: its name (and version, where it is not the first), its docstring, an example as it is
stored, and whether something is derived from it.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parents[1]))

from ivr.facts import FACTS, Content, callbacks, calls, cases, identities, opened, outages, outgoing, seats, system

PAGE = Path(__file__).parents[1] / "docs" / "journal.md"
HEADINGS: tuple[tuple[ModuleType, str], ...] = (
    (calls, "Calls"),
    (seats, "Seats"),
    (outgoing, "Calling citizens back, and duty phones"),
    (opened, "New cases"),
    (cases, "Work on cases"),
    (callbacks, "Callbacks"),
    (identities, "Sealed identities"),
    (outages, "Outage notices"),
    (system, "The system"),
)
_HEAD = "| fact | what it says | example | derived |\n|---|---|---|---|\n"
_BEGIN, _END = "<!-- facts: made from ivr/facts by scripts/journal_page.py -->\n", "<!-- end of facts -->\n"


def told(kind: type[Content]) -> tuple[str, str]:
    """What a fact says in words, and its example as JSON: the two halves of its docstring."""
    words, _, example = inspect.cleandoc(kind.__doc__ or "").partition("\n\nExample: ")
    return " ".join(words.split()).replace("``", "`"), " ".join(example.split())


def tables() -> str:
    """Every section with its table."""
    parts = []
    for module, heading in HEADINGS:
        facts = [kind for kind in FACTS.values() if kind.__module__ == module.__name__]
        intro = re.sub(r"``", "`", inspect.cleandoc(module.__doc__ or ""))
        parts.append(f"## {heading}\n\n{intro}\n\n{_HEAD}" + "".join(_row(kind) for kind in facts))
    return "\n".join(parts)


def _row(kind: type[Content]) -> str:
    words, example = told(kind)
    version = "" if kind.VERSION == 1 else f" v{kind.VERSION}"
    return f"| `{kind.NAME}`{version} | {words} | `{example}` | {'record only' if kind.RECORD_ONLY else 'yes'} |\n"


def page() -> str:
    """The page with its tables as they should be."""
    before, rest = PAGE.read_text(encoding="utf-8").split(_BEGIN)
    return before + _BEGIN + "\n" + tables() + "\n" + _END + rest.split(_END)[1]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
