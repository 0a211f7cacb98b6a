"""Case numbers catch what is mistyped; query codes cannot be guessed by rule."""

import random
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ivr.cases.numbers import CaseNumber, case_number, check_digit, is_case_number, parse_case_number, query_code

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
SEQUENCES = st.integers(1, 200_000)


def test_a_case_number_is_the_day_the_sequence_and_a_check_digit():
    number = case_number(date(2026, 11, 26), 1)
    assert number[:-1] == "261126001"
    assert len(number) == 10
    assert case_number(date(2026, 11, 26), 1000)[:-1] == "2611261000"  # the sequence grows


def test_the_check_digit_is_damms():
    assert check_digit("572") == "4"  # the published example


@given(DAYS, SEQUENCES)
def test_every_number_parses_back(day, sequence):
    assert parse_case_number(case_number(day, sequence)) == CaseNumber(day, sequence)


@given(DAYS, SEQUENCES, st.data())
def test_one_wrong_digit_is_always_caught(day, sequence, data):
    number = case_number(day, sequence)
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    assert not is_case_number(number[:place] + wrong + number[place + 1 :])


@given(DAYS, SEQUENCES, st.data())
def test_two_neighbours_swapped_are_always_caught(day, sequence, data):
    number = case_number(day, sequence)
    place = data.draw(st.integers(0, len(number) - 2))
    assume(number[place] != number[place + 1])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert not is_case_number(swapped)


def test_spaces_and_hyphens_do_not_matter():
    number = case_number(date(2026, 11, 26), 7)
    assert parse_case_number(f" {number[:3]} {number[3:6]}-{number[6:]} ").sequence == 7


def _checked(body: str) -> str:
    return body + check_digit(body)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "only digits"),
        ("26112600x1", "only digits"),
        ("２６１１２６００１３", "only digits"),
        ("261126", "at least 10 digits, this has 6"),
        (_checked("261126001")[:-1] + str((int(check_digit("261126001")) + 1) % 10), "check digit is wrong"),
        (_checked("261326001"), "begins with no date"),
        (_checked("261126000"), "sequence 000"),
        (_checked("2611260001"), "sequence 0001"),
    ],
)
def test_what_is_no_case_number_says_why(text, message):
    with pytest.raises(ValueError, match=message):
        parse_case_number(text)


def test_numbers_that_cannot_be_given_are_refused():
    with pytest.raises(ValueError, match="begins at 1"):
        case_number(date(2026, 1, 1), 0)
    with pytest.raises(ValueError, match="two digits of the year"):
        case_number(date(2126, 1, 1), 1)


@given(st.integers(), st.integers(6, 8))
def test_a_query_code_has_no_pattern(seed, length):
    code = query_code(random.Random(seed), length)
    assert len(code) == length and code.isdigit()
    assert len(set(code)) >= 3
    assert not any(code[i] == code[i + 1] == code[i + 2] for i in range(length - 2))
    assert code not in "01234567890123456789" and code not in "98765432109876543210"


class Dice(random.Random):
    """Throws the digits it is given, in order."""

    def __init__(self, digits: str) -> None:
        super().__init__(0)
        self._digits = iter(digits)

    def randrange(self, *_args, **_kwargs) -> int:
        return int(next(self._digits))


@pytest.mark.parametrize("weak", ["111111", "123456", "654321", "121212", "500012", "890123"])
def test_a_weak_query_code_is_thrown_again(weak):
    assert query_code(Dice(weak + "582917")) == "582917"


def test_codes_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="6 to 8 digits"):
        query_code(random.Random(1), 5)
