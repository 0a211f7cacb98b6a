"""Write what the pages under ``docs`` take from the code: ``python scripts/docs.py``; a test holds them to it.

Such a part stands between ``<!-- NAME: written by scripts/docs.py -->`` and ``<!-- end of NAME -->``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from ivr.cases.kinds import KINDS, Kind  # noqa: E402 - the folder of the project first

MARKED = re.compile(r"(<!-- ([a-z ]+): written by scripts/docs\.py -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
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


WRITTEN: Mapping[str, Callable[[], str]] = {"kinds of case": kinds_of_case}


def renewed(page: str) -> str:
    """Return the page with every such part as the code has it now."""
    return MARKED.sub(lambda part: part[1] + WRITTEN[part[2]]() + part[3], page)


if __name__ == "__main__":
    for path in sorted((ROOT / "docs").glob("*.md")):
        before = path.read_text(encoding="utf-8")
        if (after := renewed(before)) != before:
            path.write_text(after, encoding="utf-8")
            print(path.relative_to(ROOT))
