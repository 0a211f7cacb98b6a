"""How numbers, times, ranges, units and signs are said in English: rules in the order in which they are tried.

Telephone and service numbers and codes go digit by digit, years in pairs, times by the twelve-hour clock.
"""

from __future__ import annotations

import re
from datetime import date, time

from ivr import spoken
from ivr.speech.rules import Rule, SpeechRules, day_of, longest_first, rule, whole

EN = "en"
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
UNITS = {  # (of one, of several)
    **{"kV": ("kilovolt", "kilovolts"), "V": ("volt", "volts"), "kW": ("kilowatt", "kilowatts")},
    **{"W": ("watt", "watts"), "MW": ("megawatt", "megawatts"), "kWh": ("kilowatt-hour", "kilowatt-hours")},
    **{"kVA": ("kilovolt-ampere", "kilovolt-amperes"), "MVA": ("megavolt-ampere", "megavolt-amperes")},
    **{"A": ("ampere", "amperes"), "Hz": ("hertz", "hertz"), "km": ("kilometre", "kilometres")},
    **{"m": ("metre", "metres"), "cm": ("centimetre", "centimetres"), "mm": ("millimetre", "millimetres")},
    **{"m2": ("square metre", "square metres"), "m3": ("cubic metre", "cubic metres")},
    **{"kg": ("kilogram", "kilograms"), "g": ("gram", "grams"), "t": ("tonne", "tonnes")},
    **{"L": ("litre", "litres"), "°C": ("degree Celsius", "degrees Celsius"), "h": ("hour", "hours")},
    **{"min": ("minute", "minutes"), "s": ("second", "seconds")},
}
_BARE_UNITS = ("kV", "kW", "MW", "kWh", "kVA", "MVA", "Hz", "km", "m2", "m3", "kg", "mm", "cm", "°C")
_UNIT = longest_first(UNITS)
_MONEY = {"¥": "yuan", "￥": "yuan", "$": "dollars", "€": "euros", "£": "pounds"}
_TO = r"\s*[-–—―~〜～]+\s*"
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_TIME = r"(?:[01]?\d|2[0-4])[:：][0-5]\d(?!\d)"
_START = r"(?<![\d.])"
_YEAR = r"(?:1[89]|2[01])\d\d"
_COUNTED = r"(?=\s+[a-z]{2,})(?!\s+(?:or|and|to|for|is|at|in|on|hotline|service|press|now|when|from)\b)"
SIGNS = {
    **{"&": "and", "+": "plus", "=": "equals", "@": "at", "#": "hash", "*": "star", "№": "number", "°": "degrees"},
    **{"×": "by", "÷": "divided by", "±": "plus or minus", "<": "less than", ">": "more than", "→": "to"},
    **{"_": "underscore", "/": "or", "~": "to", "%": "per cent"},
}
SILENT = '"“”‘「」『』《》〈〉·•・'
_ASCII = str.maketrans({sign: f"{plain} " for sign, plain in zip("，、。；：？！", ",,.;:?!", strict=True)})
PAUSED = "()（）[]【】{}—–―…|〔〕"


def digits(text: str) -> str:
    """Digit by digit, as telephone numbers and codes are."""
    return " ".join(_DIGITS[int(d)] for d in text if d.isdigit())


def amount(text: str) -> str:
    """A number as an amount: 12.5 -> twelve point five; more than twelve digits go one by one."""
    head, _, tail = text.partition(".")
    n = whole(head)
    words = spoken.number(n, EN) if n < spoken.NUMBER_LIMIT else digits(head)
    return words + (f" point {digits(tail)}" if tail else "")


def _phone(match: re.Match[str]) -> str:
    return spoken.phone(re.sub(r"(?!^\+)[^\d]+", " ", match[0]).strip(), EN)


def _date(match: re.Match[str]) -> str | None:
    if (when := day_of(match)) is None:
        return None
    try:
        return spoken.day(date(*when), EN)
    except ValueError:  # the thirtieth of February
        return None


def _year(text: str) -> str:
    return spoken.day(date(int(text), 1, 1), EN).partition(", ")[2]


def _time(text: str) -> str:
    hour, minute = (int(part) for part in re.split("[:：]", text))
    return spoken.clock_time(time(hour % 24, minute), EN)


def _range(match: re.Match[str]) -> str | None:
    first, last = match["a"], match["b"]
    if not float(first.replace(",", "")) < float(last.replace(",", "")):
        return None
    return f"{amount(first)} to "


def _counted(match: re.Match[str]) -> str:
    one, several = UNITS[match["u"]]
    return f"{amount(match['n'])} {one if match['n'] == '1' else several}"


def _ordinal(match: re.Match[str]) -> str | None:
    n = int(match["n"])
    return spoken.ordinal(n) if 0 < n < 1000 else None


def _bare(match: re.Match[str]) -> str:
    text = match[0]
    if "," in text or "." in text or (len(text) <= 3 and text[0] != "0") or text == "0":
        words = amount(text)
    elif re.fullmatch(_YEAR, text):
        words = _year(text)
    else:
        words = digits(text)
    return f" {words} "  # 5G


