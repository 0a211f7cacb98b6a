"""Words that must not be said, and rules every prompt keeps (S2-2 附件2, S2-5 六.4, S4-60; LIS-6).

    wording = Wording.load()
    wording.forbidden("这个不归我们管")            # [Hit(id="P1", ...)]
    wording.check_prompts(phrases, unit="示例市供电公司")

A hit in a transcript is a lead for a human reviewer, never a verdict; in a prompt it is an error.
Only what the hotline or an operator says is judged: the caller may say anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import yaml

from ivr.phrases import DEFAULT_LANG, Phrase, Phrases

CLAUSE_CHARS = 20  # LIS-6: 语句简短
CLAUSE_WORDS = 25
SOURCE = "phrases/forbidden.yaml"

# The first words of a call: 您好 and the unit's name are due (GRT-1, GRT-2).
OPENINGS = ("greet.std", "greet.menu", "greet.unit", "greet.name", "notice.recording", "hours.closed")
# Whoever waits hears an apology (ANS-12: 等候服务有歉声).
WAITING = ("queue.", "late.", "hold.queue", "hold.first", "hold.still", "pause.", "seat.next", "nobody.")

_HELLO = {"zh-CN": re.compile("您好"), "en": re.compile(r"\bhello\b", re.I)}
_SORRY = {"zh-CN": re.compile("抱歉|对不起|让您久等"), "en": re.compile(r"\bsorry\b", re.I)}
_CLAUSE_END = {"zh-CN": re.compile(r"[，。；：？！、,.;:?!\s]+"), "en": re.compile(r"[.;:?!,]+")}
_FIELD = re.compile(r"\{[^}]*\}")

# Traditional characters of the forbidden phrases and what stands beside them in speech.
_SIMPLIFIED = str.maketrans(
    "麼煩講囉屬於們訴還問這沒辦為門別點經過牆貼著歸會統題說聽領導見給誰擠進來號時間權請對後讓謝電話裡裏訊責負幫瞎寫單樣",
    "么烦讲啰属于们诉还问这没办为门别点经过墙贴着归会统题说听领导见给谁挤进来号时间权请对后让谢电话里里讯责负帮瞎写单样",
)
_FOLDED = str.maketrans({"您": "你", "妳": "你", "唆": "嗦", "侯": "候", "×": "X"})

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A forbidden phrase in a text: ``text[start:end]``, where it is listed, what to say instead."""

    id: str
    found: str
    start: int
    end: int
    source: str
    instead: str


@dataclass(frozen=True, slots=True)
class WordingFinding:
    """One thing wrong (error) or weak (warning) in a prompt, and what to do."""

    level: Level
    key: str
    lang: str
    message: str

    def __str__(self) -> str:
        return f"{self.level}: phrase {self.key} ({self.lang}): {self.message}"


@dataclass(frozen=True, slots=True)
class _Rule:
    id: str
    pattern: re.Pattern[str]
    source: str
    instead: str


def normalise(text: str) -> str:
    """The text as it is compared: one width, no punctuation, simplified, 您 -> 你, 啰唆 = 啰嗦, 侯 = 候."""
    return "".join(char for char, _ in _normalised(text))


