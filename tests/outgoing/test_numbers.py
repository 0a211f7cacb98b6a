"""Which numbers are dialled: no way of writing one gets an emergency number through (B12, toll fraud)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.outgoing.numbers import EMERGENCY, NotAllowed, NumberRules, dialled, pattern
from tests.rules.numbers_table import SPELLINGS, Spelling, name

USUAL_RULES = NumberRules()
OPEN = NumberRules(allow=(*("x" * n for n in range(1, 21)), "00" + "x" * 9))


def refused(number: str, rules: NumberRules = USUAL_RULES) -> str:
    with pytest.raises(NotAllowed) as why:
        dialled(number, rules)
    return why.value.code


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("13800001111", "13800001111"),
        ("138 0000-1111", "13800001111"),
        ("+86 138 0000 1111", "13800001111"),
        ("008613800001111", "13800001111"),
        ("0371-66112345", "037166112345"),
        ("+86 371 6611 2345", "037166112345"),
        ("(010) 6512 3456", "01065123456"),
        ("0471.2345678", "04712345678"),
    ],
)
def test_what_people_write_is_dialled_in_its_plain_form(written: str, digits: str) -> None:
    assert dialled(written, NumberRules()) == digits


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("0,110", "not_a_number"),
        ("138p110", "not_a_number"),
        ("13800001111;isub=1", "not_a_number"),
        ("13800001111@evil.example", "not_a_number"),
        ("13800001111\r\nX: 1", "not_a_number"),
        ("*67110", "not_a_number"),
        ("", "no_number"),
        ("4008001234", "not_on_the_list"),
        ("95598", "not_on_the_list"),
        ("16899999", "incomplete"),
        ("66112345", "no_area_code"),
        ("+1 202 555 0100", "abroad"),
        ("0085223456789", "abroad"),
        ("010110", "emergency"),
        ("+86110", "emergency"),
        ("+86 10 110", "emergency"),
        ("9110", "emergency"),
    ],
)
def test_what_is_not_meant_to_be_called_is_refused_with_its_reason(number: str, code: str) -> None:
    assert refused(number) == code


def test_abroad_is_called_only_by_a_pattern_that_says_so() -> None:
    assert refused("0085223456789", NumberRules(allow=("x" * 13,))) == "abroad"
    assert dialled("0085223456789", NumberRules(allow=("00852xxxxxxxx",))) == "0085223456789"


def test_emergency_numbers_need_the_explicit_word_and_their_pattern() -> None:
    assert refused("110", NumberRules(allow=("110",))) == "emergency"
    assert refused("110", NumberRules(emergency=True)) == "not_on_the_list"
    assert dialled("110", NumberRules(allow=("110",), emergency=True)) == "110"


@pytest.mark.parametrize("text", ["", "1.*", "138+", "[9-", "1[3-9]x{8}", "x|y", "１３８"])
def test_a_pattern_is_digits_x_and_ranges_and_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="number pattern"):
        pattern(text)


AREAS = st.one_of(
    st.just("10"), st.from_regex(r"2[0-9]", fullmatch=True), st.from_regex(r"[3-9][0-9]{2}", fullmatch=True)
)
LINES = st.sampled_from(["", "0", "9", "00", "09", "90", "000"])
COUNTRY = st.sampled_from(["", "86", "0086", "+86", "+860", "00860"])
BETWEEN = st.text(alphabet=" -().", max_size=3)


@pytest.mark.parametrize("row", SPELLINGS, ids=name)
def test_the_table_of_spellings_is_called_or_refused_as_it_says(row: Spelling) -> None:
    rules = NumberRules(plan=row.plan)
    if row.refused:
        assert refused(row.written, rules) == row.refused
    else:
        assert dialled(row.written, rules) == row.dialable


def test_a_pattern_of_the_house_reaches_its_own_exchange_and_service_numbers() -> None:
    rules = NumberRules(allow=("8xx", "12345", "400xxxxxxx"))
    assert [dialled(one, rules) for one in ("801", "123 45", "400-123-4567")] == ["801", "12345", "4001234567"]


@given(LINES, COUNTRY, st.one_of(st.just(""), AREAS), st.sampled_from(EMERGENCY), st.lists(BETWEEN, min_size=24))
def test_no_prefix_and_no_formatting_gets_an_emergency_number_through(
    line: str, country: str, area: str, number: str, between: list[str]
) -> None:
    """With an allow-list that takes any digits: line and country prefixes, area codes, separators anywhere."""
    if country.startswith("+"):
        line = ""
    zero = "0" if area and not country else ""
    digits = line + country + zero + area + number
    written = "".join(char + gap for char, gap in zip(digits, between, strict=False))
    assert refused(written, OPEN) in ("emergency", "abroad", "not_a_number")


@given(st.text(max_size=30))
def test_whatever_is_written_only_digits_of_a_listed_shape_are_ever_dialled(text: str) -> None:
    rules = NumberRules()
    try:
        digits = dialled(text, rules)
    except NotAllowed:
        return
    assert re.fullmatch(r"[0-9]{11,12}", digits) and any(pattern(p).fullmatch(digits) for p in rules.allow)
