"""Names of states of a case and of ratings, in both languages; those of kinds are in ``kinds.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Term(NamedTuple):
    """A word in Chinese and in English (without a capital, as within a sentence)."""

    zh: str
    en: str


STATES: Mapping[str, Term] = {
    "received": Term("已受理", "received"),
    "classified": Term("已分类", "classified"),
    "assigned": Term("已转办", "assigned"),
    "handling": Term("办理中", "being handled"),
    "replied": Term("已答复", "replied"),
    "follow_up": Term("待回访", "to be followed up"),
    "followed_up": Term("已回访", "followed up"),
    "archived": Term("已归档", "archived"),
}
# 政务服务“好差评”: by the key that gives it
RATINGS: Mapping[str, Term] = {
    "1": Term("非常满意", "very satisfied"),
    "2": Term("满意", "satisfied"),
    "3": Term("基本满意", "mostly satisfied"),
    "4": Term("不满意", "dissatisfied"),
    "5": Term("非常不满意", "very dissatisfied"),
}
