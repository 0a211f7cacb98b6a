"""Reports as pages: the month for the leaders, and the public page of promises. Figures and counts, no person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ivr.cases.kinds import COMPLAINT_CATEGORIES
from ivr.report import chart
from ivr.report import figures as said
from ivr.report.chart import Series
from ivr.report.contents import Contents, kept
from ivr.report.registers import CHANNELS, category, kind

# What leaders look at first, and what the public is told; everything stands in the table.
HEADLINES = ("K1", "K2a-15", "K3", "K4", "K13-complaint", "K13-report", "K14", "K15", "K16")
PUBLIC = ("K14", "K13-complaint", "K13-report", "K12", "K18", "K15", "K1", "K2a-15", "K20")
RATINGS = {
    1: ("非常满意", "very satisfied"),
    2: ("满意", "satisfied"),
    3: ("基本满意", "mostly satisfied"),
    4: ("不满意", "dissatisfied"),
    5: ("非常不满意", "very dissatisfied"),
}
Words = Callable[[str, str], str]


def summary(contents: Contents, title: str, unit: str, lang: str) -> str:
    """The summary of a period for the leaders (CMP-8), as one HTML page without anything from elsewhere."""
    return _page("summary.html", contents, title, unit, lang, charts=_charts(contents, _words(lang), lang))


def promises(contents: Contents, title: str, unit: str, lang: str) -> str:
    """The public page of promises (承诺兑现率, K14): no personal data, nothing about single cases."""
    return _page("promises.html", contents, title, unit, lang)


def write_pdf(html: str, path: Path) -> None:
    """Print a page as PDF. Raises :class:`OSError` when the system lacks pango, which draws its text."""
    from weasyprint import HTML  # slow to load, and needs libraries of the system

    HTML(string=html).write_pdf(path)


def _words(lang: str) -> Words:
    return (lambda zh, en: zh) if lang == "zh-CN" else (lambda zh, en: en)


def _page(template: str, contents: Contents, title: str, unit: str, lang: str, **more: Any) -> str:
    pages = Environment(loader=PackageLoader("ivr.report"), autoescape=True, undefined=StrictUndefined)
    by_id = {figure.id: figure for figure in contents.figures}
    made = datetime.fromtimestamp(contents.now_ms / 1000, UTC).astimezone(contents.span.zone)
    shown = {
        "c": contents,
        "title": title,
        "unit": unit,
        "lang": lang,
        "t": _words(lang),
        "said": said,
        "made": f"{made:%Y-%m-%d %H:%M}",
        "running": contents.now_ms < contents.span.to_ms,
        "headlines": [by_id[id_] for id_ in HEADLINES if id_ in by_id],
        "public": [by_id[id_] for id_ in PUBLIC if id_ in by_id],
        "received": _received(contents, lang),
        "due": [kept(id_, cases, contents.now_ms) for id_, cases in contents.due.items()],
        "kind": lambda id_: kind(id_, lang),
    }
    return pages.get_template(template).render(**shown, **more)


def _received(contents: Contents, lang: str) -> list[tuple[str, str, int]]:
    found = [
        (kind(id_, lang), CHANNELS.get(channel, channel) if lang == "zh-CN" else channel, count)
        for (id_, channel), count in contents.received.items()
    ]
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))


# --- charts --------------------------------------------------------------------------------


def _charts(c: Contents, t: Words, lang: str) -> dict[str, Markup]:
    return {
        name: Markup(svg)  # noqa: S704  # drawn by ivr.report.chart, which escapes every text
        for name, svg in (
            ("day", _by_day(c, t)),
            ("quarter", _by_quarter(c, t)),
            ("waits", _waits(c, t)),
            ("categories", _categories(c, t, lang)),
            ("weeks", _weeks(c, t)),
            ("ratings", _ratings(c, t)),
        )
    }


def _by_day(c: Contents, t: Words) -> str:
    by_day = [{figure.id: figure for figure in figures} for _, figures in c.days]
    answered = [float(f["K1"].numerator or 0) for f in by_day]
    gone = [float(f["K4"].numerator or 0) for f in by_day]
    other = [f["K1"].denominator - a - g for f, a, g in zip(by_day, answered, gone, strict=True)]
    total = sum(f["K1"].denominator for f in by_day)
    return chart.bars(
        t("每日请求人工的来电", "Requests for a person by day"),
        t(
            f"共 {total} 次，接听 {sum(answered):.0f}，放弃 {sum(gone):.0f}。",
            f"{total} in all, {sum(answered):.0f} answered, {sum(gone):.0f} abandoned.",
        ),
        [name[8:] for name, _ in c.days],
        [
            Series(t("接听", "answered"), answered),
            Series(t("放弃", "abandoned"), gone),
            Series(t("留言、回电或故障", "message, callback, failed"), other),
        ],
    )


def _by_quarter(c: Contents, t: Words) -> str:
    def each(*outcomes: str) -> list[float]:
        return [float(sum(c.arrivals[q, o] for o in outcomes)) for q in range(96)]

    totals = Counter[int]()
    for (quarter, _), count in c.arrivals.items():
        totals[quarter] += count
    busiest = max(totals, key=lambda q: (totals[q], -q), default=0)
    return chart.bars(
        t("一天中的来电（每刻钟，全期合计）", "Arrivals by quarter-hour, the whole period"),
        t(f"最忙的是 {_clock(busiest)} 起的一刻钟。", f"The busiest quarter-hour begins at {_clock(busiest)}."),
        [_clock(q) for q in range(96)],
        [
            Series(t("人工接听", "answered"), each("answered")),
            Series(t("放弃", "abandoned"), each("abandoned")),
            Series(t("其他", "other"), each("callback", "failed", "self", "hung_up", "live")),
        ],
    )


def _waits(c: Contents, t: Words) -> str:
    def each(id_: str) -> list[float | None]:
        return [next((f.value for f in figures if f.id == id_), None) for _, figures in c.days]

    worst = max((value for value in each("K3-p90") if value is not None), default=0)
    return chart.lines(
        t("接听等待（秒）", "Wait of the answered (s)"),
        t(f"90 分位最高 {worst:.1f} 秒。", f"The highest 90th percentile is {worst:.1f} s."),
        [name[8:] for name, _ in c.days],
        [Series(t("中位数", "median"), each("K3-median")), Series(t("90 分位", "90th percentile"), each("K3-p90"))],
    )


def _categories(c: Contents, t: Words, lang: str) -> str:
    counts = Counter({category(id_, lang) or t("未分类", "not classified"): n for id_, n in c.categories.items()})
    names = [category(id_, lang) for id_ in COMPLAINT_CATEGORIES]
    more = sorted(set(counts) - set(names))
    return chart.ranking(
        t("投诉类别", "Complaint kinds"),
        t(f"共 {counts.total()} 件投诉。", f"{counts.total()} complaints."),
        [(name, counts[name]) for name in [*names, *more]],
    )


def _weeks(c: Contents, t: Words) -> str:
    rates = [100 * week.reached / week.asked if week.asked else None for week in c.weeks]
    goal = 100 * c.follow_up_target
    return chart.lines(
        t("每周回访率（%）", "Follow-up rate by week (%)"),
        "; ".join(f"{week.first}: {week.reached} / {week.asked}" for week in c.weeks),
        [week.first[5:] for week in c.weeks],
        [Series(t("回访率", "follow-up rate"), rates)],
        (t(f"目标 {goal:g} %", f"target {goal:g} %"), goal),
    )


def _ratings(c: Contents, t: Words) -> str:
    items = [(t(*RATINGS[rating]), c.ratings[rating]) for rating in RATINGS]
    return chart.ranking(
        t("满意度评分", "Ratings"),
        t(f"共 {c.ratings.total()} 个评分。", f"{c.ratings.total()} ratings."),
        items,
    )


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"
