"""Figures as the panel shows them: formula id, numerator, denominator, and what was left out, in both languages.

The numbers come from ``ivr/store/figures.py`` only, so board, page, export and API always agree.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import date

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ivr.metrics.records import MIN_FOR_PERCENT, Figure, Period
from ivr.report.charts import Drawn
from ivr.report.span import Span
from ivr.store import behind
from ivr.store.counting import Counted, Counter
from ivr.store.figures import figures, limits
from web.db import config, now_ms, reading
from web.labels import label
from web.language import chosen
from web.shared import Shared

KEPT_MS = 2500  # boards that ask within this time share one calculation
LONG_MS = 25 * 3_600_000  # figures of more than a day are computed once in so long, and are never older than so much
LONG_KEPT_MS, LONG_STALE_MS = 60_000, 120_000
OVER_KEPT_MS, OVER_STALE_MS = 3_600_000, 86_400_000  # of a month that is over hardly anything changes

FORMULAS = {
    "K1": "A / O",
    "K1n": "A / (O − S)",
    "K2a": "#(A, w ≤ N) / O",
    "K2b": "#(A, w ≤ N) / (O − S)",
    "K2c": "#(A, w ≤ N) / A",
    "K2d": "(#(A, w ≤ N) + #(X, w ≤ N)) / O",
    "K3": "Σw(A) / A",
    "K3-median": _l("A 中各 w 的中位数"),
    "K3-p90": _l("A 中各 w 的第 90 百分位"),
    "K3-max": _l("A 中最大的 w"),
    "K4": "X / O",
    "K4n": "(X − S) / O",
    "K4-time": "Σw(X) / X",
    "K5": _l("#(A, 在规定时限内) / A"),
    "K5-offered": _l("#(A, 在规定时限内) / O"),
    "K1g": _l("任意 24 小时内 A / O 的最低值"),
    "K6": _l("先致歉 / 迟接来电"),
    "K7-talk": _l("Σ(接听 → 结束) / A"),
    "K12": _l("按期办结 / 到期"),
    "K13-complaint": _l("按期答复 / 应答复"),
    "K13-report": _l("按期答复 / 应答复"),
    "K13-complaint-strict": _l("按未顺延的期限答复 / 应答复"),
    "K13-report-strict": _l("按未顺延的期限答复 / 应答复"),
    "K14": _l("按期兑现 / 到期的承诺"),
    "K15": _l("至少回访到一次 / 应回访"),
    "K16": _l("评分为非常满意、满意、基本满意 / 有效评分"),
    "K16-rated": _l("评分 / 邀请评价（通话后、回访中）"),
    "K17": _l("回访到 / 评价为不满意、非常不满意"),
    "K18": _l("按时到达 / 应到达"),
    "K18-time": _l("Σ(受理 → 到达) / 已到达"),
    "K19": _l("提前规定天数公告 / 计划检修停电"),
    "K20": _l("时限内回拨到 / 漏接号码"),
    "K21": _l("我方先挂机 / A"),
    "K22": _l("Σ(到达 → 请求人工) / O"),
    "K25": _l("派出后从未退回 / 派出（所选时段办结的工单）"),
    "K26": _l("未接入（503）/ 全部呼叫尝试"),
    "K26-full": _l("线路占满而未接入 / 全部呼叫尝试"),
    "K26-late": _l("处理或写入不及而未接入 / 全部呼叫尝试"),
    "K26-ending": _l("系统停止时未接入 / 全部呼叫尝试"),
}

REMARKS = {
    "K2c": _l("分母只含已接听的来电，数值偏高，不可单独公布。"),
    "K2d": _l("把很快挂机的来电也算达标，是乐观口径。"),
    "K5": _l("时限和计时起点由规则（profile）规定。"),
    "K5-offered": _l("时限和计时起点由规则（profile）规定。"),
    "K13-complaint": _l("到期未答复的算未按期。"),
    "K13-report": _l("到期未答复的算未按期。"),
    "K1g": _l("24 小时可从所选时段之前开始。"),
    "K7-talk": _l("含保持，不含话后整理。"),
    "K12": _l("到期未办结的算未按期。"),
    "K14": _l("答复、到达现场或办结，以最早的为准。"),
    "K16": _l("未评分不算满意。"),
    "K17": _l("目标 100%；未留号码、无法回访的另列。"),
    "K19": _l("天数由规则（profile）规定；按停电开始的时间计入所选时段，已撤回的另列。"),
    "K20": _l("同一号码只算一次；来电人自己再打通也算。"),
    "K21": _l("静候时限已到或征得同意的不算。"),
    "K25": _l("其余的即退单率。"),
    "K26": _l("陌生地址和同一号码过多的呼叫不算尝试。"),
}

FAMILIES = {
    1: _l("接通率"),
    2: _l("规定秒数内接通"),
    3: _l("应答速度"),
    4: _l("放弃"),
    5: _l("铃响达标"),
    6: _l("迟接致歉"),
    7: _l("通话时长"),
    12: _l("按时办结"),
    13: _l("按期答复"),
    14: _l("承诺兑现"),
    15: _l("回访"),
    16: _l("满意"),
    17: _l("差评回访"),
    18: _l("抢修到达"),
    19: _l("停电公告"),
    20: _l("漏接回拨"),
    21: _l("我方先挂机"),
    22: _l("转人工"),
    25: _l("派单"),
    26: _l("线路畅通"),
}

LEFT_OUT = {
    "test_calls": _l("测试来电"),
    "waiting_now": _l("仍在等候"),
    "clock_errors": _l("时钟异常"),
    "short_abandons": _l("短时放弃"),
    "not_yet_due": _l("尚未到期"),
    "talking_now": _l("正在通话"),
    "paused": _l("计时暂停"),
    "anonymous": _l("匿名"),
    "no_consent": _l("不同意回访"),
    "no_number": _l("无号码"),
    "no_answer": _l("未评分"),
    "reopened": _l("已重开"),
    "sealed": _l("号码已销毁"),
    "case": _l("已留言"),
    "withdrawn": _l("已撤回"),
}


Behind = behind.CallRows | behind.IdRows


@dataclass(frozen=True)
class Shown:
    """A figure ready for a page."""

    figure: Figure
    name: str
    shown: str
    fraction: str
    formula: str
    excluded: str
    note: str

    @property
    def id(self) -> str:
        return self.figure.id

    @property
    def target(self) -> str:
        """The least share the profile promises, ``≥ 90 %``; empty: it promises none."""
        return "" if self.figure.target is None else f"≥ {self.figure.target * 100:g} %"

    @property
    def family(self) -> int:
        """The K number, by which figures stand together."""
        return int(re.match(r"K(\d+)", self.id)[1])  # type: ignore[index]  # every id begins so (B9)


def shared(from_ms: int, to_ms: int, window: str = "") -> list[Shown]:
    """The same for board and pages, which many look at: some seconds old, of more than a day at most two minutes."""
    recent: Recent = current_app.extensions["panel.figures"]
    return [show(figure) for figure in recent.get(from_ms, to_ms, window)]


def shown(from_ms: int, to_ms: int, window: str = "") -> list[Shown]:
    """Every figure of the calls that arrived, and the cases that were due, in ``[from_ms, to_ms)``."""
    return [show(figure) for figure in raw(from_ms, to_ms, window)]


def raw(from_ms: int, to_ms: int, window: str = "") -> tuple[Figure, ...]:
    """The same as records, for the API; ``window``: only its calls and their cases."""
    panel = config()
    if _long(from_ms, to_ms):
        return panel.counter.ask(Counter.figures, from_ms, to_ms, window, panel.profile, now_ms())
    return figures(reading(), from_ms, to_ms, panel.profile, now_ms(), window or None)


def _long(from_ms: int, to_ms: int) -> bool:
    return to_ms - from_ms > LONG_MS


def excluded(figure: Figure, why: str) -> int:
    """How many were left out for this reason."""
    return dict(figure.exclusions).get(why, 0)


class Recent:
    """The last calculations, for all boards and pages of figures that are open now."""

    def __init__(self) -> None:
        beside = threading.Lock()
        self._short: Shared[tuple[int, int, str], tuple[Figure, ...]] = Shared(KEPT_MS)
        self._long: Shared[tuple[int, int, str], Counted] = Shared(LONG_KEPT_MS, LONG_STALE_MS, beside)
        self._over: Shared[Span, tuple[Figure, ...]] = Shared(OVER_KEPT_MS, OVER_STALE_MS, beside)
        self._charts: Shared[tuple[date, date, str], list[Drawn]] = Shared(LONG_KEPT_MS, LONG_STALE_MS, beside)

    def get(self, from_ms: int, to_ms: int, window: str = "") -> tuple[Figure, ...]:
        if _long(from_ms, to_ms):
            return self._counted(from_ms, to_ms, window).figures
        return self._short.get((from_ms, to_ms, window), lambda: raw(from_ms, to_ms, window))

    def month(self, span: Span) -> tuple[Figure, ...]:
        """Figures of a month that is over, for everybody who asks."""
        return self._over.get(span, lambda: raw(span.from_ms, span.to_ms))

    def rows(self, figure_id: str, from_ms: int, to_ms: int) -> Behind | None:
        """What is behind a figure, as it was counted; None: there is no figure of that name."""
        period, known = Period(from_ms, to_ms, now_ms()), limits(config().profile)
        if not _long(from_ms, to_ms):
            return behind.rows(reading(), figure_id, period, known)
        found = self._counted(from_ms, to_ms)
        return found.rows.get(figure_id) or behind.conditions(figure_id, period, known, found.worst_day)

    def charts(self, span: Span, language: str) -> list[Drawn]:
        """The charts of the period, in that language."""
        panel = config()
        return self._charts.get(
            (span.first, span.last, language),
            lambda: panel.counter.ask(Counter.charts, span, language, panel.profile, now_ms()),
        )

    def _counted(self, from_ms: int, to_ms: int, window: str = "") -> Counted:
        panel, asked = config(), (from_ms, to_ms, window)
        return self._long.get(asked, lambda: panel.counter.ask(Counter.counted, *asked, panel.profile, now_ms()))


def _family(figure: Figure) -> str:
    return figure.id if figure.id in FORMULAS else figure.id.split("-")[0]


def show(figure: Figure) -> Shown:
    """The figure in the words of the page."""
    family = _family(figure)
    value, fraction = _value(figure)
    left_out = "、".join(f"{label(LEFT_OUT, code)} {n}" for code, n in figure.exclusions if n)
    return Shown(
        figure, figure.name_en.capitalize() if chosen() == "en" else figure.name_zh, value, fraction,
        str(FORMULAS.get(family, figure.note)), left_out.replace("、", ", ") if chosen() == "en" else left_out,
        str(REMARKS.get(family, "")),
    )  # fmt: skip


def _value(figure: Figure) -> tuple[str, str]:
    counts = _("%(n)s 件", n=figure.denominator)
    if figure.value is None:
        return "—", ""
    if figure.unit == "s":
        return _("%(n)s 秒", n=f"{figure.value:.1f}"), counts
    fraction = f"{figure.numerator} / {figure.denominator}"
    if figure.show_percent:
        return f"{figure.value * 100:.1f} %", fraction
    return fraction, _("不足 %(n)s 件，不给百分比", n=MIN_FOR_PERCENT)
