"""Numbers in what people type are found by their digits, whatever stands beside them; what only looks so stays."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivr.scrubbing import HIDDEN, scrubbed, without_numbers

DIGITS = st.sampled_from("0123456789")
AROUND = st.text(
    st.sampled_from("来电反映身份证号码家里停了再次abcXYZtel，。：；、！？“”\n《》/,;:") , max_size=12
)  # fmt: skip
GAPS = st.sampled_from(
    [
        "",
        " ",
        "-",
        "－",
        "·",
        "—",
        "\u3000",
        " - ",
        "\u00a0",
        "\u200b",
        "。",
        "・",
        "﹣",
        "–",
        "][",
        "．",
        "\n",
        "\r\n",
        " -- ",
    ]
)
APART = st.sampled_from([",", "，", "、", "/", "～", " * ", "：", ", ", ";", "｜"])
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def digits(n: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=n, max_size=n)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    gap, wide = draw(GAPS), draw(APART)
    mobile = draw(st.sampled_from("3456789"))
    rest = draw(digits(18))
    shapes = [
        "1" + mobile + rest[0] + gap + rest[1:5] + gap + rest[5:9],
        "1" + mobile + rest[0:3] + gap + rest[3:9],
        draw(st.sampled_from(["+86", "86", "0086", "0"])) + gap + "1" + mobile + rest[:9],
        "0" + draw(st.sampled_from(["10", "396", "371", "755"])) + gap + rest[:4] + gap + rest[4:8],
        "(0396)" + rest[:7],
        "（0396）" + rest[:7],
        "41" + rest[:4] + gap + "19900101" + gap + rest[4:7] + draw(st.sampled_from("0123456789Xx")),
        "6222" + gap + rest[:4] + gap + rest[4:8] + gap + rest[8:12],
        "6222" + rest[:12] + rest[12 : 12 + draw(st.integers(0, 3))],
        "+852" + gap + rest[:8],
        "41" + rest[:4] + gap + "621231" + gap + rest[4:7],
        "1" + mobile + rest[0] + wide + rest[1:5] + wide + rest[5:9],
        "0396" + wide + "6" + rest[:6],
        "86-23-65432100",
        "+86 1" + mobile + rest[0] + "-" + rest[1:5] + "-" + rest[5:9],
        "6222" + rest + rest[:4],
        "1" + mobile + rest[0] + wide + rest[1:9],
        "1" + mobile + rest[:5] + wide + rest[5:9],
        "410101199001" + gap + "01" + rest[:3] + "X",
        "6222" + wide + rest[:4] + wide + rest[4:8] + wide + rest[8:12],
        "62220212 34" + rest[:6],
        "622202 " + rest[:13],
        "00852 2" + rest[:7],
    ]
    number = draw(st.sampled_from(shapes))
    return number.translate(WIDE) if draw(st.booleans()) else number


@settings(deadline=None)
@given(AROUND, numbers(), AROUND)
@example("", "6222" + "0" * 13, "X")
def test_prv_1_a_number_between_any_letters_is_unreadable(before: str, number: str, after: str) -> None:
    text = before + number + after
    if re.match("[XxＸｘ]", after) and re.fullmatch("[0-9０-９]{17}", number):
        after = after[1:]  # that X makes an identity number of it
    assert without_numbers(text) == before + HIDDEN + after


@settings(deadline=None)
@given(AROUND, numbers(), st.sampled_from("，、/和or"), numbers(), AROUND)
def test_prv_1_two_numbers_beside_each_other_are_both_unreadable(
    before: str, one: str, between: str, other: str, after: str
) -> None:
    assert without_numbers(before + one + between + other + after) == before + HIDDEN + between + HIDDEN + after


NUMERALS = (
    "〇一二三四五六七八九", "零幺两三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "⓪①②③④⑤⑥⑦⑧⑨", "٠١٢٣٤٥٦٧٨٩", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
)  # fmt: skip


@pytest.mark.parametrize("numerals", NUMERALS)
@settings(deadline=None)
@given(AROUND, numbers(), AROUND)
def test_prv_1_a_number_in_other_numerals_is_unreadable(numerals: str, before: str, number: str, after: str) -> None:
    plain = number.translate({ord(c): str(n) for n, c in enumerate("０１２３４５６７８９")})
    if (
        re.search("[XxＸｘ+]", plain)
        or not without_numbers(plain.strip()) == HIDDEN
        or re.search("[，、：/,～*(]", plain)
    ):
        return
    text = before + plain.translate(str.maketrans("0123456789", numerals)) + after
    shown = without_numbers(text)
    assert HIDDEN in shown and not set(shown) & set(numerals)


@pytest.mark.parametrize(
    "number",
    [
        "一三八零零零零1111", "138零零零零一一一一", "1三8零零零零①①①①", "一三八，零零零零，一一一一",
        "一三八、零零零零、一一一一", "一三八 零零零零\n一一一一", "1 3 8 0 0 0 0 1 1 1 1", "1-3-8-0-0-0-0-1-1-1-1",
        "138\n0000\n1111", "138 0000\r\n1111", "13800\n001111", "1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣0️⃣1️⃣1️⃣1️⃣1️⃣", "410101\n199001011234",
        "四一〇一〇一19900101123X", "001 415 555 2671", "0411-8888 6666", "（０４１１）8888-6666",
        "+86 138-0000-1111", "410 101 1990 0101 1234",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("before", "after"), [("来电", "再次反映"), ("第一", "一次。"), ("call", "now"), ("", "")])
def test_prv_1_a_number_however_it_is_cut_or_mixed_is_unreadable(before: str, number: str, after: str) -> None:
    shown = without_numbers(before + number + after)
    assert HIDDEN in shown and not re.search(r"\d.?\d|[零①]", shown)


FIRST, LAST = date(1900, 1, 1), date(2099, 12, 31)
DAYS = st.dates(FIRST, LAST)
KEPT = st.one_of(
    st.from_regex(r"2[0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9])[0-9]{4}", fullmatch=True),  # case numbers
    digits(8),  # query codes
    DAYS.map(lambda day: day.isoformat()),
    DAYS.map(lambda day: f"{day.year:04}年{day.month}月{day.day}日"),
    st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)).map(lambda at: at.isoformat(" ", "minutes")),
    st.tuples(DAYS, DAYS).map(lambda days: f"{days[0]} {days[1]}"),
    st.decimals(0, 99_999_999, places=2).map(lambda amount: f"{amount}元"),
    st.integers(0, 9_999_999_999).map(lambda amount: f"{amount:,}元"),
    st.sampled_from(["12345", "95598", "110", "8:30-17:30", "10kV", "3.5%"]),
    st.uuids().map(str),
    st.binary(min_size=32, max_size=32).map(lambda raw: "a" + raw.hex()),
)


@settings(deadline=None)
@given(AROUND.filter(lambda text: not text[-1:].isascii() or not text[-1:].isalnum()), KEPT,
       AROUND.filter(lambda text: not text[:1].isascii() or not text[:1].isalnum()))  # fmt: skip
def test_prv_1_case_numbers_codes_dates_amounts_and_ids_stay(before: str, kept: str, after: str) -> None:
    assert without_numbers(before + kept + after) == before + kept + after


@pytest.mark.parametrize(
    "text",
    [
        "见工单2611260013、2611260014 和 2611260015",
        "查询码 12345678 23456789",
        "0396-95598，市民热线12345",
        "2026-11-28 15:37-16:40 线路10kV东风线",
        "共 13 件，15 2026-11-28 9",
        "一九九八年十一月二十八日，三三两两，一五一十，二〇二六年一月",
        "13，14，15，16，17，1、138 户",
        "①已办 ②已办 ③退回",
        "from 192.168.10.123:5060, channel 1764312345.1",
        "2611260013\n2611260014\n2611260015",
        "2026-11-28\n2026-11-29\n2026-11-30",
        "用电量 2023 2024 2025 2026 年",
        "2024\n2025\n2026",
        "办了一、二、三、四、五、六、七、八、九、十件",
        "工单2611260013一事",
        "130+2000+1500元",
        "户号1234567890",
        "08:00—17:00，2026-12-05 08:00 2026-12-05 17:00",
    ],
)
def test_prv_1_what_stands_beside_each_other_makes_no_number(text: str) -> None:
    assert without_numbers(text) == text


def test_prv_1_numbers_are_found_in_every_text_of_plain_data() -> None:
    data = {"names": ["市第一医院13800001111"], "n": 13, "set": {"reason": "打１３８００００１１１１"}, "none": None}
    kept = {"names": [f"市第一医院{HIDDEN}"], "n": 13, "set": {"reason": f"打{HIDDEN}"}, "none": None}
    assert scrubbed(data) == kept
