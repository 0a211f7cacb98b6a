"""A field of the profile is obeyed: another value changes what a call, a page or a due date does (requirements A5).

Every field has a story in ``STORIES``, or stands in ``LATER`` with the topic that will obey it. A field without either
fails here: a number that is read from a file and then forgotten is a promise nobody keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ivr.profile import Profile
from tests.rules.profile_stories import (
    Stage,
    a_alone,
    a_person_is_too_far,
    after_the_greeting,
    answered_after,
    called_at_half_past_seven,
    crowded,
    due,
    figure,
    first_ring,
    grace_after_the_farewell,
    group_ring,
    kept_days,
    may,
    outage_six_days_ahead,
    pause_of_a_quarter_of_an_hour,
    recording,
    reopened_after_three_days,
    rules_a_figure_names,
    rules_of_the_figures,
    second_vain_call,
    self_test_twenty_minutes_before,
    silence_between_digits,
    silence_in_the_menu,
    target,
    temporary_outage,
    told_source,
    waits_at_closing_time,
    waits_no_longer,
    word_in_the_queue,
)

# Read and checked, but nothing there is yet that could obey them. What is built next empties this.
LATER = {
    "recording.talks": "recording of talks: with the notice that announces it (B10)",
    "counter_phone_soft_limit_s": "the operator's page: a soft timer, never a cut-off (S4-37)",
}


@dataclass(frozen=True)
class Story:
    """``look`` shows ``before`` under the shipped profile (with ``base`` over it), ``after`` under ``other``."""

    field: str
    other: str
    look: Callable[[Stage, Profile], Any]
    before: Any
    after: Any
    base: str = ""


RINGS = '[answer]\ncombine = "lenient"\n'
COMPLAINT = "[deadlines]\ncomplaint = { n = 5, unit = 'natural_day'"
TWO_HOURS = "[deadlines]\nenquiry = { n = 2, unit = 'hour', within_service_hours = true }\n"
OPEN = TWO_HOURS + "[hours]\nkind = 'workday'\n"
THURSDAY = "2026-09-24"  # five days later is a Tuesday

STORIES = [
    # calls
    Story("menu_mode", 'menu_mode = "none"', after_the_greeting, "main", "person"),
    Story("call.queue_comfort_s", "[call]\nqueue_comfort_s = 60", word_in_the_queue, 30, 60),
    Story("call.queue_max_s", "[call]\nqueue_max_s = 600", waits_no_longer, False, True),
    Story("closing", 'closing = "hard"', waits_at_closing_time, True, False),
    Story("queue_alarm", "queue_alarm = 1", crowded, False, True),
    Story("call.first_digit_s", "[call]\nfirst_digit_s = 20", silence_in_the_menu, 7, 20),
    Story("call.to_person_max_s", "[call]\nto_person_max_s = 20", a_person_is_too_far, False, True),
    Story("call.inter_digit_s", "[call]\ninter_digit_s = 9", silence_between_digits, 4, 9),
    Story("call.farewell_grace_s", "[call]\nfarewell_grace_s = 20", grace_after_the_farewell, 8, 20),
    Story("late.apology_after_s", "[late]\napology_after_s = 8", answered_after(10), False, True),
    Story("late.apology_after_rings_over", "[late]\napology_after_rings_over = 2", answered_after(11), False, True),
    Story("answer.ring_period_ms", "[answer]\nring_period_ms = 2500", answered_after(13), False, True),
    Story("answer.limit_s", "[answer]\nlimit_s = 9", first_ring, 12, 9),
    Story("answer.combine", RINGS, first_ring, 12, 16),
    Story("answer.rings", RINGS + "rings = 5", first_ring, 16, 21, base=RINGS),
    Story("seats.a_alone_s", "[seats]\na_alone_s = 2", a_alone, 5, 2),
    Story("seats.ring_stage_s", "[seats]\nring_stage_s = 55", group_ring, 12, 55),
    Story("recording.account_max_s", "[recording]\naccount_max_s = 60", recording("tell", "max_s"), 300, 60),
    Story("recording.message_max_s", "[recording]\nmessage_max_s = 30", recording("message", "max_s"), 180, 30),
    Story("recording.silence_s", "[recording]\nsilence_s = 3", recording("tell", "silence_s"), 5, 3),
    # due dates
    Story("deadlines.n", COMPLAINT.replace("5", "4") + " }", due("complaint", THURSDAY), "2026-09-29", "2026-09-28"),
    Story("deadlines.unit", "[deadlines]\ncomplaint = { n = 5, unit = 'workday' }", due("complaint", THURSDAY),
          "2026-09-29", "2026-10-09"),
    Story("deadlines.roll", COMPLAINT + ", roll = 'next_workday' }", due("complaint", "2026-11-23"),
          "2026-11-28", "2026-11-30", base=COMPLAINT + " }"),
    Story("deadlines.convention", COMPLAINT + ", convention = 'same_time' }", due("complaint", f"{THURSDAY}T15:30"),
          "2026-09-29", "2026-09-29T15:30"),
    Story("deadlines.after_hours", COMPLAINT + ", after_hours = 'next_opening' }\n[hours]\nkind = 'workday'",
          due("complaint", f"{THURSDAY}T20:00"), "2026-09-29", "2026-10-03"),
    Story("deadlines.within_service_hours", OPEN, due("enquiry", f"{THURSDAY}T16:30"), "2026-09-24T18:30",
          "2026-09-28T09:30", base=OPEN.replace(", within_service_hours = true", "")),
    Story("deadlines.source", COMPLAINT + ", source = '本单位承诺' }", told_source, "S2-1 §13(五)", "本单位承诺"),
    Story("hours.kind", OPEN, due("enquiry", f"{THURSDAY}T20:00"), "2026-09-24T22:00", "2026-09-28T10:30",
          base=TWO_HOURS),
    Story("hours.open", OPEN + "open = '07:30'", due("enquiry", f"{THURSDAY}T07:00"), "2026-09-24T10:30",
          "2026-09-24T09:30", base=OPEN),
    Story("hours.close", OPEN + "close = '18:30'", due("enquiry", f"{THURSDAY}T16:30"), "2026-09-28T09:30",
          "2026-09-24T18:30", base=OPEN),
    Story("hours.lunch", OPEN + "lunch = ['12:00', '13:00']", due("enquiry", f"{THURSDAY}T11:30"), "2026-09-24T15:00",
          "2026-09-24T14:30", base=OPEN),
    Story("onsite_min", "onsite_min = { city = 45, rural = 90 }", due("repair", f"{THURSDAY}T10:00", "rural"),
          "2026-09-24T10:45", "2026-09-24T11:30"),
    # casework
    Story("casework.pausable", '[casework]\npausable = ["complaint"]', may("pause"), False, True),
    Story("casework.extension_max", "[casework]\nextension_max = 3", may("ask_extension", n="5"), True, False),
    Story("casework.tries_max", "[casework]\ntries_max = 2", second_vain_call, "again", "unreachable"),
    Story("casework.calling", '[casework]\ncalling = ["07:00", "21:00"]', called_at_half_past_seven, False, True),
    Story("repeat_caller_days", "repeat_caller_days = 2", reopened_after_three_days, 1, 0),
    Story("recording.retention_days", "[recording]\nretention_days = 30", kept_days("before"), 180, 30),
    Story("recording.case_retention_days_after_close", "[recording]\ncase_retention_days_after_close = 730",
          kept_days("cases_before"), 365, 730),
    # figures and pages
    Story("answer.clock", '[answer]\nclock = "agent_ring"', figure("K5"), (1, 3), (2, 3)),
    Story("figures.short_s", "[figures]\nshort_s = 2", figure("K1n"), (3, 3), (3, 4)),
    Story("figures.service_level_s", "[figures]\nservice_level_s = [11]", figure("K2a-11"), None, (1, 4)),
    Story("missed_call_back_h", "missed_call_back_h = 12", figure("K20"), (1, 1), (0, 1)),
    Story("promise_target", "promise_target = 0.98", target("K14"), "≥ 100 %", "≥ 98 %"),
    Story("followup_rate_target", "followup_rate_target = 0.95", target("K15"), "≥ 90 %", "≥ 95 %"),
    Story("connect_rate.target", 'connect_rate = { target = 0.95, window = "rolling_24h" }', target("K1g"), "",
          "≥ 95 %"),
    Story("connect_rate.window", 'connect_rate = { target = 0.95, window = "day" }', target("K1"), "", "≥ 95 %",
          base='connect_rate = { target = 0.95, window = "month" }'),
    Story("name", 'name = "ours"', rules_a_figure_names, {"sgcc_window"}, {"ours"}),
    Story("title", 'title = { "zh-CN" = "本中心规则" }', rules_of_the_figures(r"规则：([^（]+)（"),
          "供电营业示范窗口标准", "本中心规则"),
    Story("source", 'source = "本中心〔2026〕3 号"', rules_of_the_figures(r"规则：[^（]+（([^）]+)）"),
          "S2-1 国家电网《城市供电营业规范化服务示范窗口标准》", "本中心〔2026〕3 号"),
    Story("outage_notice_days", "outage_notice_days = 5", outage_six_days_ahead, 400, 200),
    Story("pause_notice_min", "pause_notice_min = 20", pause_of_a_quarter_of_an_hour, 1, 0),
    Story("ready_before_min", "ready_before_min = 30", self_test_twenty_minutes_before, 0, 1),
    Story("important_customer_notice_h", "important_customer_notice_h = 24", temporary_outage, False, True),
]  # fmt: skip


def every_field(model: type[BaseModel] = Profile, path: str = "") -> Iterator[str]:
    """Every field of a profile with its table; of a deadline rule the fields it has."""
    for name, info in model.model_fields.items():
        inner = next(_tables(info.annotation), None)
        if inner is None:
            yield path + name
        else:
            yield from every_field(inner, f"{path}{name}.")


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _tables(inner)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("stage"), count(1))
    yield stage
    if "world" in stage.__dict__:
        stage.world.close()


def test_every_field_has_a_story_or_a_topic_that_will_obey_it() -> None:
    told = [story.field for story in STORIES]
    assert sorted([*told, *LATER]) == sorted(every_field()), "one story for each field, and none for others"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.field)
def test_another_value_changes_what_happens(stage: Stage, tmp_path: Path, story: Story) -> None:
    def seen(toml: str) -> Any:
        own = tmp_path / "own.toml"
        own.write_text(toml, encoding="utf-8")
        stage.file = str(own)
        return story.look(stage, Profile.load(own))

    assert seen(story.base) == story.before
    assert seen(story.other) == story.after
