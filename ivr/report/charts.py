"""The charts of reports and of the panel: what each shows, in words, and the same numbers as a table.

for drawn in draw(curves, "zh-CN"):
    drawn.svg, drawn.head, drawn.rows
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ivr.cases.kinds import COMPLAINT_CATEGORIES
from ivr.cases.names import RATINGS
from ivr.kpi.records import MIN_FOR_PERCENT
from ivr.report import chart
from ivr.report.chart import Series
from ivr.report.contents import Curves, DemandPart
from ivr.report.registers import category

Words = Callable[[str, str], str]
Cell = str | int | float | None

STEPS = {"hour": ("每小时", "by hour"), "day": ("每日", "by day"), "week": ("每周", "by week")}
OTHERS = ("callback", "unanswered", "failed", "self", "hung_up", "live")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart and the table of its numbers."""

    id: str
    title: str
    svg: Markup
    head: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def words(lang: str) -> Words:
    """Chooses between the Chinese and the English."""
    return (lambda zh, en: zh) if lang == "zh-CN" else (lambda zh, en: en)


def draw(c: Curves, lang: str) -> list[Drawn]:
    """Every chart, in the order they are read."""
    t = words(lang)
    return [
        _quarter(c, t), _parts(c, t), _waits(c, t), _pressure(c, t), _weeks(c, t), _categories(c, t, lang),
        _ratings(c, t),
    ]  # fmt: skip


