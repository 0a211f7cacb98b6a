"""Numbers, dates, times and telephone numbers as they are *said*, in Chinese and English.

What is said is text: any voice can read it aloud, and a person can check it. Telephone and case
numbers go digit by digit with 幺 for 1 (so that 一 and 七 are never mixed up) in groups a listener
can write down: mobiles 3-4-4, fixed lines area code first, 400 numbers 3-3-4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time

LANGS = ("zh-CN", "en")
PAUSE = {"zh-CN": "\uff0c", "en": ", "}  # between the groups of a number

_ZH = "零一二三四五六七八九"
_ZH_PHONE = "零幺二三四五六七八九"
_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_EN_TEENS = (
    *_EN,
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"),
    *("sixteen", "seventeen", "eighteen", "nineteen"),
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_EN_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth"}
_EN_ORDINALS |= {"eight": "eighth", "nine": "ninth", "twelve": "twelfth"}

NUMBER_LIMIT = 10**12  # nothing a hotline counts is larger


# --- numbers -------------------------------------------------------------------------------


def number(n: int, lang: str) -> str:
    """A whole number from 0 below 10¹²: 105 -> 一百零五, "one hundred and five"."""
    if not 0 <= n < NUMBER_LIMIT:
        raise ValueError(f"cannot say the number {n}: only 0 to {NUMBER_LIMIT - 1}")
    return _number_zh(n) if lang == "zh-CN" else _number_en(n)


def count(n: int, lang: str) -> str:
    """A number of things, before a measure word: 2 -> 两, not 二."""
    return "两" if n == 2 and lang == "zh-CN" else number(n, lang)


def minutes(n: int, lang: str) -> str:
    """A length in minutes with its unit: 两分钟, "one minute"."""
    if lang == "zh-CN":
        return f"{count(n, lang)}分钟"
    return f"{number(n, lang)} minute{'' if n == 1 else 's'}"


def _number_zh(n: int) -> str:
    if n < 10_000:
        return _below_10000_zh(n)
    base, unit = (100_000_000, "亿") if n >= 100_000_000 else (10_000, "万")
    high, low = divmod(n, base)
    said = _number_zh(high) + unit
    if low:
        said += ("零" if low < base // 10 else "") + _tail_zh(low)
    return said


def _tail_zh(n: int) -> str:
    """A number after a larger one: there 10 is 一十, not 十."""
    said = _number_zh(n)
    return "一" + said if said.startswith("十") else said


def _below_10000_zh(n: int) -> str:
    if n < 10:
        return _ZH[n]
    said, zero = "", False
    for base, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, n = divmod(n, base)
        if digit:
            said += ("零" if zero else "") + _ZH[digit] + unit
            zero = False
        elif said and n:
            zero = True
    return said[1:] if said.startswith("一十") else said


def _number_en(n: int) -> str:
    if n < 20:
        return _EN_TEENS[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return _EN_TENS[tens] + (f"-{_EN[ones]}" if ones else "")
    if n < 1000:
        hundreds, rest = divmod(n, 100)
        return f"{_EN[hundreds]} hundred" + (f" and {_number_en(rest)}" if rest else "")
    for base, unit in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if n >= base:
            high, rest = divmod(n, base)
            joint = " and " if 0 < rest < 100 else " "
            return f"{_number_en(high)} {unit}" + (joint + _number_en(rest) if rest else "")
    raise AssertionError(n)


# --- digits and telephone numbers ----------------------------------------------------------


def digits(text: str, lang: str) -> str:
    """A case number or code, digit by digit in groups of three or four: ``261126`` -> 二六幺，幺二六.

    Spaces and hyphens in ``text`` set the groups; other characters are refused.
    """
    parts = [part for part in re.split(r"[\s-]+", text.strip()) if part]
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"cannot say {text!r} digit by digit: only digits, spaces and hyphens")
    return _groups(parts if len(parts) > 1 else _even_groups(parts[0]), lang)


def phone(text: str, lang: str) -> str:
    """A telephone number in the groups people write it down in (A-law lines lose what is rushed)."""
    groups = phone_groups(text)
    if groups[0].startswith("+"):
        abroad = "加" if lang == "zh-CN" else "plus "
        return abroad + _groups([groups[0][1:], *groups[1:]], lang)
    return _groups(groups, lang)


def phone_groups(text: str) -> list[str]:
    """The digits of a telephone number, grouped: mobile 3-4-4, 0755-8123-4567, 400-123-4567, 95598.

    Chinese country codes (+86, 0086) are dropped; another country's number keeps its ``+``, and its groups when it
    is given in groups.
    """
    bare = re.sub(r"[\s().\u2010-\u2015-]+", "", text)
    bare = re.sub(r"^(\+86|0086)(?=\d{5})", "", bare)
    bare = re.sub(r"^00(?=[1-9])", "+", bare)
    if re.fullmatch(r"[2-9]\d{9,10}", bare) and text.strip().startswith(("+86", "0086")):
        bare = "0" + bare if not bare.startswith(("400", "800")) else bare
    if not re.fullmatch(r"\+?[0-9]{1,32}", bare):
        raise ValueError(f"cannot say {text!r} as a telephone number: 1 to 32 digits are needed")
    if bare.startswith("+"):
        head, *rest = re.findall(r"[0-9]+", text) if " " in text else _even_groups(bare[1:])
        return ["+" + head, *rest]
    if len(bare) == 11 and bare[0] == "1":
        return _cut(bare, (3, 4, 4))
    if len(bare) == 10 and bare.startswith(("400", "800")):
        return _cut(bare, (3, 3, 4))
    if bare[0] == "0" and 10 <= len(bare) <= 12:
        area = 3 if bare[:2] in ("01", "02") else 4
        local = len(bare) - area
        if local in (7, 8):
            return _cut(bare, (area, local - 4, 4))
    if of_area := re.fullmatch(r"(010|02\d|0[3-9]\d\d)(1[0-2]\d{3}|9[56]\d{3,4})", bare):
        return [of_area[1], *phone_groups(of_area[2])]  # 023 12345: the service number of another city
    if len(bare) in (7, 8):
        return _cut(bare, (len(bare) - 4, 4))
    return [bare] if len(bare) <= 5 else _even_groups(bare)


def _cut(text: str, sizes: Sequence[int]) -> list[str]:
    cut, at = [], 0
    for size in sizes:
        cut.append(text[at : at + size])
        at += size
    return cut


def _even_groups(text: str) -> list[str]:
    """Fours where they fit, else threes with one four (never a lone digit at the end)."""
    n = len(text)
    if n <= 4:
        return [text]
    sizes = [4] * (n // 4) if n % 4 == 0 else [3] * (n // 3)
    if n % 4 and n % 3 == 1:
        sizes[-1] += 1
    elif n % 4 and n % 3 == 2:
        sizes.append(2)
    return _cut(text, sizes)


def _groups(groups: Sequence[str], lang: str) -> str:
    if lang == "zh-CN":
        said = ["".join(_ZH_PHONE[int(d)] for d in group) for group in groups]
    else:
        said = [" ".join(_EN[int(d)] for d in group) for group in groups]
    return PAUSE[lang].join(said)


# --- keys, dates, times --------------------------------------------------------------------


def key(name: str, lang: str) -> str:
    """A telephone key in a sentence: ``1``, 星号键, "the hash key"."""
    if name == "*":
        return "星号键" if lang == "zh-CN" else "the star key"
    if name == "#":
        return "井号键" if lang == "zh-CN" else "the hash key"
    if len(name) == 1 and name in "0123456789":
        return name
    raise ValueError(f"{name!r} is no key of a telephone: use one of 0-9, * and #")


def day(d: date, lang: str, this_year: int | None = None) -> str:
    """A date; the year is said unless it is ``this_year``: 十一月二十六日, "November twenty-sixth"."""
    with_year = d.year != this_year
    if lang == "zh-CN":
        year = "".join(_ZH[int(c)] for c in str(d.year)) + "年" if with_year else ""
        return f"{year}{_number_zh(d.month)}月{_number_zh(d.day)}日"
    said = f"{_EN_MONTHS[d.month - 1]} {ordinal(d.day)}"
    return f"{said}, {_year_en(d.year)}" if with_year else said


def clock_time(t: time, lang: str) -> str:
    """A time of day to the minute: 下午三点零五分, "three oh five in the afternoon"."""
    if lang == "zh-CN":
        return _time_zh(t)
    if t.minute == 0 and t.hour in (0, 12):
        return "twelve midnight" if t.hour == 0 else "twelve noon"
    minute = "" if t.minute == 0 else f" {'oh ' if t.minute < 10 else ''}{_number_en(t.minute)}"
    part = next(name for end, name in ((12, "morning"), (18, "afternoon"), (24, "evening")) if t.hour < end)
    return f"{_EN_TEENS[t.hour % 12 or 12]}{minute} in the {part}"


def moment(at: datetime, lang: str, this_year: int | None = None) -> str:
    """A date with its time of day."""
    said_day, said_time = day(at.date(), lang, this_year), clock_time(at.time(), lang)
    return said_day + said_time if lang == "zh-CN" else f"{said_day}, {said_time}"


def iso_day_or_moment(text: str, lang: str, this_year: int | None = None) -> str:
    """``2026-11-26`` or ``2026-11-26T15:00`` (local), as said."""
    try:
        if len(text) == 10:
            return day(date.fromisoformat(text), lang, this_year)
        return moment(datetime.fromisoformat(text), lang, this_year)
    except ValueError:
        raise ValueError(f"cannot say {text!r} as a date: write 2026-11-26 or 2026-11-26T15:00") from None


def _time_zh(t: time) -> str:
    names = ((5, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
    part = next(name for end, name in names if t.hour < end)
    hour = t.hour if t.hour <= 12 else t.hour - 12
    said = f"{part}{'两' if hour == 2 else _number_zh(hour)}点"
    if t.minute:
        said += ("零" if t.minute < 10 else "") + _number_zh(t.minute) + "分"
    return said


def ordinal(n: int) -> str:
    head, dash, last = _number_en(n).rpartition("-")
    if last in _EN_ORDINALS:
        return head + dash + _EN_ORDINALS[last]
    return head + dash + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def _year_en(year: int) -> str:
    high, low = divmod(year, 100)
    if low == 0:
        return _number_en(year) if high % 10 == 0 else f"{_number_en(high)} hundred"
    return f"{_number_en(high)} {'oh ' if low < 10 else ''}{_number_en(low)}"
