"""Which of the hotline's numbers was called: by the number, not by its letters; an unknown one is told once."""

from __future__ import annotations

import logging

import pytest

from ivr.called import TOLD_MAX, CalledNumbers
from tests.rules.numbers_table import CITY, NOWHERE, SPELLINGS, Spelling, name


@pytest.mark.parametrize("row", [row for row in SPELLINGS if row.key], ids=name)
def test_acceptance_1_a_number_in_the_settings_is_found_by_every_spelling_of_the_table(row: Spelling) -> None:
    numbers = CalledNumbers({row.key: "mine", "95511": "another"}, "default", row.plan)
    assert numbers(row.written) == "mine" and numbers.which(row.written) == row.written


@pytest.mark.parametrize("row", [row for row in SPELLINGS if not row.key], ids=name)
def test_what_is_no_number_goes_to_the_default_flow(row: Spelling) -> None:
    assert CalledNumbers({"12345": "mine"}, "default", row.plan)(row.written) == "default"


@pytest.mark.parametrize("called", ["12345", "+8612345", "02312345", "01012345", "+86 23 12345"])
def test_a_service_number_is_ours_with_any_area_code_in_front_of_it(called: str) -> None:
    assert CalledNumbers({"12345": "ours"}, "default", NOWHERE)(called) == "ours"
    assert CalledNumbers({"12345": "ours", "01012345": "Beijing"}, "default", CITY)("01012345") == "Beijing"


def test_a_name_is_a_called_number_too() -> None:
    assert CalledNumbers({"hotline": "mine"}, "default")("hotline") == "mine"


def test_the_first_place_with_one_of_our_numbers_counts() -> None:
    numbers = CalledNumbers({"12345": "city", "95598": "power"}, "default", CITY)
    assert numbers.which("trunk-user", ("02312345", "95598")) == "02312345"
    assert numbers.which("95598", ("12345",)) == "95598"
    assert numbers.which("trunk-user", ("87654321",)) == "trunk-user"


def test_an_unknown_called_number_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    numbers = CalledNumbers({"12345": "mine"}, "default")
    with caplog.at_level(logging.WARNING):
        for called in ("95598", "95598", "12345", "96123", "95598"):
            numbers.which(called)
    assert [record.args for record in caplog.records] == [("95598",), ("96123",)]
    for n in range(2 * TOLD_MAX):
        numbers.which(str(1000 + n))
    assert len(caplog.records) <= TOLD_MAX


def test_a_hotline_of_one_number_knows_no_unknown_one(caplog: pytest.LogCaptureFixture) -> None:
    assert CalledNumbers({}, "default").which("95598") == "95598" and not caplog.records
