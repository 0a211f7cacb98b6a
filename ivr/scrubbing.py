"""Telephone, identity and bank-card numbers in what people type: found by their digits, and made unreadable.

What is journaled, audited, logged or sent is kept for years and read by many; a number belongs into ``parties``,
where its key can be destroyed (requirements B10). Digits count, not words: Chinese has no spaces, so a number may
touch any letter. Found are, in ASCII and full-width digits, with blanks, line breaks, hyphens, dots and brackets
between them, and in numerals of any other script (一三八〇…, ①③⑧…, ١٣٨…), alone or mixed with those (一三八0000…):

* mobiles (11 digits from 13 to 19, with or without 0, 86, +86), anything from ``+`` and 8 to 15 digits, or from ``00``
  and 10 to 14;
* landlines with their area code (0, two or three digits, then seven or eight), ``86`` in front or not;
* identity numbers (18 characters, or the 15 digits of before 1999) and bank cards (16 to 19 digits), whole or in their
  usual groups; a longer run of digits is no less.

A mobile or a bank card (from 62) in its groups, or a landline beside its area code, may have a comma, stroke, tilde or
star between them, too; between single digits those make a list of a number, so there they are none.

Left alone: case numbers (10 digits), query codes (8), dates, years, amounts, short codes (12345, 95598), ids, digests.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

HIDDEN = "•••"
SHORTEST = 9  # characters of the shortest number
_ASCII = str.maketrans("０１２３４５６７８９＋Ｘｘ", "0123456789+Xx")  # one for one: places stay
_ENOUGH = re.compile(r"[0-9](?:[^0-9]{0,4}[0-9]){7}")  # fewer digits are nobody's number; most texts have none
# What shows no wider than a blank, or not at all.
_BLANK = r" \t\r\n\u00a0\u00ad\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u20e3\u3000\ufe0e\ufe0f\ufeff"
_MARK = r".．。·・‧•()（）\[\]【】_\-\u2010-\u2015\u2212﹣－"
_GAP = rf"[{_BLANK}{_MARK}]{{0,4}}"
_APART = rf"[{_BLANK}{_MARK},，、/／~～*＊:：;；|｜]{{1,4}}"
_BETWEEN = _GAP.replace("{0,", "{1,")
_COUNTRY = rf"(?:(?:(?:\+|00)?86|0){_GAP})?"
_ID = r"[0-9A-Za-z]"
_YEAR = r"(?:19|20)[0-9]{2}"

_MONTH, _DAY = rf"(?:0{_GAP}[1-9]|1{_GAP}[0-2])", rf"(?:0{_GAP}[1-9]|[12]{_GAP}[0-9]|3{_GAP}[01])"
_BORN = rf"(?:1{_GAP}9|2{_GAP}0){_GAP}[0-9]{_GAP}[0-9]{_GAP}{_MONTH}{_GAP}{_DAY}"
_NUMBERS = re.compile(
    rf"""
    (?P<kept> (?<!{_ID}) (?: [0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}   # our ids
                          | (?=[0-9]*[a-f]) [0-9a-f]{{32,}} ) (?!{_ID})            # digests
                | (?<![0-9.]) (?:   # IPv4; seconds
                    [0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}} | [0-9]{{10}}\.[0-9]+ ) (?![0-9]) )
    | (?<![0-9]) (?!{_YEAR}(?:{_BETWEEN}{_YEAR})+(?![0-9])) (?:
        [0-9]{{17}}[0-9Xx] | [0-9]{{16,}}
      | [1-9](?:{_GAP}[0-9]){{5}}{_GAP}{_BORN}(?:{_GAP}[0-9]){{3}}{_GAP}[0-9Xx]
      | [1-9][0-9]{{5}}{_GAP}[0-9]{{2}}{_GAP}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]){_GAP}[0-9]{{3}}
      | [0-9]{{6}}{_GAP}(?:[0-9]{{8}}|[0-9]{{4}}{_GAP}[0-9]{{4}}){_GAP}[0-9]{{3}}[0-9Xx]
      | [0-9]{{4}}(?:{_BETWEEN}[0-9]{{4}}){{3}}(?:{_GAP}[0-9]{{1,3}}(?!{_GAP}[0-9]))?
      | 62[0-9]{{2}}(?:{_APART}[0-9]{{4}}){{3}}(?:{_APART}[0-9]{{1,3}}(?!(?:{_APART})?[0-9]))?
      | 62[0-9]{{4}}{_BETWEEN}[0-9]{{10,13}} | 62[0-9]{{6}}{_BETWEEN}[0-9]{{8,11}}
      | {_COUNTRY}1[3-9](?:{_GAP}[0-9]){{9}}
      | 1(?P<same>[ \u3000-]|\ufe0f?\u20e3)[3-9](?:(?P=same)[0-9]){{9}}(?!(?P=same)[0-9])
      | {_COUNTRY}1[3-9][0-9]{_APART}[0-9]{{4}}(?:{_APART})?[0-9]{{4}}
      | {_COUNTRY}1[3-9][0-9]{{5}}{_APART}[0-9]{{4}}
      | 0[0-9]{{2,3}}{_APART}[0-9]{{7,8}}
      | (?:\(|（)?(?:(?:\+|00)?86{_GAP})?0[0-9]{{2,3}}{_GAP}[0-9]{{3,4}}{_GAP}[0-9]{{4}}
      | (?:\+|00)?86{_GAP}[1-9][0-9]{{1,2}}{_GAP}[0-9]{{3,4}}{_GAP}[0-9]{{4}}
      | \+(?:{_GAP}[0-9]){{8,15}} | 00[1-9](?:{_GAP}[0-9]){{9,13}}
    ) (?![0-9])
    """,
    re.VERBOSE,
)
_SCRIPTS = (  # numerals besides those of Unicode's decimal digits, and their values
    ("〇○零一二三四五六七八九", "000123456789"), ("壹贰叁肆伍陆柒捌玖幺两", "12345678912"),
    ("⓪①②③④⑤⑥⑦⑧⑨", "0123456789"), ("❶❷❸❹❺❻❼❽❾", "123456789"),
    ("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"), ("₀₁₂₃₄₅₆₇₈₉", "0123456789"),
)  # fmt: skip
_OTHER = "".join(signs for signs, _values in _SCRIPTS)
_VALUES = str.maketrans(_OTHER, "".join(values for _signs, values in _SCRIPTS))
_SIGN = rf"[\d{_OTHER}](?<![0-9０-９])"
_WITHIN = _APART.replace("{1,", "{0,")
_ALONE = re.compile(rf"{_SIGN}(?:{_WITHIN}{_SIGN}){{9,}}")
_MIXED = re.compile(rf"[+＋]?[\d{_OTHER}](?:{_WITHIN}[\d{_OTHER}XxＸｘ]){{9,}}")
_WORDS_BESIDE = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))  # 唯一, 一次: so many signs may belong to no number
_DATE = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}[-./](?:0?[1-9]|1[0-2])[-./](?:3[01]|[12][0-9]|0?[1-9])(?![0-9])")


def without_numbers(text: str) -> str:
    """The text with every such number made unreadable.

    >>> without_numbers("来电13800001111再次反映，身份证410101199001011234"), without_numbers("见工单2611260013")
    ('来电•••再次反映，身份证•••', '见工单2611260013')
    """
    if len(text) < SHORTEST:
        return text
    text = _hidden(text)
    return text if text.isascii() else _MIXED.sub(_of_scripts, _ALONE.sub(_of_scripts, text))


def _of_scripts(run: re.Match[str]) -> str:
    """A run of numerals that are not, or not only, ASCII and full-width."""
    text = run[0]
    if not re.search(_SIGN, text):
        return text
    found = text.translate(_VALUES)
    found = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in found)
    for before, after in _WORDS_BESIDE:
        end = len(text) - after
        if all(char in _OTHER for char in text[:before] + text[end:]):
            hidden = _hidden(text[before:end], found[before:end])
            if hidden != text[before:end]:
                return text[:before] + hidden + text[end:]
    return text


def _hidden(text: str, read: str = "") -> str:
    """``read``: the text with its numerals as digits, character for character."""
    if not _ENOUGH.search(plain := (read or text).translate(_ASCII)):
        return text
    parts, end = [], 0
    for found in _NUMBERS.finditer(plain):
        if found["kept"] is None and not _DATE.search(found[0]):
            parts += [text[end : found.start()], HIDDEN]
            end = found.end()
    return "".join([*parts, text[end:]])


def scrubbed(value: Any) -> Any:
    """Plain data (a fact's, a notice's) with every text in it without numbers."""
    if isinstance(value, str):
        return without_numbers(value)
    if isinstance(value, Mapping):
        return {key: scrubbed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [scrubbed(each) for each in value]
    return value
