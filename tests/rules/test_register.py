"""A whole register recomputed (issue: a city's rule is a file, not code): every row right, or said to be wrong."""

from __future__ import annotations

import csv
import io
from zoneinfo import ZoneInfo

import pytest

from ivr.calendar.tables import WorkCalendar
from ivr.cases.promise import due_for
from ivr.cases.register import NoRegister, Register, Row
from ivr.profile import Profile
from tests.rules import city

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture(scope="module")
def riverton(tmp_path_factory: pytest.TempPathFactory) -> tuple[Profile, WorkCalendar]:
    profile, tables = city.write_files(tmp_path_factory.mktemp("city"))
    return Profile.load(profile), WorkCalendar.load(more=tables)


def rows(text: str, profile, calendar, zone, **options: str) -> tuple[list[str], list[Row]]:
    reader = csv.reader(io.StringIO(text))
    register = Register(next(reader), profile, calendar, zone, **options)
    return register.heading, list(register.rows(reader))


def test_a_thousand_cases_of_a_city_known_by_its_files_only_are_due_at_the_right_minute(riverton) -> None:
    cases = city.arrivals(1000)
    text = "kind,received\n" + "".join(f"{kind},{at.isoformat()}\n" for kind, at in cases)
    heading, found = rows(text, *riverton, CHICAGO)
    assert heading == ["kind", "received", "due", "unrolled", "provisional", "explanation"]
    expected = [city.due(kind, at).isoformat(timespec="minutes") for kind, at in cases]
    assert [row.cells[2] for row in found] == expected
    assert {row.cells[4] for row in found} == {"false"}


def test_every_row_is_the_answer_to_a_single_question(riverton) -> None:
    cases = city.arrivals(200, seed=5)
    text = "kind,received\n" + "".join(f"{kind},{at.isoformat()}\n" for kind, at in cases)
    for row, (kind, at) in zip(rows(text, *riverton, CHICAGO, lang="en")[1], cases, strict=True):
        single = due_for(kind, at.isoformat(), *riverton, CHICAGO)
        assert row.cells[2:4] == [single.due_text, single.unrolled_text]
        assert row.cells[5] == "; ".join([*single.lines("en"), *single.warnings("en")])


def test_the_explanation_of_an_arrival_after_hours_names_the_opening(riverton) -> None:
    _, [row] = rows("kind,received\npothole,2026-07-02T18:05:40\n", *riverton, CHICAGO, lang="en")
    assert row.cells[2] == "2026-07-11T08:30"
    assert row.cells[5].split("; ") == [
        "2026-07-02 Thu 18:05: outside service hours, counted from 2026-07-06 Mon 08:30",
        "2026-07-06 Mon: start, this day is not counted",
        "2026-07-07 Tue to 2026-07-10 Fri: working day, 4 counted, total 4",
        "2026-07-11 Sat: make-up working day (Independence Day), 1 counted, total 5",
        "Due: 2026-07-11 Sat 08:30",
    ]


def test_other_columns_pass_through_and_own_ones_are_written_anew(profile, calendar, zone) -> None:
    text = '编号,Kind,due,received,note\n7,投诉,1999-01-01,2026-09-24T10:30,"a, b"\n'
    heading, [row] = rows(text, profile, calendar, zone)
    assert heading == ["编号", "Kind", "due", "received", "note", "unrolled", "provisional", "explanation"]
    assert row.cells[:7] == ["7", "投诉", "2026-09-29", "2026-09-24T10:30", "a, b", "2026-09-29", "false"]


def test_the_channel_of_a_row_counts_before_the_default(calendar, zone) -> None:
    profile = Profile.load("sgcc_current")
    text = "kind,received,channel\ncomplaint,2026-09-24,12345\ncomplaint,2026-09-24,\n"
    assert [row.cells[3] for row in rows(text, profile, calendar, zone)[1]] == ["2026-10-01", "2026-10-08"]
    assert [row.cells[3] for row in rows(text, profile, calendar, zone, channel="12345")[1]] == ["2026-10-01"] * 2


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("complain,2026-09-24", "did you mean complaint"),
        ("complaint,24/09/2026", "write 2026-09-24"),
        ("complaint,1026-09-24", "not between 2000 and 2099"),
        ("complaint", "cannot read the time ''"),
        ("complaint,2026-09-24,extra", "more cells than the first line has columns: extra"),
    ],
)
def test_a_wrong_row_says_what_is_wrong_and_stops_no_other(profile, calendar, zone, bad: str, said: str) -> None:
    text = f"kind,received\ncomplaint,2026-09-24\n\n{bad}\ncomplaint,2026-09-24\n"
    _, [first, wrong, last] = rows(text, profile, calendar, zone)
    assert first.cells == last.cells and first.cells[2] == "2026-09-29"
    assert said in wrong.error and wrong.cells[2:] == ["", "", "", wrong.error]
    assert (wrong.line, last.line) == (4, 5)


def test_a_quotation_mark_that_is_never_closed_is_named_by_its_line(profile, calendar, zone) -> None:
    text = 'kind,received\ncomplaint,2026-09-24\n"complaint,2026-09-24\n' + "complaint,2026-09-24\n" * 10_000
    _, found = rows(text, profile, calendar, zone)
    [wrong] = [row for row in found if row.error and row.line == 3]
    assert "quotation mark" in wrong.error
    assert not found[0].error and not found[-1].error


def test_a_late_row_is_provisional_and_warns_in_its_explanation(profile, calendar, zone) -> None:
    _, [row] = rows("kind,received\ncomplaint,2026-12-30\n", profile, calendar, zone)
    assert row.cells[4] == "true" and "2027年的节假日安排尚未载入" in row.cells[5]


def test_a_file_without_the_needed_columns_is_no_register(profile, calendar, zone) -> None:
    with pytest.raises(NoRegister, match=r"missing: received \(found: kind, when\)"):
        Register(["kind", "when"], profile, calendar, zone)
