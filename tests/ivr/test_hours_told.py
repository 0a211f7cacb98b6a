"""What callers hear of opening hours is what the door goes by (ANS-5, requirements A2.15)."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from hotline.config.file import load
from hotline.doctor.checks import settings_file
from hotline.process import factories
from ivr.calendar.hours import in_words
from ivr.phrases import Phrases
from ivr.profile import Schedule
from ivr.speech.normaliser import said
from tests.support.world import World

LUNCH = (time(12), time(13, 30))


def test_the_hall_at_night_greets_once_and_tells_the_hours_its_door_goes_by(tmp_path: Path) -> None:
    world = World(tmp_path, "service-hall", start="2026-08-03T20:00:00")
    line = world.call()
    world.run(15)
    heard = world.heard(line)
    assert "现在是非工作时间，工作时间是工作日08:30-17:30。" in heard
    assert heard.count("您好") == 1 and "二十四小时" not in heard


def test_the_hall_by_day_says_nothing_of_its_hours(tmp_path: Path) -> None:
    world = World(tmp_path, "service-hall", start="2026-08-03T10:00:00")
    line = world.call()
    world.run(40)
    assert "工作时间" not in world.heard(line)


@pytest.mark.parametrize(
    ("schedule", "chinese", "english"),
    [
        (Schedule(kind="always"), "全天二十四小时", "twenty-four hours a day"),
        (
            Schedule(kind="workday", lunch=LUNCH),
            "工作日八点三十分到十二点，十三点三十分到十七点三十分",
            "eight thirty in the morning to twelve noon and one thirty in the afternoon to five thirty in the afternoon"
            " on working days",
        ),
        (
            Schedule(kind="daily", open=time(8), close=time(20)),
            "每天八点到二十点",
            "eight in the morning to eight in the evening every day",
        ),
    ],
)
def test_a_schedule_is_told_in_words(schedule: Schedule, chinese: str, english: str) -> None:
    assert said(in_words(schedule, "zh-CN"), "zh-CN") == chinese
    assert said(in_words(schedule, "en"), "en") == english


def test_a_file_that_still_says_hours_in_words_is_read_and_the_doctor_asks_to_remove_them(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text('[unit]\nhours = "全天二十四小时"\n', encoding="utf-8")
    (found, *_) = settings_file(load(file, environ={}))
    assert found.level == "warn" and "unit.hours has no effect" in found.text


def test_the_hours_are_spoken_ahead_of_any_call_and_a_persons_recording_may_stand_for_them() -> None:
    settings = load(environ={})
    lines = factories.prompt_lines(settings, Phrases.load(variables={"unit": "X"}))
    (told,) = [line for line in lines if line.phrase_key == "hours.notice" and line.lang == "zh-CN"]
    assert told.text == "现在是非工作时间，工作时间是工作日08:30-12:00，13:30-17:30。"
