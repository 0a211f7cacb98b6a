"""Working days: which years are known and from where; a year's table is compared with its source, then added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from ivr.calendar.tables import CalendarError, WorkCalendar, YearTable, missing_years, parse_table
from ivr.cases.actions import ActionRefused
from ivr.cases.deadlines import CasePolicy
from services import recomputing
from store import calendars as stored
from store.schema import CalendarTable
from web.access import needs
from web.case_views import desk
from web.db import calendars, config, now_ms, reading, record, writing
from web.drafts import Back, come_back, refused, wrong
from web.format import today
from web.forms import field, with_args
from web.language import chosen
from web.tables import Column, Table, wall

bp = Blueprint("calendar", __name__)

CONTENT_MAX = 40_000  # characters of a file; a year has some forty lines
SOURCE_MAX = 500
SHOWN_MAX = 10  # cases named in the preview
YEARS_AHEAD = 3


@dataclass(frozen=True)
class Year:
    """A year that counts, or counted: its table, and how it came here."""

    table: YearTable
    source: str
    row: CalendarTable | None = None
    stands: bool = True

    @property
    def origin(self) -> str:
        if self.row is None:
            return _("随程序或设置")
        if self.row.withdrawn is not None:
            return _("已撤回")
        return _("在面板中添加") if self.stands else _("已被替换")


TABLE = Table(
    "calendar",
    (
        Column("year", _l("年份"), lambda year: year.table.year, sort=True),
        Column("title", _l("通知"), lambda year: year.table.title),
        Column("off", _l("放假天数"), lambda year: len(year.table.off), sort=True),
        Column("works", _l("调休上班天数"), lambda year: len(year.table.works), sort=True),
        Column("origin", _l("状态"), lambda year: year.origin, sort=True),
        Column("source", None, lambda year: year.source, head=_l("来源")),
        Column("added", _l("添加时间"), lambda year: wall(year.row.added) if year.row else None, sort=True),
        Column("who", _l("操作"), lambda year: year.row.added_by if year.row else "", head=_l("添加人")),
    ),
    "-year",
    "calendar.export",
    "calendar",
)


def _years() -> list[Year]:
    """Those that count, then what was withdrawn or replaced."""
    rows = [(row, _read(row.content)) for row in stored.every(reading())]
    standing = {table.year: table for table in config().calendar.tables.values()}
    found, seen = [], set()
    for row, table in rows:
        if table is None:
            continue
        stands = row.withdrawn is None and table.year not in seen
        seen |= {table.year} if stands else set()
        found.append(Year(table, row.source, row, stands))
    found += [Year(table, table.source) for year, table in standing.items() if year not in seen]
    return TABLE.sorted(found)


def _read(content: str) -> YearTable | None:
    try:
        return parse_table("panel", content, unsealed=True)
    except CalendarError:
        return None


def _page(status: int = 200, **more: Any) -> Any:
    page = render_template(
        "calendar.html", years=_years(), table=TABLE, missing=missing_years(config().calendar, today()),
        days_of=days_of, with_args=with_args, **more,
    )  # fmt: skip
    return page, status


@bp.get("/calendar")
@needs("calendar")
def index() -> Any:
    return _page()


@bp.get("/calendar.<any(csv, xlsx):form>")
@needs("calendar")
def export(form: str) -> Any:
    return TABLE.file(form, _years())


@bp.post("/calendar/preview")
@needs("calendar")
def preview() -> Any:
    """What the file says, day by day, and what it would change; nothing is stored."""
    file = request.files.get("file")
    content = (file.read(CONTENT_MAX * 4) if file else b"").decode("utf-8-sig", errors="replace")
    return _preview(content or field("content", CONTENT_MAX + 1), field("source", SOURCE_MAX))


def _unusable(why: ActionRefused, content: str, source: str) -> Any:
    """The form comes back; a browser keeps no file of a form, so what was in it stands in a field."""
    come_back(Back(url_for("calendar.preview"), {"content": content, "source": source}, why))
    return _page(400)


def _preview(content: str, source: str, status: int = 200) -> Any:
    try:
        table = _checked(content, source)
    except ActionRefused as why:
        return _unusable(why, content, source)
    changed = list(_changes(table))
    return _page(
        status, new=table, content=content, source=source or table.source, doubts=_doubts(table),
        changed=changed[:SHOWN_MAX], changes=len(changed), replaces=config().calendar.tables.get(table.year),
    )  # fmt: skip


def _checked(content: str, source: str) -> YearTable:
    """The table. Raises ``ActionRefused`` with what is wrong."""
    if not content.strip() or len(content) > CONTENT_MAX:
        raise wrong("file", _("请选择一个年度表文件（TOML，不超过 40 KB）。"))
    try:
        table = parse_table(_("文件"), content, unsealed=True)
    except CalendarError as error:
        raise wrong("file", _("文件不能使用：%(why)s", why=str(error))) from None
    own = config().calendar.name
    if table.calendar != own:
        raise wrong("file", _("这是“%(other)s”的日历，本热线用的是“%(own)s”。", other=table.calendar, own=own))
    if not today().year - 1 <= table.year <= today().year + YEARS_AHEAD:
        raise wrong("file", _("年份 %(year)s 离今年太远，请检查。", year=table.year))
    if not (source or table.source).startswith(("https://", "http://")):
        raise wrong("source", _("请填写通知的网址（http:// 或 https:// 开头）。"))
    return table


def _doubts(table: YearTable) -> list[str]:
    """What may be right but is worth a second look."""
    found = []
    if table.calendar == "cn" and len(table.off) < 10:
        found.append(_("全年放假只有 %(n)s 天，请核对是否完整。", n=len(table.off)))
    if table.weekend != {5, 6}:
        found.append(_("周休日不是周六和周日，请核对。"))
    found += [
        _("%(day)s 本来就是工作日，却列为调休上班。", day=day)
        for day in table.works
        if day.weekday() not in table.weekend
    ]
    return found


def _changes(table: YearTable) -> Any:
    """Open cases whose date would be another one."""
    then = WorkCalendar([*(t for t in config().calendar.tables.values() if t.year != table.year), table])
    rules = desk().rules
    return recomputing.changes(config().engine, CasePolicy(rules.profile, then, rules.zone))


@bp.post("/calendar")
@needs("calendar")
def add() -> Any:
    """Store a year that somebody compared with its source."""
    content, source = field("content", CONTENT_MAX + 1), field("source", SOURCE_MAX)
    try:
        table = _checked(content, source)
    except ActionRefused as why:
        return _unusable(why, content, source)
    if field("compared") != "yes":
        refused(wrong("compared", _("请先与通知原文逐日核对，再勾选确认。")))
        return _preview(content, source, 400)
    with writing() as db:
        now = now_ms()
        if recomputing.seen(db.connection()) is None:  # the sweeper will see that something changed
            recomputing.mark(db.connection(), desk().rules, now)
        stored.add(db, table, content, source=source or table.source, who=current_user.name, at=now)
        record(db, "calendar.add", target=str(table.year), detail=source or table.source)
    calendars().refresh()
    flash(_("%(year)s 年的工作日历已启用；未办结工单的期限将在一分钟内重算，原期限保留。", year=table.year), "info")
    return redirect(url_for("calendar.index"), 303)


@bp.post("/calendar/<table_id>/withdraw")
@needs("calendar")
def withdraw(table_id: str) -> Any:
    with writing() as db:
        row = stored.withdraw(db, table_id, who=current_user.name, at=now_ms())
        if row is None:
            abort(404)
        record(db, "calendar.withdraw", target=str(row.year), detail=row.source)
    calendars().refresh()
    flash(_("%(year)s 年的工作日历已撤回，期限将按之前的日历重算。", year=row.year), "info")
    return redirect(url_for("calendar.index"), 303)


def days_of(table: YearTable) -> list[tuple[date, date, str, bool]]:
    """Its special days in runs of one reason: (first, last, reason, working)."""
    special = {
        **{d: (why, False) for d, why in table.off.items()},
        **{d: (why, True) for d, why in table.works.items()},
    }
    found: list[tuple[date, date, str, bool]] = []
    for day in sorted(special):
        why, works = special[day]
        text = why.en if chosen() == "en" else why.zh
        if found and found[-1][1] == day - timedelta(days=1) and found[-1][2:] == (text, works):
            found[-1] = (found[-1][0], day, text, works)
        else:
            found.append((day, day, text, works))
    return found
