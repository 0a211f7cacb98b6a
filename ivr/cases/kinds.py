"""Kinds of case 事项类型 and what each asks of us; the seven complaint kinds of S3 之六 三.2.

A kind is one record: whoever treats one kind unlike the others asks its flag (``of(case["kind"]).urgent``,
``CASES.c.kind.in_(ids(lambda kind: kind.urgent))``), never its name.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from ivr.errors import IvrError


class UnknownKind(IvrError, ValueError):
    """No kind of case is called so; the text names the nearest, or all."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of case. Its deadline rule bears its name in the profile's ``deadlines``.

    What the machine says, as keys of ``callflows/phrases``: ``due`` ends ``case.due.…`` and ``case.within.…``, by which
    the promise is told; ``account`` asks for the matter; ``thanks`` comes first (S4-31: 应向服务对象致谢).
    """

    id: str
    zh: str
    en: str
    due: str = "other"
    account: str = "ask.account"
    thanks: tuple[str, ...] = ()
    by_flow: bool = True  # the case step of a flow can take it
    short: bool = False  # its account ends after ``message_max_s``, not ``account_max_s``
    unsaid: str = ""  # said before it is taken although nothing was said and nobody is there to ask; empty: it is not
    categories: bool = False  # is one of the complaint kinds below
    at_once: tuple[str, str] | None = None  # what those answerable for it are told at once, zh and en (S4-31)
    judged: bool = False  # found valid or invalid 有效、无效
    on_site: bool = False  # somebody goes there: ``onsite_min`` of the profile is its promise, arriving keeps it
    urgent: bool = False  # rings the duty phones; its citizen may be called at any hour
    answered: bool = True  # its answer is owed by telephone
    kept_longer: bool = False  # its recordings are kept until long after closing


KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind("enquiry", "咨询", "enquiry"),
        Kind(
            "complaint", "投诉", "complaint", due="complaint", thanks=("cmp.thanks",), categories=True,
            at_once=("新投诉，请立即办理", "new complaint, please act at once"), judged=True, kept_longer=True,
        ),
        Kind(
            "report", "举报", "report of misconduct", due="report", thanks=("cmp.thanks", "report.confidential"),
            at_once=("新举报，请立即办理", "new report of misconduct, please act at once"), judged=True,
            kept_longer=True,
        ),
        Kind(
            "repair", "报修", "repair", due="repair", account="ask.repair", unsaid="ask.account.none",  # PWR-1
            at_once=("新报修，请立即派工", "new repair, please send somebody at once"), on_site=True, urgent=True,
        ),
        Kind("suggestion", "建议", "suggestion", thanks=("cmp.suggest",)),
        Kind("application", "新装、增容、变更用电", "new, larger or changed connection", due="application"),  # §9(二)
        Kind("request", "求助", "request for help"),
        Kind("praise", "表扬", "praise", thanks=("cmp.suggest",), answered=False),
        # An apology comes before it, so it is not thanked for (S4-30).
        Kind("message", "留言", "message", due="message", account="message.ask", short=True),
        Kind("callback", "回电", "callback", due="message", by_flow=False),
    )
}  # fmt: skip


def of(id_: str | None) -> Kind:
    """Return the kind with this id; of an id nobody knows any more a kind of which nothing special holds."""
    return KINDS.get(id_ or "") or Kind(id_ or "", id_ or "", id_ or "")


def ids(which: Callable[[Kind], bool]) -> tuple[str, ...]:
    """Return the ids of the kinds of which ``which`` holds, for a condition in SQL."""
    return tuple(kind.id for kind in KINDS.values() if which(kind))


@dataclass(frozen=True, slots=True)
class Category:
    """One complaint kind: ``verbatim`` is the source's wording, ``phrase`` the neutral spoken label."""

    id: str
    verbatim: str
    phrase: str
    en: str


# S3 之六 三.2 ①…⑦
COMPLAINT_CATEGORIES: dict[str, Category] = {
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
    """A kind by id (``complaint``) or Chinese name (投诉); Raises :class:`UnknownKind`, naming the nearest."""
    if name in KINDS:
        return KINDS[name]
    for candidate in KINDS.values():
        if name == candidate.zh:
            return candidate
    near = difflib.get_close_matches(name, KINDS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(KINDS)}"
    raise UnknownKind(f"there is no kind of case {name!r}: {hint}")
