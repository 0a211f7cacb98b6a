"""Reads back what ``ivr.spoken`` says: written apart from it, as a listener would."""

import re
from datetime import date, time

ZH = {char: value for value, chars in enumerate(("零", "一幺", "二两", *"三四五六七八九")) for char in chars}
SMALL = {"十": 10, "百": 100, "千": 1000}
EN = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split()
    )
}
EN |= {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
EN |= {"oh": 0}
ORDINAL = {"first": "one", "second": "two", "third": "three", "fifth": "five", "eighth": "eight"}
ORDINAL |= {"ninth": "nine", "twelfth": "twelve"}
MONTHS = "January February March April May June July August September October November December".split()


def number_zh(text: str) -> int:
    total = section = digit = 0
    for char in text:
        if char in ZH:
            digit = ZH[char]
        elif char in SMALL:
            section += (digit or 1) * SMALL[char]
            digit = 0
        else:
            scale = {"万": 10_000, "亿": 100_000_000}[char]
            total = (total + section + digit) * scale if scale > 10_000 else total + (section + digit) * scale
            section = digit = 0
    return total + section + digit


def number_en(text: str) -> int:
    total = part = 0
    for word in re.split(r"[\s-]+", text.replace(" and ", " ")):
        if word == "hundred":
            part *= 100
        elif word in ("thousand", "million", "billion"):
            total += part * {"thousand": 10**3, "million": 10**6, "billion": 10**9}[word]
            part = 0
        else:
            part += EN[word]
    return total + part


def digits(text: str, lang: str) -> str:
    if lang == "zh-CN":
        return "".join(str(ZH[char]) for char in text.replace("，", ""))
    return "".join(str(EN[word]) for word in text.replace(",", "").split())


def day(text: str, lang: str, this_year: int) -> date:
    if lang == "zh-CN":
        year, month, number = re.fullmatch(r"(?:(.{4})年)?(.+)月(.+)日", text).groups()
        said_year = int(digits(year, lang)) if year else this_year
        return date(said_year, number_zh(month), number_zh(number))
    month_day, _, year_text = text.partition(", ")
    month, ordinal = month_day.split(" ")
    head, dash, last = ordinal.rpartition("-")
    last = ORDINAL.get(last) or (re.sub("ieth$", "y", last) if last.endswith("ieth") else last[:-2])
    year_value = this_year
    if year_text:
        century, rest = year_text.split(" ", 1)
        year_value = number_en(year_text) if rest.startswith(("thousand", "hundred")) else number_en(century) * 100
        year_value += 0 if rest.startswith(("thousand", "hundred")) else number_en(rest)
    return date(year_value, MONTHS.index(month) + 1, number_en(head + dash + last))


def clock_time(text: str, lang: str) -> time:
    if lang == "zh-CN":
        part, hour, minute = re.fullmatch(r"(凌晨|早上|上午|中午|下午|晚上)(.+)点(?:(.+)分)?", text).groups()
        value = number_zh(hour)
        if part in ("下午", "晚上") and value < 12:
            value += 12
        return time(value, number_zh(minute) if minute else 0)
    if text in ("twelve noon", "twelve midnight"):
        return time(12 if "noon" in text else 0)
    said, part = text.split(" in the ")
    hour, _, minute = said.partition(" ")
    value = EN[hour] % 12 + (0 if part == "morning" else 12)
    return time(value, number_en(minute.removeprefix("oh ")) if minute else 0)
