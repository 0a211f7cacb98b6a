"""Write what the pages under ``docs`` take from the code: ``python scripts/docs.py``; a test holds them to it.

Such a part stands between ``<!-- NAME: written by scripts/docs.py -->`` and ``<!-- end of NAME -->``.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from textwrap import dedent
from types import ModuleType

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from ivr.call.steps import kinds  # noqa: E402
from ivr.call.steps.base import Step  # noqa: E402
from ivr.cases.kinds import KINDS, Kind  # noqa: E402 - the folder of the project first
from ivr.facts import (  # noqa: E402
    FACTS,
    Content,
    callbacks,
    calls,
    cases,
    identities,
    opened,
    operators,
    outages,
    outgoing,
    seats,
    system,
    talks,
)
from ivr.kpi.calls import OfCalls  # noqa: E402
from ivr.kpi.kpi import Kpi  # noqa: E402
from ivr.kpi.kpis import KPIS  # noqa: E402

MARKED = re.compile(r"(<!-- ([a-z ]+): written by scripts/docs\.py -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
EXAMPLE = re.compile(r"\.\. code-block:: yaml\n\n((?: {4}.*\n|\n(?= {4}))+)")
LAST = "## Phrases\n"  # the section after those of the steps
SECTION = "## {name}\n\n<!-- step {name}: written by scripts/docs.py -->\n<!-- end of step {name} -->\n\n"
FACTS_OF: tuple[tuple[ModuleType, str], ...] = (
    (calls, "Calls"),
    (seats, "Seats"),
    (operators, "Operators"),
    (talks, "Talks with more than one operator"),
    (outgoing, "Calling citizens back, and duty phones"),
    (opened, "New cases"),
    (cases, "Work on cases"),
    (callbacks, "Callbacks"),
    (identities, "Sealed identities"),
    (outages, "Outage notices"),
    (system, "The system"),
)
HOLDS: tuple[tuple[Callable[[Kind], object], str], ...] = (
    (lambda kind: kind.categories, "is of one of the seven complaint kinds"),
    (lambda kind: kind.at_once, "those answerable hear of it at once"),
    (lambda kind: kind.judged, "is found valid or invalid"),
    (lambda kind: kind.on_site, "somebody goes there"),
    (lambda kind: kind.urgent, "rings the duty phones, is called back at any hour"),
    (lambda kind: kind.unsaid, "is taken although nothing was said"),
    (lambda kind: kind.kept_longer, "recordings are kept longer"),
    (lambda kind: not kind.answered, "no answer is owed by telephone"),
    (lambda kind: not kind.by_flow, "no flow takes it"),
)


def kinds_of_case() -> str:
    """Return the table of the kinds of case."""
    special = {kind: "; ".join(said for holds, said in HOLDS if holds(kind)) for kind in KINDS.values()}
    rows = (f"| `{kind.id}` | {kind.zh} {kind.en} | {said} |" for kind, said in special.items())
    return "\n".join(["| kind | called | what is special |", "|---|---|---|", *rows]) + "\n"


def figures() -> str:
    """Return the table of the figures."""
    head = ["| id | figure 指标 | formula |", "|---|---|---|"]
    return "\n".join([*head, *map(_figure, KPIS.values())]) + "\n"


def _figure(kpi: Kpi) -> str:
    each = "-N" if isinstance(kpi.how, OfCalls) and kpi.how.levels else ""
    words = (kpi.how.en, kpi.how.zh)
    for name, said in (("{n}", "N"), ("{limit} s", "the limit")):
        words = (words[0].replace(name, said), words[1].replace(name, said))
    return f"| {kpi.id}{each} | {words[0]} {words[1]} | {kpi.formula.en}. {kpi.remark.en}".rstrip(" .") + " |"


def facts() -> str:
    """Return the tables of the journal's facts: a section a module, a row a fact."""
    head = "| fact | what it says | example | derived |\n|---|---|---|---|\n"
    parts = []
    for module, heading in FACTS_OF:
        rows = "".join(_fact(kind) for kind in FACTS.values() if kind.__module__ == module.__name__)
        parts.append(f"## {heading}\n\n{inspect.cleandoc(module.__doc__ or '').replace('``', '`')}\n\n{head}{rows}")
    return "\n" + "\n".join(parts) + "\n"


def _fact(kind: type[Content]) -> str:
    words, example = told(kind)
    version = "" if kind.VERSION == 1 else f" v{kind.VERSION}"
    return f"| `{kind.NAME}`{version} | {words} | `{example}` | {'record only' if kind.RECORD_ONLY else 'yes'} |\n"


def told(kind: type[Content]) -> tuple[str, str]:
    """Return what a fact says in words, and its example as JSON: the two halves of its docstring."""
    words, _, example = inspect.cleandoc(kind.__doc__ or "").partition("\n\nExample: ")
    return " ".join(words.split()).replace("``", "`"), " ".join(example.split())


def step(kind: type[Step]) -> str:
    """Return what the page says of a kind of step: its file's docstring, and what can be written in it."""
    text = (sys.modules[kind.__module__].__doc__ or "").strip().replace("``", "`") + "\n"
    text = EXAMPLE.sub(lambda found: "```yaml\n" + dedent(found[1]).rstrip() + "\n```\n", text)
    return text + "\n" + "".join(f"- `{name}`: {said}\n" for name, said in fields(kind))


def fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Return the names that only this kind knows, also within its own mapping, and what they are for."""
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from fields(info.annotation)
        elif name not in Step.model_fields:
            yield name, info.description or ""


def written() -> Mapping[str, Callable[[], str]]:
    """Return who writes each part, by its name."""
    steps = {f"step {name}": partial(step, kind) for name, kind in kinds().items()}
    return {"kinds of case": kinds_of_case, "figures": figures, "facts": facts, **steps}


def renewed(page: str) -> str:
    """Return the page with every such part as the code has it now; where steps are, those it has no section of, too."""
    parts = written()
    if LAST in page:
        missing = [name for name in sorted(kinds()) if f"\n## {name}\n" not in page]
        page = page.replace(LAST, "".join(SECTION.format(name=name) for name in missing) + LAST)
    return MARKED.sub(lambda part: part[1] + parts[part[2]]() + part[3], page)


if __name__ == "__main__":
    for path in sorted((ROOT / "docs").glob("*.md")):
        before = path.read_text(encoding="utf-8")
        if (after := renewed(before)) != before:
            path.write_text(after, encoding="utf-8")
            print(path.relative_to(ROOT))
