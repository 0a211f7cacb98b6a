"""What the states of a case and the ratings of citizens are called, in both languages; kinds are in ``kinds.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Name(NamedTuple):
    """A word in Chinese and in English (without a capital, as within a sentence)."""

    zh: str
    en: str


STATES: Mapping[str, Name] = {
    "received": Name("已受理", "received"),
    "classified": Name("已分类", "classified"),
    "assigned": Name("已转办", "assigned"),
    "handling": Name("办理中", "being handled"),
    "replied": Name("已答复", "replied"),
    "follow_up": Name("待回访", "to be followed up"),
    "followed_up": Name("已回访", "followed up"),
    "closed": Name("已归档", "closed"),
}
# 政务服务“好差评”: by the key that gives it
RATINGS: Mapping[str, Name] = {
    "1": Name("非常满意", "very satisfied"),
    "2": Name("满意", "satisfied"),
    "3": Name("基本满意", "mostly satisfied"),
    "4": Name("不满意", "dissatisfied"),
    "5": Name("非常不满意", "very dissatisfied"),
}
