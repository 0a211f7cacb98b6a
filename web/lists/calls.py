"""The list of calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from store.read import queries
from store.read.queries import CallFilter
from store.schema import Call
from web.db import reading
from web.format import seat_name, talk, window_name
from web.labels import OUTCOMES, RELEASED_BY, label
from web.phone_numbers import masked_all
from web.tables import Column, Table, parts, seconds, wall

TABLE = Table(
    "calls",
    (
        Column("arrived", _l("到达时间"), lambda row: wall(row[0].arrived), sort=True),
        Column("number", _l("来电号码"), lambda row: row[1]),
        Column("called", None, lambda row: row[0].called, head=_l("被叫")),
        Column("outcome", _l("结果"), lambda row: label(OUTCOMES, row[0].outcome), sort=True),
        Column("window", _l("窗口"), lambda row: window_name(row[0].window), sort=True),
        Column("seat", _l("座席"), lambda row: seat_name(row[0].seat), sort=True),
        Column("network", None, lambda row: seconds(row[0].network_wait), head=_l("系统应答（秒）")),
        Column("wait", _l("等候人工"), lambda row: seconds(row[0].human_wait), sort=True, head=_l("等候人工（秒）")),
        Column("ring", None, lambda row: seconds(row[0].agent_ring_wait), head=_l("座席振铃（秒）")),
        Column("length", _l("通话时长"), lambda row: seconds(talk(row[0])), head=_l("通话时长（秒）")),
        Column("cases", _l("工单"), lambda row: row[0].cases, sort=True),
        Column("released", None, lambda row: label(RELEASED_BY, row[0].released_by), head=_l("先挂机方")),
        Column("flow", None, lambda row: row[0].flow, head=_l("流程")),
        Column("version", None, lambda row: row[0].version, head=_l("版本")),
        Column("profile", None, lambda row: row[0].profile, head=_l("规则")),
        Column("test", None, lambda row: _("是") if row[0].test else "", head=_l("测试")),
        Column("id", _l("经过"), lambda row: row[0].id, head=_l("标识")),
    ),
    "-arrived",
    "calls.export",
)


def numbers(calls: Sequence[Call]) -> dict[str, str]:
    """What is seen of their numbers."""
    hidden = queries.anonymous_calls(reading(), [call.id for call in calls])
    return masked_all((call.id, call.party_id, call.id in hidden) for call in calls)


def every(where: CallFilter) -> Iterator[tuple[Call, str]]:
    """All calls with what is seen of their numbers."""
    for rows in parts(partial(queries.calls, reading(), where, sort=TABLE.sort())):
        seen = numbers(rows)
        yield from ((call, seen[call.id]) for call in rows)
