"""Profiles: the limits a service promises (requirements A5)."""

from datetime import time

import pytest

from ivr.cases.kinds import KINDS
from ivr.profile import DEFAULT_PROFILE, Profile, ProfileError, retired, shipped_profiles


def test_ans_1_the_default_profile_is_the_power_companys_standard():
    profile = Profile.load()
    assert (profile.name, profile.answer.clock, profile.answer.limit_ms) == ("sgcc_window", "human_wait", 12_000)
    assert (profile.answer.rings, profile.answer.rings_end_ms) == (4, 16_000)
    assert profile.hours.kind == "always"
    assert (profile.a_alone_ms, profile.ring_limit_ms) == (5_000, 12_000)
    assert profile.followup_rate_target == 0.90


def test_ans_2_the_2023_rules_give_five_seconds_from_the_operators_ring():
    profile = Profile.load("zhumadian_2023")
    assert (profile.answer.clock, profile.answer.limit_ms, profile.answer.rings) == ("agent_ring", 5_000, 3)
    assert profile.answer.rings_end_ms == 11_000
    assert profile.a_alone_ms == 0  # no time for A alone: A and B ring together at once
    assert profile.counter_phone_soft_limit_s == 180
    assert profile.ready_before_min == 5


def test_a_gov_hotline_has_no_menu_and_fifteen_seconds():
    profile = Profile.load("gbt33358")
    assert (profile.menu_mode, profile.answer.limit_ms, profile.answer.rings_end_ms) == ("none", 15_000, 0)
    assert profile.connect_rate and profile.connect_rate.target == 0.95


def test_what_a_profile_leaves_out_comes_from_the_default_one():
    default, other = Profile.load(), Profile.load("gbt33358")
    assert other.deadlines == default.deadlines
    assert other.call == default.call
    assert other.answer.ring_period_ms == default.answer.ring_period_ms


def test_cmp_1_complaint_five_days_report_ten_days():
    profile = Profile.load()
    complaint, report = profile.deadline("complaint"), profile.deadline("report")
    assert complaint and (complaint.n, complaint.unit, complaint.roll) == (5, "natural_day", "next_workday")
    assert report and (report.n, report.unit, report.roll) == (10, "natural_day", "next_workday")


def test_a_rule_may_belong_to_a_channel():
    profile = Profile.load("sgcc_current")
    assert str(profile.deadline("complaint")) == "4 workday"
    assert str(profile.deadline("complaint", "12345")) == "7 natural_day"
    assert profile.deadline("nothing") is None


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_kind_of_case_has_a_deadline_in_every_shipped_profile(name):
    profile = Profile.load(name)
    assert profile.name == name
    assert all(profile.deadline(kind) for kind in KINDS)


def test_lenient_counts_to_the_end_of_the_last_ring(tmp_path):
    assert _own(tmp_path, '[answer]\ncombine = "lenient"').answer.limit_ms == 16_000


@pytest.mark.parametrize(
    ("late", "apology_ms"),
    [
        ("apology_after_s = 8", 8_000),
        ("apology_after_s = 25", 25_000),
        ("apology_after_s = 25\napology_after_rings_over = 3", 15_000),
    ],
)
def test_ans_3_the_apology_is_due_by_time_or_by_rings_whichever_is_sooner(tmp_path, late, apology_ms):
    assert _own(tmp_path, f"[late]\n{late}").apology_after_ms == apology_ms


@pytest.mark.parametrize(("limit", "alone"), [(5, 0), (8, 3_000), (10, 5_000), (12, 5_000), (30, 5_000)])
def test_stf_1_b_always_has_five_seconds_before_the_limit(tmp_path, limit, alone):
    assert _own(tmp_path, f"[answer]\nlimit_s = {limit}").a_alone_ms == alone


def test_times_of_day_are_read_from_text(tmp_path):
    hours = _own(tmp_path, '[hours]\nkind = "workday"\nopen = "08:00"\nclose = "18:00"').hours
    assert hours.spans == ((time(8), time(12)), (time(13, 30), time(18)))
    assert hours.workdays_only


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("menu_mod = 'none'", "menu_mod: unknown key"),
        ("[answer]\nlimit_s = -1", r"answer.limit_s = -1: .*greater than 0"),
        ("[answer]\nclock = 'sun'", r"answer.clock = 'sun': .*human_wait"),
        ("[late]\napology_after_s = 30", r"late.apology_after_s = 30: .*less than or equal to 25"),
        ("[hours]\nopen = '18:00'\nclose = '08:00'", "hours = .*open must be before close"),
        ("[hours]\nopen = 'nine'", r"hours.open = 'nine'"),
        ("[deadlines]\ncomplaint = { n = 5, unit = 'day' }", r"deadlines.complaint.unit = 'day': .*natural_day"),
        ("[deadlines]\nx = { n = 5, unit = 'hour', roll = 'next_workday' }", "roll is for days only"),
        ("[deadlines]\nx = { unit = 'hour' }", "deadlines.x.n: missing; add it"),
        ("[answer", "not readable as TOML"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(tmp_path, content, message):
    with pytest.raises(ProfileError, match=message) as caught:
        _own(tmp_path, content)
    assert "own.toml" in str(caught.value)


OLD = """name = "ours"
menu_mode = "classic"

appointment_window_min = 60  # S2-1
"""


def test_a_field_of_an_older_version_has_no_effect_and_is_told_with_its_line(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OLD, "utf-8")
    assert Profile.load(path).menu_mode == "optional"
    assert retired(path) == [
        f"{path}:2: menu_mode = 'classic' has no effect and may be removed",
        f"{path}:4: appointment_window_min has no effect and may be removed",
    ]


@pytest.mark.parametrize("name", shipped_profiles())
def test_no_shipped_profile_sets_what_has_no_effect(name):
    assert retired(name) == []


def test_pwr_1_a_repair_is_due_when_its_area_says(tmp_path):
    """A rule for repairs under ``deadlines`` counts instead."""
    profile = Profile.load("sgcc_current")
    assert [str(profile.deadline("repair", "phone", area)) for area in ("", "city", "remote", "moon")] == [
        "45 minute", "45 minute", "120 minute", "45 minute",
    ]  # fmt: skip
    own = _own(tmp_path, "[deadlines]\nrepair = { n = 2, unit = 'hour' }")
    assert str(own.deadline("repair", "phone", "city")) == "2 hour"


def test_an_unknown_profile_names_the_shipped_ones(tmp_path):
    with pytest.raises(ProfileError, match=f"no profile 'sgc': use one of .*{DEFAULT_PROFILE}"):
        Profile.load("sgc")
    with pytest.raises(ProfileError, match="no such profile file"):
        Profile.load(tmp_path / "gone.toml")


def _own(folder, content: str) -> Profile:
    path = folder / "own.toml"
    path.write_text(content, "utf-8")
    return Profile.load(path)
