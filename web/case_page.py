"""The page of one case: why it is due then, what was done, what can be done."""

from __future__ import annotations

import json

from flask import render_template
from flask_babel import lazy_gettext as _l

from ivr.calendar.stored import english
from ivr.cases.actions import ACTIONS
from store.read import queries
from store.schema import Case
from web.case_views import context
from web.db import config
from web.language import chosen
from web.phone_numbers import masked
from web.tables import Column, Table, wall

HISTORY = Table(
    "case-history",
    (
        Column("at", _l("时间"), lambda row: wall(row.at)),
        Column("what", _l("事项"), lambda row: row.what),
        Column("who", _l("经办人"), lambda row: row.who),
        Column("was", _l("原状态或期限"), lambda row: row.was),
        Column("now", _l("现状态或期限"), lambda row: row.now),
        Column("reason", _l("原因"), lambda row: row.reason),
    ),
    "at",
    "cases.export_history",
)


def explanation(case: Case) -> list[str]:
    """How the due date was reached, line by line, as it was stored."""
    try:
        lines = json.loads(case.explanation)
    except ValueError:
        return []
    return [str(line) for line in lines] if isinstance(lines, list) else []


def explained(case: Case) -> tuple[list[str], str]:
    """The stored explanation in the page's language, and which language that is."""
    stored = explanation(case)
    if chosen() == "zh":
        return stored, "zh-CN"
    return [english(line, config().calendar.tables) for line in stored], "en"


def page(found: queries.CaseFile, clear: str = "", texts: dict[str, str] | None = None, refused: str = "") -> str:
    """The page of a case; ``clear``: its number, ``texts``: what was written, when somebody asked for them.

    ``refused``: an action whose form comes back, though it may no longer be possible.
    """
    case, more = found.case, context(found.case)
    if refused and all(one.id != refused for one in more["actions"]):
        more["actions"] = [ACTIONS[refused], *more["actions"]]
    return render_template(
        "case.html", case=case, recordings=found.recordings, journal=found.journal,
        number=masked(case.party_id, anonymous=case.anonymous), clear=clear,
        explained=explained(case), texts=texts, history_table=HISTORY, **more,
    )  # fmt: skip
