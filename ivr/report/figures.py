"""Figures as people read them and as rows of a file: the same words in terminal, export and report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.kpi.records import Figure
from ivr.report.sheet import Cell, Sheet

HEADS = {
    "zh-CN": ("分组", "编号", "名称", "显示", "数值", "单位", "分子", "分母", "不计入", "公式", "规则", "从", "到"),
    "en": ("part", "id", "name", "shown", "value", "unit", "numerator", "denominator", "left out", "formula",
           "profile", "from", "to"),
}  # fmt: skip
LEFT_OUT = {
    "test_calls": ("测试来电", "test calls"),
    "waiting_now": ("仍在等候", "waiting now"),
    "clock_errors": ("时钟异常", "clock errors"),
    "short_abandons": ("短时放弃", "short abandons"),
    "talking_now": ("正在通话", "talking now"),
    "not_yet_due": ("尚未到期", "not yet due"),
    "paused": ("计时暂停", "paused"),
    "anonymous": ("匿名", "anonymous"),
    "no_consent": ("不同意回访", "no consent"),
    "no_number": ("无号码", "no number"),
    "no_answer": ("未评分", "not rated"),
    "reopened": ("已重开", "reopened"),
    "sealed": ("号码已销毁", "number destroyed"),
    "case": ("已留言", "left a message"),
    "withdrawn": ("已撤回", "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class FiguresPart:
    """The figures of one part of a period: an hour, a day, a window. ``name`` is empty for the whole."""

    name: str
    figures: tuple[Figure, ...]


def name(figure: Figure, lang: str) -> str:
    """What a figure is called."""
    return figure.name_zh if lang == "zh-CN" else figure.name_en


def shown(figure: Figure) -> str:
    """``66.7 %``, ``16.9 s``; ``8 / 12`` where fewer than 30 say less than the counts; ``—`` for nothing."""
    if figure.value is None:
        return "—"
    if figure.unit == "s":
        return f"{figure.value:.1f} s"
    return f"{figure.value * 100:.1f} %" if figure.show_percent else f"{figure.numerator} / {figure.denominator}"


def left_out(figure: Figure, lang: str) -> str:
    """What was left out, and how many; empty when nothing was."""
    place = 0 if lang == "zh-CN" else 1
    said = [f"{LEFT_OUT.get(why, (why, why))[place]} {n}" for why, n in figure.exclusions if n]
    return ("、" if lang == "zh-CN" else ", ").join(said)


def as_data(figure: Figure) -> dict[str, Any]:
    """A figure with everything needed to judge it, unrounded."""
    return {
        "id": figure.id,
        "name": {"zh-CN": figure.name_zh, "en": figure.name_en},
        "profile": figure.profile,
        "unit": figure.unit,
        "value": figure.value,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "exclusions": dict(figure.exclusions),
        "show_percent": figure.show_percent,
        "target": figure.target,
        "note": figure.note,
    }


def sheet(parts: Iterable[FiguresPart], zone: ZoneInfo, lang: str) -> Sheet:
    """One row for each figure of each part."""
    return Sheet("指标" if lang == "zh-CN" else "figures", HEADS[lang], _rows(parts, zone, lang))


def _rows(parts: Iterable[FiguresPart], zone: ZoneInfo, lang: str) -> Iterator[list[Cell]]:
    for part in parts:
        for f in part.figures:
            start, end = (
                datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).replace(tzinfo=None) for at in f.period
            )
            yield [
                part.name, f.id, name(f, lang), shown(f), f.value, f.unit, f.numerator, f.denominator,
                left_out(f, lang), f.note, f.profile, start, end,
            ]  # fmt: skip
