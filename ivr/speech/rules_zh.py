"""How numbers, times, ranges, units and signs are said in Chinese: rules in the order in which they are tried.

Telephone and service numbers (95598, 110), codes, room and house numbers go digit by digit with 幺; a number with a
measure word is an amount (110 千伏, 12345 户); a year goes digit by digit; two of something are 两.
"""

from __future__ import annotations

import re

from ivr import spoken
from ivr.speech.rules import Rule, SpeechRules, day_of, longest_first, rule, whole

ZH = "zh-CN"
_PLAIN = "零一二三四五六七八九"
_CALLED = "零幺二三四五六七八九"
ROMAN = {chr(first + n): str(n + 1) for first in (0x2160, 0x2170) for n in range(12)}

UNITS = {  # behind a number; those of several letters everywhere
    **{"kV": "千伏", "KV": "千伏", "kv": "千伏", "V": "伏", "v": "伏", "kW": "千瓦", "KW": "千瓦", "kw": "千瓦"},
    **{"W": "瓦", "MW": "兆瓦", "kWh": "千瓦时", "KWH": "千瓦时", "kwh": "千瓦时", "kW·h": "千瓦时", "kVA": "千伏安"},
    **{"MVA": "兆伏安", "kA": "千安", "A": "安", "mA": "毫安", "Hz": "赫兹", "km": "千米", "KM": "千米", "m": "米"},
    **{"cm": "厘米", "mm": "毫米", "km2": "平方千米", "m2": "平方米", "m3": "立方米", "kg": "千克", "KG": "千克"},
    **{"g": "克", "t": "吨", "L": "升", "mL": "毫升", "ml": "毫升", "°C": "摄氏度", "h": "小时", "H": "小时"},
    **{"min": "分钟", "s": "秒", "GB": "吉字节", "MB": "兆字节", "km/h": "千米每小时"},
}
_BARE_UNITS = ("kV", "kW", "MW", "kWh", "kW·h", "kVA", "MVA", "Hz", "km", "km2", "m2", "m3", "kg", "mm", "cm", "°C")
_OF_TWO: tuple[str, ...] = (
    "个",
    "天",
    "小时",
    "分钟",
    "次",
    "人",
    "户",
    "元",
    "年",
    "周",
    "万",
    "千",
    "件",
    "条",
    "份",
    "张",
    "台",
)
_OF_TWO += ("套", "项", "家", "名", "位", "米", "吨", "倍", "千米", "千瓦时", "千克", "秒", "秒钟", "层", "辆", "间")
MEASURES = (
    *_OF_TWO,
    *("百", "十", "亿", "角", "分", "块", "日", "月", "度", "公里", "公斤", "千伏", "伏", "千瓦", "瓦", "兆瓦", "安"),
    *("平方", "立方", "升", "克", "厘米", "毫米", "页", "级", "楼", "栋", "幢", "座", "单元", "期", "届", "岁", "路"),
    *("点", "时", "刻钟", "环", "批", "桩", "起", "宗", "株", "只", "口", "步", "折", "成", "℃", "余", "多"),
)
_MEASURE = longest_first(MEASURES)
_UNIT = longest_first(UNITS)
_NOT_A_UNIT = r"(?![A-Za-z0-9座栋幢区号楼馆级类口段组])"
_MONEY = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_TO = r"\s*[-–—―~〜～－至到]+\s*"  # of a range
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_TIME = r"(?:[01]?\d|2[0-4])\s*[:：]\s*[0-5]\d(?:[:：][0-5]\d)?(?!\d)"
_START = r"(?<![\d.])"
_YEAR = r"(?:1[89]|2[01])\d\d"

SIGNS = {
    **{"&": "和", "+": "加", "=": "等于", "@": "艾特", "#": "井号", "*": "星号", "№": "号", "°": "度", "×": "乘"},
    **{"÷": "除以", "±": "正负", "≤": "不大于", "≥": "不小于", "<": "小于", ">": "大于", "→": "到", "_": "下划线"},
    **{"/": "或", "~": "到", "%": "百分号"},
}
SILENT = "\"'“”‘’「」『』《》〈〉·•・"  # said by nobody
PAUSED = "()（）[]【】{}—–―-…|〔〕"  # a short pause


