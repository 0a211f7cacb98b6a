"""The list of cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from store.read import queries
from store.read.queries import CaseFilter
from store.schema import Case
from web.db import reading
from web.format import due_text, remaining
from web.labels import CHANNELS, KINDS, NATURES, STATUSES, label
from web.phone_numbers import masked_all
from web.tables import Column, Table, parts, wall

TABLE = Table(
    "cases",
    (
        Column("number", _l("编号"), lambda row: row[0].number, sort=True),
        Column("kind", _l("类别"), lambda row: label(KINDS, row[0].kind), sort=True),
        Column("category", None, lambda row: label(NATURES, row[0].category), head=_l("事由")),
        Column("channel", None, lambda row: label(CHANNELS, row[0].channel), head=_l("渠道")),
        Column("status", _l("状态"), lambda row: label(STATUSES, row[0].status), sort=True),
        Column("owner", _l("责任人"), lambda row: row[0].owner, sort=True),
        Column("received", _l("受理时间"), lambda row: wall(row[0].received), sort=True),
        Column("caller", _l("联系号码"), lambda row: row[1]),
        Column("due", _l("期限"), lambda row: due_text(row[0].due), sort=True),
        Column("unrolled", None, lambda row: due_text(row[0].unrolled), head=_l("未顺延的期限")),
        Column("left", _l("剩余时间"), lambda row: remaining(row[0])[1]),
        Column("provisional", None, lambda row: _("暂定") if row[0].provisional else "", head=_l("暂定")),
        Column("replied", None, lambda row: wall(row[0].replied), head=_l("答复时间")),
        Column("closed", None, lambda row: wall(row[0].closed), head=_l("办结时间")),
        Column("rule", None, lambda row: row[0].rule, head=_l("期限规则")),
        Column("profile", None, lambda row: row[0].profile, head=_l("规则")),
    ),
    "-received",
    "cases.export",
)


def numbers(cases: Sequence[Case]) -> dict[str, str]:
    """What is seen of their numbers."""
    return masked_all((case.id, case.party_id, case.anonymous) for case in cases)


def every(where: CaseFilter) -> Iterator[tuple[Case, str]]:
    """All cases with what is seen of their numbers."""
    for rows in parts(partial(queries.cases, reading(), where, sort=TABLE.sort())):
        seen = numbers(rows)
        yield from ((case, seen[case.id]) for case in rows)
