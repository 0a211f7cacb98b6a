"""One way from text as people write it to text as it is said, for every voice and both languages.

    said("12345政务服务便民热线", "zh-CN")         # 幺二三四五政务服务便民热线
    said("工作日08:30-17:30", "zh-CN")             # 工作日八点三十分到十七点三十分
    unsayable("示范😀路", "zh-CN")                 # ("😀",)

A voice given digits reads them as it likes (十二千三百四十五). Here rules, tried in order at every place of the
text, turn numbers, times, ranges, units and signs into words: ``rules_zh`` and ``rules_en`` are their tables. What
comes out has no digit and no sign but those of pauses; what no rule knows is left out of what is said, and named by
:func:`unsayable`, so that ``hotline flow check`` can refuse it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ivr.speech import rules_en, rules_zh
from ivr.speech.rules import SpeechRules

RULES: dict[str, SpeechRules] = {"zh-CN": rules_zh.RULES, "en": rules_en.RULES}
PAUSES = "，。；：？！、,.;:?!"
_KEPT = set("，。；：？！、（）№")  # full width is right for these, and № is a sign of its own
_ZERO = re.compile("〇|(?<=[〇零一二三四五六七八九])○|○(?=[○〇零一二三四五六七八九])")
_BEHIND = {"<fraction>": " ", "<super>": "^", "<sub>": ""}  # between a digit and such a number
_SPACES = re.compile(r"\s+")
_PARTS = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|.", re.DOTALL)


def said(text: str, lang: str) -> str:
    """The text in words. What cannot be said is left out; a text that is said already comes back as it is."""
    return _normalised(text, lang)[0]


def unsayable(text: str, lang: str) -> tuple[str, ...]:
    """The characters of the text that no rule knows, each once, in order."""
    return _normalised(text, lang)[1]


def folded(text: str) -> str:
    """One width and one form for each character: １２ -> 12, ℃ -> °C, ㎡ -> m2; Chinese punctuation stays.

    A number of one character stays a number of its own: ①② is 1、2 and never 12, 1½ is 1 1/2, 10² is 10^2.
    """
    text = unicodedata.normalize("NFC", _ZERO.sub("零", text))
    out, apart = "", False
    for char in text:
        folds = char if char in _KEPT else rules_zh.ROMAN.get(char) or unicodedata.normalize("NFKC", char)
        alone = unicodedata.category(char) in ("No", "Nl") and folds[:1].isdigit()
        if folds[:1].isdigit() and out[-1:].isdigit():
            out += _BEHIND.get(unicodedata.decomposition(char).partition(" ")[0], "、") if alone else "、" * apart
        out, apart = out + folds, alone
    return out.replace("\u2044", "/")


@lru_cache(maxsize=4096)
def _normalised(text: str, lang: str) -> tuple[str, tuple[str, ...]]:
    rules = RULES.get(lang, rules_en.RULES)
    out: list[str] = []
    unknown: dict[str, None] = {}
    plain, at = _SPACES.sub(" ", folded(text)).strip(), 0
    while at < len(plain):
        for pattern, say in rules.table:
            if (match := pattern.match(plain, at)) and match.end() > at and (words := say(match)) is not None:
                out.append(words)
                at = match.end()
                break
        else:
            part = _PARTS.match(plain, at)
            assert part is not None
            if not _known(part[0], rules):
                unknown[part[0]] = None
                out.append(" ")
            else:
                out.append(part[0])
            at = part.end()
    return rules.tidy("".join(out)), tuple(unknown)


def _known(part: str, rules: SpeechRules) -> bool:
    return part == " " or part in PAUSES or rules.letters.fullmatch(part) is not None