_TABLE: tuple[Rule, ...] = (
    rule(r"(?<!\d)\+\d[\d\s-]{6,18}\d", _phone),
    rule(r"(?<!\d)1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)", _phone),
    rule(r"(?<!\d)[(]?0\d{2,3}[)\s-]?\s*\d{3,4}[\s-]?\d{4}(?!\d)", _phone),
    rule(r"(?<!\d)[48]00[\s-]?\d{3}[\s-]?\d{4}(?!\d)", _phone),
    rule(rf"(?<!\d)(?P<y>{_YEAR})(?P<s>[-/.])(?P<m>\d\d?)(?P=s)(?P<d>\d\d?)(?![\d.])", _date),
    rule(rf"(?<!\d)(?P<a>{_YEAR}){_TO}(?P<b>{_YEAR})(?!\d)", lambda m: f"{_year(m['a'])} to {_year(m['b'])}"),
    rule(rf"{_START}(?P<a>{_TIME}){_TO}(?P<b>{_TIME})", lambda m: f"{_time(m['a'])} to {_time(m['b'])}"),
    rule(rf"{_START}(?P<a>{_TIME})", lambda m: _time(m["a"])),
    rule(r"(?<![\d:])(?P<a>\d+):(?P<b>\d+)(?![\d:])", lambda m: f"{amount(m['a'])} to {amount(m['b'])}"),
    rule(
        rf"{_START}(?P<n>{_NUMBER}(?:/{_NUMBER})+)\s*(?P<u>{_UNIT})(?![A-Za-z0-9])",
        lambda m: f"{' or '.join(map(amount, m['n'].split('/')))} {UNITS[m['u']][1]}",
    ),
    rule(
        r"(?<=[A-Za-z])(?P<a>\d+)-(?P<b>\d+)(?![\d-])",
        lambda m: " " + " dash ".join(amount(m[g]) if len(m[g]) < 3 else digits(m[g]) for g in "ab"),
    ),
    rule(rf"{_START}(?P<n>{_NUMBER})\s*%", lambda m: f"{amount(m['n'])} per cent"),
    rule(rf"(?P<s>[¥￥$€£])\s*(?P<n>{_NUMBER})", lambda m: f"{amount(m['n'])} {_MONEY[m['s']]}"),
    rule(rf"(?<![\w)-])-\s*(?P<n>{_NUMBER})(?![\d-])", lambda m: f"minus {amount(m['n'])}"),
    rule(r"(?<![\d-])(?P<a>\d+)-(?P<b>\d+)-(?P<c>\d+)(?![\d-])", lambda m: ", ".join(digits(m[g]) for g in "abc")),
    rule(r"(?<![\d.])(?:\d+\.){2,}\d+(?![\d.])", lambda m: " point ".join(map(amount, m[0].split(".")))),
    rule(rf"{_START}(?P<a>{_NUMBER})(?:{_UNIT}|%)?{_TO}(?=(?P<b>{_NUMBER})(?!\d))", _range),
    rule(r"(?<=\d)\s*[-–—]\s*(?=\d)", lambda m: " dash "),
    rule(rf"{_START}(?P<n>{_NUMBER})\s*(?P<u>{_UNIT})(?![A-Za-z0-9])", _counted),
    rule(rf"(?<![A-Za-z])(?P<u>{longest_first(_BARE_UNITS)})(?![A-Za-z0-9])", lambda m: f" {UNITS[m['u']][1]}"),
    rule(rf"(?<=[a-z])/(?P<u>{_UNIT})(?![A-Za-z0-9])", lambda m: f" per {UNITS[m['u']][0]}"),
    rule(r"(?<!\d)(?P<n>\d{1,3})(?:st|nd|rd|th)\b", _ordinal),
    rule(r"(?<![A-Za-z])No\.?\s*(?=\d)", lambda m: "number "),
    rule(r"(?<!\d)11[02349](?!\d)|(?<!\d)12[02](?!\d)", lambda m: digits(m[0])),
    rule(rf"{_START}(?P<n>\d{{4,12}}){_COUNTED}", lambda m: None if re.fullmatch(_YEAR, m["n"]) else amount(m["n"])),
    rule(rf"{_START}(?P<a>\d{{1,2}})/(?P<b>\d{{1,3}})(?![\d/])", lambda m: f"{amount(m['a'])} over {amount(m['b'])}"),
    rule(r"(?<=\d)\ (?=\d{1,2}/\d{1,3}(?![\d/]))", lambda m: " and "),
    rule(_NUMBER, _bare),
    rule(r"and/or\b", lambda m: "and, or"),
    rule(r"(?<=day|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s*[-–—]\s*(?=Mon|Tue|Wed|Thu|Fri|Sat|Sun)", lambda m: " to "),
    rule(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z0-9])", lambda m: " dot "),
    rule(r"\s*(?P<s>[{}])\s*".format(re.escape("".join(SIGNS))), lambda m: f" {SIGNS[m['s']]} "),
    rule(r"(?<=\w)-(?=\w)", lambda m: "-"),
    rule(rf"[{re.escape(SILENT)}]", lambda m: ""),
    rule(rf"\s*[{re.escape(PAUSED)}-]+\s*", lambda m: ", "),
)


def _tidy(text: str) -> str:
    """One blank between words, none before a pause, one pause where several meet."""
    text = text.translate(_ASCII)
    text = re.sub(r"\s+", " ", re.sub(r"\.{2,}", ", ", text)).replace(" -", "-").replace("- ", "-")
    text = re.sub(r"\s*,[,\s]*([.;:?!])", r"\1", text)
    text = re.sub(r"\s*([,.;:?!])(?:\s*,)*", r"\1", text)
    return text.strip(" ,")


RULES = SpeechRules(_TABLE, re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*|['’]"), _tidy)