def _drawn(id_: str, title: str, svg: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Drawn:
    return Drawn(id_, title, Markup(svg), tuple(head), rows)  # noqa: S704  # ivr.report.chart escapes every text


def _quarter(c: Curves, t: Words) -> Drawn:
    title = t("一天中的来电（每刻钟，全期合计）", "Arrivals by quarter-hour, the whole period")

    def each(*outcomes: str) -> list[int]:
        return [sum(c.arrivals[q, o] for o in outcomes) for q in range(96)]

    totals = Counter[int]()
    for (quarter, _), count in c.arrivals.items():
        totals[quarter] += count
    busiest = max(totals, key=lambda q: (totals[q], -q), default=0)
    desc = (
        t(
            f"共 {totals.total()} 次，最忙的是 {_clock(busiest)} 起的一刻钟。",
            f"{totals.total()} in all; the busiest quarter-hour begins at {_clock(busiest)}.",
        )
        if totals
        else t("没有来电。", "No calls.")
    )
    names = (t("人工接听", "answered"), t("放弃", "abandoned"), t("其他", "other"))
    values = (each("answered"), each("abandoned"), each(*OTHERS))
    svg = chart.bars(
        title, desc, [_clock(q) for q in range(96)],
        [Series(name, row) for name, row in zip(names, values, strict=True)],
    )  # fmt: skip
    rows: list[list[Cell]] = [[_clock(q), *(row[q] for row in values)] for q in range(96) if totals[q]]
    return _drawn("quarter", title, svg, (t("时刻", "time"), *names), rows)


def _parts(c: Curves, t: Words) -> Drawn:
    title = t("请求人工的来电，", "Requests for a person ") + t(*STEPS[c.step])
    others = [part.offered - part.answered - part.abandoned for part in c.parts]
    total, answered, gone = (sum(part[n] for part in map(_counts, c.parts)) for n in range(3))
    names = (
        t("接听", "answered"),
        t("放弃", "abandoned"),
        t("留言、回电、未接通或故障", "message, callback, unanswered, failed"),
    )
    svg = chart.bars(
        title,
        t(f"共 {total} 次，接听 {answered}，放弃 {gone}。", f"{total} in all, {answered} answered, {gone} abandoned."),
        [_short(c, part) for part in c.parts],
        [
            Series(names[0], [part.answered for part in c.parts]),
            Series(names[1], [part.abandoned for part in c.parts]),
            Series(names[2], others),
        ],
    )
    rows: list[list[Cell]] = [
        [p.name, p.answered, p.abandoned, other] for p, other in zip(c.parts, others, strict=True) if p.offered
    ]
    return _drawn("parts", title, svg, (t("时段", "period"), *names), rows)


def _counts(part: DemandPart) -> tuple[int, int, int]:
    return part.offered, part.answered, part.abandoned


def _waits(c: Curves, t: Words) -> Drawn:
    title = t("接听等待（秒），", "Wait of the answered (s) ") + t(*STEPS[c.step])
    worst = max((part.p90 for part in c.parts if part.p90 is not None), default=0)
    names = (t("中位数", "median"), t("90 分位", "90th percentile"))
    svg = chart.lines(
        title, t(f"90 分位最高 {worst:.1f} 秒。", f"The highest 90th percentile is {worst:.1f} s."),
        [_short(c, part) for part in c.parts],
        [Series(names[0], [p.median for p in c.parts]), Series(names[1], [p.p90 for p in c.parts])],
    )  # fmt: skip
    rows: list[list[Cell]] = [[p.name, p.median, p.p90, p.answered] for p in c.parts if p.answered]
    return _drawn("waits", title, svg, (t("时段", "period"), *names, t("件数", "n")), rows)


def _pressure(c: Curves, t: Words) -> Drawn:
    title = t("今后 14 天到期的承诺", "Promises due in the next 14 days")
    late, to_come = t("已超期", "overdue"), t("未办结", "open")
    days = list(c.pressure)
    total = sum(c.pressure.values())
    svg = chart.bars(
        title,
        t(f"已超期 {c.overdue} 件，14 天内到期 {total} 件。", f"{c.overdue} overdue, {total} due within 14 days."),
        [late, *(day[5:] for day in days)],
        [Series(to_come, [None, *c.pressure.values()]), Series(late, [c.overdue, *([None] * len(days))])],
    )  # fmt: skip
    rows: list[list[Cell]] = [[late, c.overdue]]
    rows += [[day, n] for day, n in c.pressure.items()]
    return _drawn("pressure", title, svg, (t("日期", "day"), t("件数", "cases")), rows)


def _weeks(c: Curves, t: Words) -> Drawn:
    title = t("每周回访率（%）", "Follow-up rate by week (%)")
    # A percentage of fewer than 30 says less than the counts do (B9): those stand in the table.
    rates = [100 * week.reached / week.asked if week.asked >= MIN_FOR_PERCENT else None for week in c.weeks]
    goal = 100 * c.follow_up_target
    svg = chart.lines(
        title, "; ".join(f"{week.first}: {week.reached} / {week.asked}" for week in c.weeks),
        [week.first[5:] for week in c.weeks], [Series(t("回访率", "follow-up rate"), rates)],
        (t(f"目标 {goal:g} %", f"target {goal:g} %"), goal),
    )  # fmt: skip
    rows: list[list[Cell]] = [
        [week.first, week.reached, week.asked, f"{rate:.1f} %" if rate is not None else "—"]
        for week, rate in zip(c.weeks, rates, strict=True)
    ]
    head = (t("周起始日", "week from"), t("回访到", "reached"), t("应回访", "to be asked"), t("回访率", "rate"))
    return _drawn("weeks", title, svg, head, rows)


def _categories(c: Curves, t: Words, lang: str) -> Drawn:
    title = t("投诉类别", "Complaint kinds")
    counts = Counter({category(id_, lang) or t("未分类", "not classified"): n for id_, n in c.categories.items()})
    names = [category(id_, lang) for id_ in COMPLAINT_CATEGORIES]
    items = [(name, counts[name]) for name in [*names, *sorted(set(counts) - set(names))]]
    svg = chart.ranking(title, t(f"共 {counts.total()} 件投诉。", f"{counts.total()} complaints."), items)
    return _drawn("categories", title, svg, (t("类别", "kind"), t("件数", "cases")), items)


def _ratings(c: Curves, t: Words) -> Drawn:
    title = t("满意度评分", "Ratings")
    items = [(t(*name), c.ratings[int(key)]) for key, name in RATINGS.items()]
    svg = chart.ranking(title, t(f"共 {c.ratings.total()} 个评分。", f"{c.ratings.total()} ratings."), items)
    return _drawn("ratings", title, svg, (t("评分", "rating"), t("个数", "n")), items)


def _short(c: Curves, part: DemandPart) -> str:
    """The name of a part as it stands under its bar."""
    return part.name[11:] if c.step == "hour" else part.name[8:] if c.span.days <= 31 else part.name[5:]


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"