def digits(text: str) -> str:
    """Digit by digit, as telephone numbers and codes are: 幺 for 1."""
    return "".join(_CALLED[int(d)] for d in text if d.isdigit())


def amount(text: str) -> str:
    """A number as an amount: 12,345.60 -> 一万二千三百四十五点六零; more than twelve digits go one by one."""
    head, _, tail = text.partition(".")
    n = whole(head)
    words = spoken.number(n, ZH) if n < spoken.NUMBER_LIMIT else "".join(_PLAIN[int(d)] for d in head if d.isdigit())
    return words + ("点" + "".join(_PLAIN[int(d)] for d in tail) if tail else "")


def _phone(match: re.Match[str]) -> str:
    area, extension = match.groupdict().get("area"), match.groupdict().get("ext")
    number = (area or "") + (match["n"] if area else match[0].partition("转")[0])
    return spoken.phone(re.sub(r"[^\d+]", "", number), ZH) + (f"转{digits(extension)}" if extension else "")


def _date(match: re.Match[str]) -> str | None:
    if (when := day_of(match)) is None:
        return None
    return f"{_year(str(when[0]))}年{spoken.number(when[1], ZH)}月{spoken.number(when[2], ZH)}日"


def _year(text: str) -> str:
    return "".join(_PLAIN[int(d)] for d in text)


def _time(text: str) -> str:
    hour, minute, *second = (int(part) for part in re.split(r"\s*[:：]\s*", text))
    words = ("两" if hour == 2 else spoken.number(hour, ZH)) + "点"
    for n, unit in ((minute, "分"), *((n, "秒") for n in second)):
        if n or second:
            words += ("零" if n < 10 else "") + spoken.number(n, ZH) + unit
    return words.replace("零零", "零")


def _counted(number: str, unit: str) -> str:
    """An amount with its measure word or unit."""
    word = UNITS.get(unit, unit)
    return ("两" if number == "2" and word in _OF_TWO else amount(number)) + word


def _range(match: re.Match[str]) -> str | None:
    first, last = match["a"], match["b"]
    if not float(first.replace(",", "")) < float(last.replace(",", "")):
        return None  # 3-2-501 is an address, 5-3 a name
    return f"{_one(first, match['b'])}到"


def _one(number: str, like: str) -> str:
    """One end of a range, said as the other one is."""
    return digits(number) if len(like) >= 5 and "." not in like and "," not in like else amount(number)


def _percent(match: re.Match[str]) -> str:
    return ("千分之" if match["p"] == "‰" else "百分之") + amount(match["n"])


def _fraction(match: re.Match[str]) -> str | None:
    part, of = int(match["a"]), int(match["b"])
    return f"{amount(match['b'])}分之{amount(match['a'])}" if 0 < part < of <= 100 else None


def _mixed(match: re.Match[str]) -> str | None:
    part = _fraction(match)
    return f"{amount(match['n'])}又{part}" if part else None


def _bare(match: re.Match[str]) -> str:
    """A number with nothing behind it: up to three digits an amount, longer ones a code unless they are round."""
    text = match[0]
    if "," in text or "." in text or (len(text) <= 3 and text[0] != "0") or text == "0":
        return amount(text)
    return amount(text) if text[0] != "0" and text.endswith("00") and len(text) in (4, 6) else digits(text)


def _letters(match: re.Match[str]) -> str | None:
    """Abbreviations letter by letter; longer words as English words."""
    word = match[0]
    short = word.isupper() or len(word) <= 3 or not re.search("[aeiouyAEIOUY]", word)
    return f" {' '.join(word.upper())} " if short and len(word) > 1 else None


