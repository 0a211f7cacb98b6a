"""Shared by the pages of casework: words in the page's language, forms read, refusals shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import LazyString, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from ivr.cases import notices
from ivr.cases.actions import ACTIONS, TEXT_MAX, Field
from ivr.cases.case import CaseRow
from ivr.cases.names import RATINGS
from ivr.cases.workflow import possible
from services.casework import Casework
from store.derived import row_of
from store.ids import uuid7
from store.read import case_history
from store.read.handlers import handlers, units
from store.schema import Case
from web import forms, labels
from web.access import may
from web.db import config, now_ms, reading
from web.format import due_text, window_name
from web.language import chosen
from web.names import Names
from web.ratings import seen_of_callbacks

CHOICES: Mapping[str, Mapping[str, Any]] = {
    "urgency": {"ordinary": _l("一般"), "urgent": _l("紧急")},
    "verdict": {"valid": _l("有效"), "invalid": _l("无效")},
    "flag": {"major": _l("重大"), "hot": _l("热点"), "none": _l("取消标记")},
    "solved": {"yes": _l("已解决"), "no": _l("未解决")},
    "consent": {"yes": _l("愿意"), "no": _l("不愿意")},
    "rating": Names(RATINGS),
}
RESULTS = {
    "reached": _l("已接通"),
    "no_answer": _l("无人接听"),
    "busy": _l("占线"),
    "wrong_number": _l("号码有误"),
    "refused": _l("拒绝接听或不愿回访"),
}
OTHER_STEPS = {"case_opened": _l("受理"), "case_appended": _l("同一事项补充"), "case_recomputed": _l("重算期限")}


def desk() -> Casework:
    """Work on cases, by the rules of this hotline."""
    return config().casework


def said(pair: Any) -> str:
    """The word of an action, field or refusal (``zh``, ``en``) in the page's language."""
    return str(pair.en if chosen() == "en" else pair.zh)


def step_name(fact: str) -> Any:
    """What a step of a case is called."""
    for action in ACTIONS.values():
        if action.fact == fact:
            return said(action)
    return OTHER_STEPS.get(fact, fact)


def notice_name(kind: str) -> str:
    """What a notice is called."""
    return notices.name(kind, "en" if chosen() == "en" else "zh-CN")


def options(field: Field) -> Mapping[str, Any]:
    """What can be chosen for a field; empty: it is typed."""
    if field.name == "window":
        return {code: window_name(code) for code in config().windows}
    if field.name == "category":
        return natures()
    return {code: CHOICES[field.name][code] for code in field.choices} if field.choices else {}


def natures() -> Mapping[str, Any]:
    """Return what a case can be about: the kinds of complaint; of a repair its area, where areas differ."""
    areas = config().profile.onsite_min
    return labels.CATEGORIES | ({code: labels.label(labels.AREAS, code) for code in areas} if len(areas) > 1 else {})


def given() -> dict[str, str]:
    """The fields of the form, cut to what any field may hold."""
    return {name: value.strip()[: TEXT_MAX + 1] for name, value in request.form.items() if name != "csrf_token"}


def unit_seats() -> dict[str, tuple[str, ...]]:
    """The windows a case can be handed to, by name, with their seats."""
    return units({code: name.zh for code, name in config().windows.items()}, config().window_seats)


def own_units() -> str:
    """The windows the person who is logged in sits at."""
    return ",".join(name for name, seats in unit_seats().items() if current_user.seat and current_user.seat in seats)


def since(case: Case, seen: int | None) -> tuple[dict[str, Any], ...]:
    """The steps others took after so many were seen: who, when, what, and the words of it."""
    return tuple(_steps(case)[seen or 0 :])


def theirs(step: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a step set, by the names its form has, and its reason."""
    action = next((one for one in ACTIONS.values() if one.fact == step["row"].action), None)
    told = {**step["data"].get("set", {}), **step["data"], "reason": step["row"].reason}
    found = []
    for one in action.fields if action else ():
        if value := told.get(one.name):
            shown = options(one).get(value, value) if isinstance(value, str) else "、".join(map(str, value))
            found.append((said(one), str(shown)))
    return found


def moment(text: str) -> int | None:
    """UTC ms of a local time as a browser sends it (``2026-11-26T17:30``); None for nothing or nonsense."""
    return forms.moment(text, config().zone)


def context(case: Case) -> dict[str, Any]:
    """What the page of a case shows of its life: steps, due dates, related cases, and what can be done now."""
    known = {"steps": _steps(case), "dues": case_history.dues(reading(), case.id)}
    if not may("work"):
        return {**known, "actions": [], "similar": [], "to_call": [], "sealed": None, "asked": []}
    found = possible(row_of(CaseRow, case), current_user.name, current_user.role, now_ms(), desk().rules, own_units())
    connection, identities = reading().connection(), desk().identities
    sealed = identities.has(connection, case.id) if case.anonymous else None
    asked = identities.requests(connection, case.id) if sealed else []
    people = handlers(connection, unit_seats()) if any(one.id == "assign" for one in found) else []
    told = {**known, "people": people, "actions": found, "similar": _similar(case), "sealed": sealed, "asked": asked}
    return {
        **told,
        "to_call": seen_of_callbacks(case_history.to_call(reading(), case.id)),
        "command": uuid7(),
        **calling_from_here(),
    }


def calling_from_here() -> dict[str, bool]:
    """Can this person call citizens back by one click: is there a line, have they a telephone?"""
    trunk = config().calling.limits.trunk
    return {"has_trunk": trunk, "can_call": trunk and bool(current_user.seat)}


def _steps(case: Case) -> list[dict[str, Any]]:
    return [{"row": row, "data": json.loads(row.data)} for row in case_history.steps(reading(), case.id)]


@dataclass(frozen=True)
class HistoryEntry:
    """One line of a case's history: a step, a change of its due date, or a call to the citizen."""

    at: int
    what: str
    who: str
    was: str
    now: str
    reason: str


def history(case: Case) -> list[HistoryEntry]:
    """Everything that was done about a case, in order of time; nothing of what people wrote."""
    steps = [
        HistoryEntry(row.at, str(step_name(row.action)), row.who, str(labels.label(labels.STATUSES, row.was)),
             str(labels.label(labels.STATUSES, row.status)), row.reason)
        for row in case_history.steps(reading(), case.id)
    ]  # fmt: skip
    dues = [
        HistoryEntry(one.at, _("期限：%(why)s", why=step_name(one.cause)), one.who, due_text(one.was),
                     due_text(one.due), one.reason)
        for one in case_history.dues(reading(), case.id)
    ]  # fmt: skip
    tried = [
        HistoryEntry(
            one.at, _("回电：%(result)s", result=labels.label(RESULTS, one.result)), one.who, "", "", one.reason
        )
        for one in case_history.attempts(reading(), case.id)
    ]
    return sorted([*steps, *dues, *tried], key=lambda line: line.at)


def _similar(case: Case) -> list[tuple[CaseRow, bool]]:
    """Other cases of the same number: proposals, each with whether kind and nature are the same, too."""
    if case.anonymous or case.party_id is None:
        return []
    rows = desk().similar(reading().connection(), party_id=case.party_id, at=now_ms())
    return [(row, (row.kind, row.category) == (case.kind, case.category)) for row in rows if row.id != case.id]


def action_labels() -> dict[str, Any]:
    """Names of what the audit log holds of casework."""
    return {f"case.{action.id}": LazyString(_named, action) for action in ACTIONS.values()}


def _named(action: Any) -> str:
    return str(action.en if str(get_locale() or "zh").startswith("en") else action.zh)
