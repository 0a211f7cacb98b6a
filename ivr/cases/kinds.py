"""Kinds of case 事项类型 and what each asks of us; the seven complaint kinds of S3 之六 三.2."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of case. Its deadline rule bears its name in the profile's ``deadlines``.

    ``may_be_anonymous``: the person need not leave a name (A5.2 no. 16). ``categories``: asked for.
    ``due_phrase``: how the due date is told.
    """

    id: str
    zh: str
    en: str
    due_phrase: str = "case.due.other"
    may_be_anonymous: bool = False
    categories: bool = False


KINDS: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind("enquiry", "咨询", "enquiry"),
        Kind("complaint", "投诉", "complaint", "case.due.complaint", categories=True),
        Kind("report", "举报", "report of misconduct", "case.due.report", may_be_anonymous=True),
        Kind("repair", "报修", "repair", "case.due.repair"),
        Kind("suggestion", "建议", "suggestion"),
        Kind("application", "用电申请", "application", "case.due.application"),  # 新装、增容、变更 (S2-1 §9(二))
        Kind("request", "求助", "request for help"),
        Kind("praise", "表扬", "praise"),
        Kind("message", "留言", "message", "case.due.message"),
        Kind("callback", "回电", "callback", "case.due.message"),
    )
}


@dataclass(frozen=True, slots=True)
class Category:
    """One complaint kind: ``verbatim`` is the source's wording, ``phrase`` the neutral spoken label."""

    id: str
    verbatim: str
    phrase: str
    en: str


# S3 之六 三.2 ①…⑦
COMPLAINT_CATEGORIES: Mapping[str, Category] = {
    category.id: category
    for category in (
        Category("integrity", "吃、拿、卡、要，乱收费", "category.1", "Soliciting favours, arbitrary charges"),
        Category("not_told_once", "没有一次性讲清，让办事人员多跑、空跑", "category.2", "Not told everything at once"),
        Category("attitude", "接待不热情、不文明、发生争执", "category.3", "Rude service"),
        Category("passed_around", "故意推诿、不履行职责、擅自离岗", "category.4", "Passed around, absent from post"),
        Category("lost_documents", "遗失有关资料", "category.5", "Lost documents"),
        Category(
            "unlawful_or_late",
            "不依法办事、随意解释政策法规、未按规定期限办理",
            "category.6",
            "Unlawful or late handling",
        ),
        Category("other", "其它", "category.7", "Other"),
    )
}


def category_id(text: str) -> str:
    """A complaint category by id, or by its spoken number (``3`` of ``category.3``).

    Anything else is kept as it is: an unknown category must never stop a complaint.
    """
    for category in COMPLAINT_CATEGORIES.values():
        if text == category.phrase.removeprefix("category."):
            return category.id
    return text


def kind(name: str) -> Kind:
    """A kind by id (``complaint``) or Chinese name (投诉); a :class:`ValueError` names the nearest."""
    if name in KINDS:
        return KINDS[name]
    for candidate in KINDS.values():
        if name == candidate.zh:
            return candidate
    near = difflib.get_close_matches(name, KINDS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(KINDS)}"
    raise ValueError(f"there is no kind of case {name!r}: {hint}")