_TABLE: tuple[Rule, ...] = (
    # telephone numbers
    rule(r"(?<!\d)\+\d[\d\s-]{6,18}\d", lambda m: spoken.phone(re.sub(r"[\s-]+", " ", m[0]), ZH)),
    rule(r"(?<!\d)1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)(?!\s*(?:元|户|万))", _phone),
    rule(
        r"(?<!\d)[(（]?(?P<area>0\d{2,3})[)）\s-]\s*(?P<n>\d{3,4}[\s-]?\d{4})(?:\s*[-转#]\s*(?P<ext>\d{1,6}))?(?!\d)",
        _phone,
    ),
    rule(r"(?<!\d)0(?:10|2\d|[3-9]\d\d)\d{7,8}(?!\d)", _phone),
    rule(r"(?<!\d)[48]00[\s-]?\d{3}[\s-]?\d{4}(?!\d)", _phone),
    # dates, years, times
    rule(rf"(?<!\d)(?P<y>{_YEAR})(?P<s>[-/.])(?P<m>\d\d?)(?P=s)(?P<d>\d\d?)(?![\d.])", _date),
    rule(rf"(?<!\d)(?P<a>{_YEAR}){_TO}(?P<b>{_YEAR})\s*年", lambda m: f"{_year(m['a'])}到{_year(m['b'])}年"),
    rule(rf"(?<!\d)(?P<y>{_YEAR})\s*年", lambda m: f"{_year(m['y'])}年"),
    rule(rf"(?<!\d)(?P<a>{_TIME}){_TO}(?P<b>{_TIME})(?!\d)", lambda m: f"{_time(m['a'])}到{_time(m['b'])}"),
    rule(rf"{_START}(?P<a>{_TIME})", lambda m: _time(m["a"])),
    rule(r"(?<!\d)(?P<a>\d{1,2})[·•・](?P<b>\d{1,2})(?!\d)", lambda m: _year(m["a"] + m["b"])),  # 3·15
    # numbers of buildings, transformers, windows
    rule(r"(?:№|(?<![A-Za-z])N[oO]\.?)\s*(?P<n>\d+)", lambda m: f"{_of_address(m['n'])}号"),
    rule(r"(?<![\d#])(?P<n>\d{1,4})\#(?=[楼栋幢座站所门机主变线号房塔井])", lambda m: f"{_of_address(m['n'])}号"),
    rule(r"(?<![\d#])\#(?P<n>\d{1,4})(?=[楼栋幢座站所门机主变线房塔井])", lambda m: f"{_of_address(m['n'])}号"),
    rule(r"(?<=[A-Za-z])(?P<a>\d+)-(?P<b>\d+)(?![\d-])", lambda m: f"{_of_address(m['a'])}杠{_of_address(m['b'])}"),
    # per cent, money, fractions, proportions, degrees below zero
    rule(
        rf"{_START}(?P<n>{_NUMBER})\s*(?P<p>[%‰]){_TO}(?P<b>{_NUMBER})\s*(?P=p)",
        lambda m: f"{_percent(m)}到{amount(m['b'])}",
    ),
    rule(rf"{_START}(?P<n>{_NUMBER})\s*(?P<p>[%‰])", _percent),
    rule(
        rf"(?P<sign>[¥￥$€£])\s*(?P<n>{_NUMBER})(?P<u>[万亿]?)元?",
        lambda m: amount(m["n"]) + m["u"] + _MONEY[m["sign"]],
    ),
    rule(rf"(?<![\dA-Za-z\u4e00-\u9fff])-\s*(?P<n>{_NUMBER})\s*°C", lambda m: f"零下{amount(m['n'])}摄氏度"),
    rule(rf"(?<![\dA-Za-z\u4e00-\u9fff)）-])-(?P<n>{_NUMBER})(?![\d-])", lambda m: f"负{amount(m['n'])}"),
    rule(
        rf"{_START}(?P<n>{_NUMBER}(?:/{_NUMBER})+)\s*(?P<u>{_UNIT}){_NOT_A_UNIT}",
        lambda m: "或".join(map(amount, m["n"].split("/"))) + UNITS[m["u"]],
    ),
    rule(r"(?<![\d/])(?P<n>\d+)\ (?P<a>\d{1,2})/(?P<b>\d{1,3})(?![\d/])", _mixed),
    rule(r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>\d{1,3})(?![\d/])", _fraction),
    rule(rf"{_START}(?P<a>\d+)\s*[:：]\s*(?P<b>\d+)(?!\d)", lambda m: f"{amount(m['a'])}比{amount(m['b'])}"),
    # ranges; an address of three parts; software versions
    rule(r"(?<![\d-])(?P<a>\d+)-(?P<b>\d+)-(?P<c>\d+)(?![\d-])", lambda m: "杠".join(_of_address(m[g]) for g in "abc")),
    rule(r"(?<![\d.])(?:\d+\.){2,}\d+(?![\d.])", lambda m: "点".join(map(amount, m[0].split(".")))),
    rule(rf"{_START}(?P<a>{_NUMBER})(?:{_UNIT}|%)?{_TO}(?=(?P<b>{_NUMBER})(?!\d))", _range),
    rule(r"(?<=\d)\s*[-–—]\s*(?=\d)", lambda m: "杠"),
    rule(r"(?<=[点时日月年周])\s*[-–—~]+\s*(?=[\d早晚上下中次每周])", lambda m: "到"),
    rule(r"(?<=[周期][一二三四五六1-6])\s*[-–—~]+\s*(?=[周星])", lambda m: "到"),
    rule(r"(?<=地下)-(?=\d)", lambda m: "负"),
    rule(r"第\s*(?P<a>\d{1,3})\s*[-–—~～]\s*(?=\d{1,3}(?!\d))", lambda m: f"第{amount(m['a'])}到"),
    # amounts
    rule(rf"{_START}(?P<n>{_NUMBER})\s*(?P<u>{_UNIT}){_NOT_A_UNIT}", lambda m: _counted(m["n"], m["u"])),
    rule(rf"(?<![A-Za-z])(?P<u>{longest_first(_BARE_UNITS)})(?![A-Za-z0-9])", lambda m: UNITS[m["u"]]),
    rule(rf"(?<=[元米瓦伏时])/(?P<u>{_UNIT})(?![A-Za-z0-9])", lambda m: "每" + UNITS[m["u"]]),
    rule(r"(?<=[元次个人户度])/(?=[\u4e00-\u9fff])", lambda m: "每"),
    rule(r"第\s*(?P<n>\d{1,4})(?!\d)", lambda m: "第" + spoken.number(int(m["n"]), ZH)),
    rule(r"(?<!\d)(?P<n>\d{3,5})\s*(?=室|房|号(?!线))", lambda m: digits(m["n"])),
    rule(r"(?<=[A-Za-z])(?P<n>\d+)", lambda m: _of_address(m["n"])),
    rule(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z0-9])", lambda m: "点"),
    rule(rf"{_START}(?P<n>{_NUMBER})\s*(?P<u>{_MEASURE})(?!务)", lambda m: _counted(m["n"], m["u"])),
    # numbers with nothing behind them
    rule(r"(?<!\d)11[02349](?!\d)|(?<!\d)12[02](?!\d)", lambda m: digits(m[0])),
    rule(_NUMBER, _bare),
    # letters and signs
    rule(r"(?<=\d)\s*[*xX]\s*(?=\d)", lambda m: "乘"),
    rule(r"(?<=[A-Za-z])-(?=[A-Za-z])", lambda m: " "),
    rule(r"[A-Za-z]+", _letters),
    rule(r"\s*(?P<s>[{}])\s*".format(re.escape("".join(SIGNS))), lambda m: SIGNS[m["s"]]),
    rule(rf"[{re.escape(SILENT)}]", lambda m: ""),
    rule(rf"[{re.escape(PAUSED)}]+", lambda m: "，"),
)


def _of_address(text: str) -> str:
    return amount(text) if len(text) <= 2 and text[0] != "0" else digits(text)


def _tidy(text: str) -> str:
    """One pause where several meet, none at the ends of the text, blanks only between Latin words."""
    text = re.sub(r"\s+", " ", re.sub(r"\.{2,}", "，", text))
    text = re.sub(r"(?<![A-Za-z,.;:?!]) | (?![A-Za-z])", "", text).strip()
    text = re.sub(r"[，\s]*([。；：？！、，])[，\s]*", r"\1", text)
    return re.sub(r"^[，、；：]+|[，、；：]+$", "", text)


RULES = SpeechRules(_TABLE, re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff]|[A-Za-z]+(?:['’][A-Za-z]+)*"), _tidy)
