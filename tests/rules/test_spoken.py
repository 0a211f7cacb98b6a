"""Numbers, dates and telephone numbers are said so that they can be written down (LIS-2)."""

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import spoken
from tests.rules import spoken_reader as reader

LANG = st.sampled_from(spoken.LANGS)


@pytest.mark.parametrize(
    ("n", "zh", "en"),
    [
        (0, "零", "zero"),
        (10, "十", "ten"),
        (12, "十二", "twelve"),
        (20, "二十", "twenty"),
        (105, "一百零五", "one hundred and five"),
        (110, "一百一十", "one hundred and ten"),
        (1010, "一千零一十", "one thousand and ten"),
        (10_010, "一万零一十", "ten thousand and ten"),
        (100_000, "十万", "one hundred thousand"),
        (20_300, "二万零三百", "twenty thousand three hundred"),
    ],
)
def test_numbers_are_said_as_people_say_them(n, zh, en):
    assert spoken.number(n, "zh-CN") == zh
    assert spoken.number(n, "en") == en


@given(st.integers(0, spoken.NUMBER_LIMIT - 1))
def test_every_number_reads_back(n):
    assert reader.number_zh(spoken.number(n, "zh-CN")) == n
    assert reader.number_en(spoken.number(n, "en")) == n


def test_two_things_are_liang_not_er():
    assert spoken.count(2, "zh-CN") + "位" == "两位"
    assert spoken.minutes(2, "zh-CN") == "两分钟"
    assert [spoken.minutes(n, "en") for n in (1, 2)] == ["one minute", "two minutes"]


@pytest.mark.parametrize("n", [-1, spoken.NUMBER_LIMIT])
def test_a_number_out_of_range_is_refused(n):
    with pytest.raises(ValueError, match="cannot say the number"):
        spoken.number(n, "en")


@pytest.mark.parametrize(
    ("number", "groups"),
    [
        ("13800138000", ["138", "0013", "8000"]),
        ("+86 138-0013-8000", ["138", "0013", "8000"]),
        ("008613800138000", ["138", "0013", "8000"]),
        ("01084191234", ["010", "8419", "1234"]),
        ("0755 8123 4567", ["0755", "8123", "4567"]),
        ("03968123456", ["0396", "812", "3456"]),
        ("+8675581234567", ["0755", "8123", "4567"]),
        ("4001234567", ["400", "123", "4567"]),
        ("81234567", ["8123", "4567"]),
        ("2812345", ["281", "2345"]),
        ("95598", ["95598"]),
        ("+442079460000", ["+4420", "7946", "0000"]),
    ],
)
def test_telephone_numbers_are_grouped_as_people_write_them(number, groups):
    assert spoken.phone_groups(number) == groups


def test_one_is_yao_in_a_telephone_number():
    assert spoken.phone("13912345678", "zh-CN") == "幺三九，幺二三四，五六七八"
    assert spoken.phone("+442079460000", "en").startswith("plus four four two zero")


@pytest.mark.parametrize("text", ["", "+", "abc", "138x", "1" * 33])
def test_what_is_no_telephone_number_is_refused(text):
    with pytest.raises(ValueError, match="telephone number"):
        spoken.phone(text, "zh-CN")


@given(st.from_regex(r"1[3-9][0-9]{9}|0[1-9][0-9]{8,10}|400[0-9]{7}|[2-9][0-9]{4,7}", fullmatch=True), LANG)
def test_every_telephone_number_reads_back(number, lang):
    assert reader.digits(spoken.phone(number, lang), lang) == number


@given(st.from_regex(r"[0-9]{1,24}", fullmatch=True), LANG)
def test_every_row_of_digits_reads_back_and_leaves_no_lone_digit(number, lang):
    said = spoken.digits(number, lang)
    assert reader.digits(said, lang) == number
    sizes = [len(reader.digits(group, lang)) for group in said.split(spoken.PAUSE[lang])]
    assert len(number) == 1 or all(2 <= size <= 4 for size in sizes)


def test_given_groups_are_kept():
    assert spoken.digits("26 11-26", "zh-CN") == "二六，幺幺，二六"


def test_dates_drop_the_year_only_when_it_is_this_one():
    assert spoken.day(date(2026, 11, 26), "zh-CN", 2026) == "十一月二十六日"
    assert spoken.day(date(2027, 1, 2), "zh-CN", 2026) == "二零二七年一月二日"
    assert spoken.day(date(2026, 11, 26), "en", 2026) == "November twenty-sixth"
    assert spoken.day(date(2027, 1, 2), "en", 2026) == "January second, twenty twenty-seven"


@given(st.dates(date(1990, 1, 1), date(2199, 12, 31)), st.integers(2020, 2030), LANG)
def test_every_date_reads_back(d, this_year, lang):
    assert reader.day(spoken.day(d, lang, this_year), lang, this_year) == d


@given(st.times(), LANG)
def test_every_time_reads_back(t, lang):
    assert reader.clock_time(spoken.clock_time(t, lang), lang) == t.replace(second=0, microsecond=0)


def test_a_moment_is_its_date_and_its_time():
    at = datetime(2026, 11, 26, 15, 5)
    assert spoken.moment(at, "zh-CN", 2026) == "十一月二十六日下午三点零五分"
    assert spoken.iso_day_or_moment("2026-11-26T15:05", "zh-CN", 2026) == "十一月二十六日下午三点零五分"
    assert spoken.moment(at, "en", 2026) == "November twenty-sixth, three oh five in the afternoon"
    assert spoken.clock_time(time(12), "en") == "twelve noon"


def test_a_date_that_is_none_says_what_to_write():
    with pytest.raises(ValueError, match="write 2026-11-26"):
        spoken.iso_day_or_moment("tomorrow", "en")


def test_keys_have_names():
    assert [spoken.key(k, "zh-CN") for k in "0*#"] == ["0", "星号键", "井号键"]
    with pytest.raises(ValueError, match="no key of a telephone"):
        spoken.key("A", "en")
