"""One citizen is one person: every spelling of a number is read as the same one, or refused with its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import spoken
from ivr.numbers import HOME, NotANumber, Number, Plan, digits_of, key_of, read
from tests.rules.numbers_table import CITY, SPELLINGS, Spelling, name

PLANS = st.sampled_from([HOME, CITY, Plan("86", "371"), Plan("49", "30"), Plan("1")])


@pytest.mark.parametrize("row", SPELLINGS, ids=name)
def test_a_spelling_is_read_as_the_table_says(row: Spelling) -> None:
    found = read(row.written, row.plan)
    if not row.key:
        assert isinstance(found, NotANumber) and found.why.code == row.refused
        return
    assert isinstance(found, Number)
    assert (found.key, found.dialable, found.spoken) == (row.key, row.dialable, row.spoken)
    assert (found.why is None) == bool(row.dialable)


def test_the_table_has_enough_spellings_and_each_once() -> None:
    every = [(row.written, row.plan) for row in SPELLINGS]
    assert len(every) == len(set(every)) >= 40


@pytest.mark.parametrize("row", [row for row in SPELLINGS if row.key], ids=name)
def test_lis_2_what_is_said_is_what_is_dialled(row: Spelling) -> None:
    """The groups of the spoken form are those of a voice, digit by digit."""
    groups = row.spoken.split()
    assert spoken.phone_groups(row.spoken) == groups
    assert "".join(groups).replace("+", "00") == row.key


@pytest.mark.parametrize("row", [row for row in SPELLINGS if not row.key], ids=name)
def test_every_refusal_has_its_reason_in_both_languages(row: Spelling) -> None:
    found = read(row.written, row.plan)
    assert isinstance(found, NotANumber)
    assert (found.why.zh.endswith("。") and found.why.en and found.why.en.isascii()) or found.why.code == "not_a_number"


def test_a_character_that_cannot_be_seen_is_named() -> None:
    found = read("138\u202d00001111")
    assert isinstance(found, NotANumber) and "U+202D" in found.why.zh and "U+202D" in found.why.en


def test_in_another_country_numbers_are_read_as_they_are_dialled_there() -> None:
    berlin = Plan("49", "30")
    for written in ("+49 30 12345678", "0049 30 12345678", "030 12345678"):
        assert key_of(written, berlin) == "03012345678"
    assert key_of("+86 138 0000 1111", berlin) == "008613800001111"


@given(st.text(max_size=40), PLANS)
def test_whatever_is_written_is_read_or_refused_and_has_one_key(text: str, plan: Plan) -> None:
    found = read(text, plan)
    if isinstance(found, Number):
        assert found.key.isascii() and found.key.isdigit() and found.dialable in ("", found.key)
        assert bool(found.dialable) != bool(found.why)
        assert key_of(text, plan) == found.key
    else:
        assert key_of(text, plan).startswith("?")


@given(st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True), PLANS)
def test_reading_a_key_again_gives_the_same_key(written: str, plan: Plan) -> None:
    found = read(written, plan)
    if isinstance(found, Number):
        assert key_of(found.key, plan) == found.key


@given(st.from_regex(r"[0-9]{1,20}", fullmatch=True), st.lists(st.text(" -().", max_size=2), min_size=20, max_size=20))
def test_separators_between_the_digits_change_no_number(digits: str, gaps: list[str]) -> None:
    """They may only show that it is two: nobody becomes somebody else by how their number is grouped."""
    written = "".join(digit + gap for digit, gap in zip(digits, gaps, strict=False))
    found = read(written)
    assert isinstance(found, NotANumber) or found == read(digits)
    assert digits_of(written) == digits
