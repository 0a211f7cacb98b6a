"""The list of outage notices 停电公告."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from store.read import outage_notices
from store.read.outage_notices import OutageFilter
from store.schema import Outage
from web.db import now_ms, reading
from web.format import outage_state
from web.labels import OUTAGE_KINDS, label
from web.tables import Column, Table, every, wall

MINUTE_MS = 60_000


def _lead(row: Outage) -> int | None:
    """Whole minutes between announcement and beginning; what was announced later has none."""
    return (row.starts - row.announced) // MINUTE_MS if row.starts > row.announced else None


TABLE = Table(
    "outages",
    (
        Column("starts", _l("停电时间"), lambda row: wall(row.starts), sort=True),
        Column("ends", None, lambda row: wall(row.ends), sort=True, head=_l("结束时间")),
        Column("line", _l("线路"), lambda row: row.line, sort=True),
        Column("area", _l("区域"), lambda row: row.area),
        Column("kind", _l("类型"), lambda row: label(OUTAGE_KINDS, row.kind), sort=True),
        Column("state", _l("状态"), lambda row: outage_state(row)[1]),
        Column("announced", _l("公告时间"), lambda row: wall(row.announced), sort=True),
        Column("lead", None, _lead, head=_l("提前（分钟）")),
        Column("short", None, lambda row: _("提前不足") if row.short else "", head=_l("提前不足")),
        Column("confirmed", None, lambda row: row.confirmed, head=_l("提前不足的原因")),
        Column("told", _l("重要客户"), lambda row: row.told, sort=True, head=_l("已通知的重要客户")),
        Column("customers", None, lambda row: row.customers, head=_l("重要客户数")),
        Column("reason", None, lambda row: row.reason, head=_l("停电原因")),
        Column("restored", None, lambda row: wall(row.restored), sort=True, head=_l("恢复供电时间")),
        Column("withdrawn", None, lambda row: row.withdrawn_why, head=_l("撤回原因")),
        Column("who", None, lambda row: row.entered_by, head=_l("登记人")),
    ),
    "-starts",
    "outages.export",
)


def every_notice(where: OutageFilter) -> Iterator[Outage]:
    """All notices, page after page."""
    return every(partial(outage_notices.listed, reading(), where, now_ms(), sort=TABLE.sort()))