class Wording:
    """The rules, read once and passed in."""

    def __init__(self, rules: Sequence[_Rule], jargon: Iterable[str], advertising: Iterable[str]) -> None:
        self._rules = tuple(rules)
        self._jargon = tuple(jargon)
        self._advertising = tuple(advertising)

    @classmethod
    def load(cls) -> Wording:
        """Read ``callflows/phrases/forbidden.yaml``."""
        data: Mapping[str, Any] = yaml.safe_load(files("callflows").joinpath(SOURCE).read_text("utf-8"))
        listed = data["phrases"]
        rules = [
            _Rule(id, _literal(said), row["source"], row["instead"])
            for id, row in listed.items()
            for said in row["says"]
        ]
        for id, row in data["patterns"].items():
            like = listed[row["like"]]
            rules.append(_Rule(id, re.compile(row["matches"]), f"{like['source']} ({row['like']})", like["instead"]))
        return cls(rules, data["jargon"], data["advertising"])

    def forbidden(self, text: str) -> list[Hit]:
        """Every forbidden phrase in ``text``, in the order it occurs; each rule at most once."""
        pairs = _normalised(text)
        plain = "".join(char for char, _ in pairs)
        hits: dict[str, Hit] = {}
        for rule in self._rules:
            match = rule.pattern.search(plain)
            if match and match.end() > match.start() and rule.id not in hits:
                start, end = pairs[match.start()][1], pairs[match.end() - 1][1] + 1
                hits[rule.id] = Hit(rule.id, text[start:end], start, end, rule.source, rule.instead)
        return sorted(hits.values(), key=lambda hit: (hit.start, hit.id))

    def check_prompts(self, phrases: Phrases, unit: str, unit_en: str | None = None) -> list[WordingFinding]:
        """All findings over all phrases, errors first. ``unit``: the name every greeting must bear."""
        units = {"zh-CN": unit, "en": unit_en or unit}
        found = [
            finding
            for phrase in phrases
            for lang, text in phrase.text.items()
            for finding in self._check(phrase, lang, text, units.get(lang, unit))
        ]
        found += [
            WordingFinding("error", phrase.key, DEFAULT_LANG, _refusal(hit))
            for phrase in phrases
            for text in phrase.also
            for hit in self.forbidden(text)
        ]
        return sorted(found, key=lambda finding: finding.level)

    def check_text(self, key: str, text: str, lang: str = DEFAULT_LANG) -> list[WordingFinding]:
        """Findings for one text of a flow's own: forbidden words, length, jargon, advertising."""
        found = [WordingFinding("error", key, lang, _refusal(hit)) for hit in self.forbidden(text)]
        if long := _long_clause(text, lang):
            limit = f"{CLAUSE_CHARS} characters" if lang == "zh-CN" else f"{CLAUSE_WORDS} words"
            found.append(
                WordingFinding("warning", key, lang, f"clause longer than {limit}: {long!r}; split it (LIS-6)")
            )
        for words, name in ((self._jargon, "jargon"), (self._advertising, "advertising")):
            found += [
                WordingFinding("warning", key, lang, f"{name}: {word!r}; say it in plain words or leave it out")
                for word in words
                if word.casefold() in text.casefold()
            ]
        return found

    def _check(self, phrase: Phrase, lang: str, text: str, unit: str) -> list[WordingFinding]:
        found = self.check_text(phrase.key, text, lang)
        if phrase.use == "O":  # scripts are read by people: only forbidden words count
            found = [finding for finding in found if finding.level == "error"]
        elif phrase.key in OPENINGS:
            found += _greeting(phrase.key, lang, text, unit)
        elif phrase.key.startswith(WAITING) and not _SORRY[lang].search(text):
            found.append(WordingFinding("error", phrase.key, lang, "whoever waits is owed an apology (ANS-12)"))
        return found


def _greeting(key: str, lang: str, text: str, unit: str) -> list[WordingFinding]:
    found = []
    if not _HELLO[lang].search(text):
        word = "您好" if lang == "zh-CN" else "Hello"
        found.append(WordingFinding("error", key, lang, f"a greeting begins with {word} (GRT-1)"))
    if unit not in text and "{unit}" not in text:
        found.append(WordingFinding("error", key, lang, "a greeting names the unit: put {unit} into it (GRT-2)"))
    return found


def _refusal(hit: Hit) -> str:
    return f"{hit.found!r} must not be said ({hit.id}, {hit.source}); say instead: {hit.instead}"


def _long_clause(text: str, lang: str) -> str | None:
    """The first clause that is too long; a placeholder counts as what is usually said there."""
    for clause in _CLAUSE_END[lang].split(_FIELD.sub("〇〇〇〇" if lang == "zh-CN" else "word", text)):
        size = len(clause) if lang == "zh-CN" else len(clause.split())
        if size > (CLAUSE_CHARS if lang == "zh-CN" else CLAUSE_WORDS):
            return clause.strip()
    return None


def _literal(said: str) -> re.Pattern[str]:
    """A listed phrase as a pattern over normalised text; XX stands for any short name."""
    return re.compile(re.escape(normalise(said)).replace("XX", ".{0,12}?"))


def _normalised(text: str) -> list[tuple[str, int]]:
    """(character, its place in the original) after normalising."""
    return [
        (char.translate(_SIMPLIFIED).translate(_FOLDED), at)
        for at, original in enumerate(text)
        for char in unicodedata.normalize("NFKC", original)
        if char.isalnum() or char == "×"
    ]
