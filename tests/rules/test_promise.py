"""From kind and moment to the promise (CMP-1, CMP-5; the core of ``hotline due``)."""

from datetime import UTC, date, datetime

import pytest

from ivr.cases.kinds import COMPLAINT_CATEGORIES, KINDS, kind
from ivr.cases.promise import case_request, due_for, local_day, parse_received
from ivr.profile import Profile

RECEIVED = datetime(2026, 9, 24, 2, 30, tzinfo=UTC)  # 10:30 in Shanghai
RECEIVED_MS = 1790217000000


def test_cmp_1_complaint_and_report_by_kind_and_local_time(profile, calendar, zone):
    assert due_for("complaint", "2026-09-24", profile, calendar, zone).due == date(2026, 9, 29)
    assert due_for("report", "2026-09-24T10:30", profile, calendar, zone).due == date(2026, 10, 8)
    assert due_for("投诉", RECEIVED, profile, calendar, zone).due == date(2026, 9, 29)


def test_the_working_day_rule_of_another_profile_gives_another_date(calendar, zone):
    profile = Profile.load("sgcc_current")
    assert due_for("complaint", "2026-09-24", profile, calendar, zone).due == date(2026, 10, 8)
    assert due_for("complaint", "2026-09-24", profile, calendar, zone, "12345").due == date(2026, 10, 1)


def test_other_promises_of_the_profile_have_dates_too(profile, calendar, zone):
    assert due_for("meter_fault", "2026-09-24", profile, calendar, zone).due == date(2026, 9, 29)
    assert due_for("repair", "2026-09-24T23:30", profile, calendar, zone).due_text == "2026-09-25T00:15"


def test_time_without_an_offset_is_the_hotlines_own(zone):
    assert parse_received("2026-09-24T10:30", zone) == RECEIVED
    assert parse_received("2026-09-24T02:30Z", zone) == RECEIVED
    assert parse_received(" 2026-09-24 ", zone).isoformat() == "2026-09-24T00:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "message"), [("yesterday", "write 2026-09-24"), ("2026-02-30", "cannot read"), ("1999-01-01", "year")]
)
def test_a_time_that_cannot_be_read_says_what_to_write(zone, text, message):
    with pytest.raises(ValueError, match=message):
        parse_received(text, zone)


def test_an_unknown_kind_names_the_nearest(profile, calendar, zone):
    with pytest.raises(ValueError, match="no kind of case 'complain': did you mean complaint"):
        due_for("complain", "2026-09-24", profile, calendar, zone)
    with pytest.raises(ValueError, match="use one of enquiry, complaint"):
        kind("xyzzy")


def test_a_kind_without_a_rule_says_what_to_add(profile, calendar, zone):
    bare = profile.model_copy(update={"deadlines": {}})
    with pytest.raises(ValueError, match=r"promises nothing for praise: add .*\[deadlines\]"):
        due_for("praise", "2026-09-24", bare, calendar, zone)


def test_the_day_of_a_case_is_the_local_one(zone):
    assert local_day(1790180999999, zone) == date(2026, 9, 24)  # 23:59:59.999+08:00 minus nothing
    assert local_day(1790179200000 - 1, zone) == date(2026, 9, 23)


def test_a_case_carries_its_due_date_and_the_reasons(profile, calendar, zone):
    request = case_request(
        command_id="c1", kind="report", received_ms=RECEIVED_MS, profile=profile, calendar=calendar, zone=zone,
        call_id="call1", recordings=("r1",),
    )  # fmt: skip
    assert (request.kind, request.day, request.profile) == ("report", "2026-09-24", "sgcc_window")
    assert (request.due, request.unrolled) == ("2026-10-08", "2026-10-04")
    assert request.due_ms == datetime(2026, 10, 8, 16, tzinfo=UTC).timestamp() * 1000
    assert request.unrolled_ms == datetime(2026, 10, 4, 16, tzinfo=UTC).timestamp() * 1000
    assert request.rule == "10 natural_day roll=next_workday"
    assert request.explanation[-1] == "到期：2026-10-08 周四 24:00"
    assert not request.provisional


def test_a_provisional_case_says_so_in_its_explanation(profile, calendar, zone):
    received = int(datetime(2026, 12, 30, 2, tzinfo=UTC).timestamp() * 1000)
    request = case_request(
        command_id="c1", kind="complaint", received_ms=received, profile=profile, calendar=calendar, zone=zone
    )
    assert request.provisional
    assert "暂定" in request.explanation[-1]


def test_an_anonymous_report_names_no_party(profile, calendar, zone):
    request = case_request(
        command_id="c1", kind="report", received_ms=RECEIVED_MS, profile=profile, calendar=calendar, zone=zone,
        anonymous=True, party_id="somebody", query_code="582917",
    )  # fmt: skip
    assert request.party_id is None
    assert request.query_code == "582917"


def test_a_kind_that_promises_nothing_is_stored_without_a_date(profile, calendar, zone):
    bare = profile.model_copy(update={"deadlines": {}})
    request = case_request(
        command_id="c1", kind="praise", received_ms=RECEIVED_MS, profile=bare, calendar=calendar, zone=zone
    )
    assert (request.due, request.due_ms, request.explanation) == ("", None, ())


def test_cmp_5_the_seven_complaint_kinds_have_a_spoken_label(phrases):
    assert len(COMPLAINT_CATEGORIES) == 7
    for category in COMPLAINT_CATEGORIES.values():
        assert 2 <= len(phrases.text(category.phrase)) <= 12
        assert phrases.source(category.phrase).startswith("S3 之六 三.2")


@pytest.mark.parametrize(("chosen", "stored"), [("3", "attitude"), ("attitude", "attitude"), ("", ""), ("9", "9")])
def test_cmp_5_the_spoken_number_of_a_category_is_stored_by_its_name(profile, calendar, zone, chosen, stored):
    request = case_request(
        command_id="c1", kind="complaint", received_ms=RECEIVED_MS, profile=profile, calendar=calendar, zone=zone,
        category=chosen,
    )  # fmt: skip
    assert request.category == stored


def test_every_kind_can_tell_its_due_date(phrases):
    for each in KINDS.values():
        assert "十一月二十六日" in phrases.text(f"case.due.{each.due}", {"due": "2026-11-26"})
