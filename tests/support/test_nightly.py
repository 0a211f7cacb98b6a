"""Of a long series every moment is told within the days it was cut for, and all of them in one night."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.nightly import share


@given(st.integers(0, 60), st.integers(1, 9), st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_in_as_many_days_as_it_was_cut_for_each_moment_is_told_once(length: int, days: int, first: date) -> None:
    parts = [share(days, today=first + timedelta(day), nightly=False) for day in range(days)]
    assert sorted(moment for part in parts for moment in range(length)[part]) == list(range(length))


def test_at_night_everything_is_told() -> None:
    assert range(7)[share(3, nightly=True)] == range(7)
