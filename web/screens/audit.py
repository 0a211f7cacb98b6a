"""The audit log, for those who watch over the others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, current_app, render_template
from flask.sansio.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from store.read import queries
from store.schema import Audit
from store.upkeep import pruning
from web.access import ROLE_NAMES, needs
from web.case_views import RESULTS, action_labels
from web.db import config, now_ms, reading
from web.format import day_range
from web.forms import cursor, day, with_args, word
from web.labels import ACTIONS, CHANNELS, NOT_CALLED, OUTAGE_RESULTS, label
from web.swr_cache import SwrCache
from web.tables import Column, Table, every, wall

bp = Blueprint("audit", __name__)

AHEAD = "panel.deletions"
AHEAD_KEPT_MS, AHEAD_STALE_MS = 60_000, 3_600_000  # the limits are days
Ahead = SwrCache[str, list[tuple[pruning.Rule, int]]]


@bp.record_once
def _keep(state: BlueprintSetupState) -> None:
    state.app.extensions[AHEAD] = Ahead(AHEAD_KEPT_MS, AHEAD_STALE_MS)


RULES = {
    "recordings": _l("录音"),
    "texts": _l("工单中写的内容"),
    "people": _l("来电人号码和姓名"),
    "identities": _l("密封的举报人身份"),
    "notices": _l("已处理的通知"),
    "numbers": _l("文字中的号码（遮盖）"),
}

TABLE = Table(
    "audit",
    (
        Column("at", _l("时间"), lambda row: wall(row.at), sort=True),
        Column("user", _l("账号"), lambda row: row.user, sort=True),
        Column("action", _l("操作"), lambda row: label(_actions(), row.action), sort=True),
        Column("target", _l("对象"), lambda row: target(row)),
        Column("detail", _l("说明"), lambda row: detail(row)),
        Column("remote", _l("来源"), lambda row: row.remote),
    ),
    "-at",
    "audit.export",
    "audit",
)


TARGETS = {
    "call": _l("来电 %(id)s"), "case": _l("工单 %(id)s"), "recording": _l("录音 %(id)s"), "callback": _l("回电 %(id)s"),
    "answer": _l("待答复 %(id)s"), "missed": _l("漏接 %(id)s"), "followup": _l("回访 %(id)s"),
}  # fmt: skip
DETAILS: Mapping[str, Mapping[str, Any]] = {  # what the codes of a detail mean, by action
    "user.add": ROLE_NAMES, "user.change": ROLE_NAMES, "callback.attempt": RESULTS, "case.append": CHANNELS,
    "outage.tell": OUTAGE_RESULTS,
}  # fmt: skip


def target(row: Audit) -> str:
    """What something was done to, in words."""
    what, _gap, ident = row.target.partition(" ")
    return str(TARGETS[what]) % {"id": ident} if ident and what in TARGETS else row.target


def detail(row: Audit) -> str:
    """What more was kept, in words."""
    if row.action == "callback.refused":
        return str(NOT_CALLED.get(row.detail, _("其他")))
    names = DETAILS.get(row.action, {})
    return " ".join(str(names.get(part, part)) for part in row.detail.split(" "))


def _actions() -> dict[str, Any]:
    return {**ACTIONS, **action_labels()}


def _filter() -> queries.AuditFilter:
    first, last = day("from"), day("to")
    return queries.AuditFilter(
        word("user"), word("action", _actions()), day_range(first)[0] if first else None,
        day_range(last)[1] if last else None,
    )  # fmt: skip


@bp.get("/audit")
@needs("audit")
def index() -> str:
    page = queries.audit_log(reading(), _filter(), cursor(), sort=TABLE.sort())
    return render_template(
        "audit.html", page=page, actions=_actions(), target=target, detail=detail, with_args=with_args, table=TABLE
    )


@bp.get("/audit/deletions")
@needs("audit")
def deletions() -> str:
    """What the next run would delete by each rule, and the proofs of what was deleted.

    Counting a year of calls takes seconds, so it is done once for all who look, and anew after every run.
    """
    proofs = pruning.proofs(reading().connection())
    ahead: Ahead = current_app.extensions[AHEAD]
    return render_template(
        "deletions.html", ahead=ahead.get(proofs[0]["id"] if proofs else "", _ahead), proofs=proofs, names=RULES,
        at=config().prune_at, first=not proofs,
    )  # fmt: skip


def _ahead() -> list[tuple[pruning.Rule, int]]:
    """Each rule as it stands now, and how many rows it would delete."""
    return [(rule, pruning.count(config().engine, rule)) for rule in config().pruning(now_ms())]


@bp.get("/audit.<any(csv, xlsx):form>")
@needs("audit")
def export(form: str) -> Any:
    return TABLE.file(form, every(partial(queries.audit_log, reading(), _filter(), sort=TABLE.sort())))
