"""PWR-2 (S2-1 §10(二)10): what a notice must say, how long ahead, and who may say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.cases.actions import ActionRefused
from ivr.outages.notice import By, NoticeDraft, Standing, TooShort, announce, in_time, restore, tell, withdraw
from tests.support.moments import ZONE

DAYS = 7


def at(text: str, zone: ZoneInfo = ZONE) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


NOW = at("2026-11-26T12:00:30")
LEAD, SUPERVISOR = By("王芳", "lead", NOW), By("陈总", "supervisor", NOW)
DRAFT = NoticeDraft(
    "10千伏城东线", "人民路 1—99 号", "planned", at("2026-12-05T08:00"), at("2026-12-05T17:00"), "更换变压器",
    customers=("市第一医院", "城东水厂"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("announced", "starts", "enough"),
    [
        ("2026-11-26T12:00", "2026-12-03T12:00", True),  # 7 d 0 min
        ("2026-11-26T12:00:59", "2026-12-03T12:00", True),  # counted to the minute, as it is written
        ("2026-11-26T12:01", "2026-12-03T12:00", False),  # 6 d 23:59
        ("2026-11-27T12:00", "2026-12-03T12:00", False),  # six days
        ("2026-11-26T23:59", "2026-12-04T00:00", True),
    ],
)
def test_pwr_2_seven_whole_days_to_the_minute(announced: str, starts: str, enough: bool) -> None:
    assert in_time(at(announced), at(starts), DAYS, ZONE) is enough


def test_pwr_2_days_are_those_of_the_clock_on_the_wall() -> None:
    """In a week that loses an hour, the same time of day is seven days later after 167 hours."""
    berlin = ZoneInfo("Europe/Berlin")
    told, begins = at("2027-03-25T08:00", berlin), at("2027-04-01T08:00", berlin)
    assert begins - told == 167 * 3_600_000
    assert in_time(told, begins, DAYS, berlin) and not in_time(told + 60_000, begins, DAYS, berlin)


def test_pwr_2_a_notice_in_time_names_its_key_customers() -> None:
    first, *named = announce(DRAFT, LEAD, DAYS, ZONE)
    assert (first.name, first.content.short, first.content.announced) == ("outage_announced", False, NOW - 30_000)
    assert [(fact.content.n, fact.content.name) for fact in named] == [(1, "市第一医院"), (2, "城东水厂")]


def test_acceptance_9_a_planned_outage_with_six_days_lead_is_refused_until_the_supervisor_confirms_it() -> None:
    late = replace(DRAFT, starts=at("2026-12-02T12:00"), ends=at("2026-12-02T18:00"))
    with pytest.raises(TooShort, match="only 6 d 0 h 0 min ahead"):
        announce(replace(late, confirmed="抢修需要"), LEAD, DAYS, ZONE)
    with pytest.raises(TooShort, match="confirm with a reason"):
        announce(late, SUPERVISOR, DAYS, ZONE)
    fact = announce(replace(late, confirmed="设备隐患,不能再等"), SUPERVISOR, DAYS, ZONE)[0]
    assert fact.content.short and fact.content.confirmed == "设备隐患,不能再等"


def test_pwr_2_temporary_and_emergency_outages_need_no_lead() -> None:
    for kind in ("temporary", "emergency"):
        begun = replace(DRAFT, kind=kind, starts=at("2026-11-26T11:30"), ends=at("2026-11-26T15:00"))
        assert not announce(begun, LEAD, DAYS, ZONE)[0].content.short


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        ({"line": " "}, "请填写停电线路", "write the line"),
        ({"area": ""}, "请填写停电区域", "write the area"),
        ({"area": "路" * 501}, "停电区域最多 500 字", "at most 500"),
        ({"reason": ""}, "请填写停电原因", "write the reason"),
        ({"kind": "party"}, "请选择停电类型", "planned, temporary or emergency"),
        ({"starts": None}, "请填写停电开始和结束时间", "when the outage begins and ends"),
        ({"ends": DRAFT.starts}, "结束时间须晚于开始时间", "after the beginning"),
        ({"ends": at("2027-12-05T17:00")}, "停电不能超过 31 天", "more than 31 days"),
        ({"starts": at("2026-11-26T11:00")}, "须在停电开始前公告", "before it begins"),
        ({"starts": at("2028-12-05T08:00"), "ends": at("2028-12-05T09:00")}, "离现在太远", "too far"),
        ({"announced": at("2026-11-26T12:01")}, "公告时间不能晚于现在", "cannot lie in the future"),
        ({"customers": ("院" * 121,)}, "重要客户名称最多 120 字", "at most 120"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_said_in_both_languages(change: dict[str, object], zh: str, en: str) -> None:
    with pytest.raises(ActionRefused) as refused:
        announce(replace(DRAFT, **change), SUPERVISOR, DAYS, ZONE)  # type: ignore[arg-type]
    assert zh in refused.value.zh and en in refused.value.en


def test_operators_read_notices_and_do_not_write_them() -> None:
    operator = By("李强", "operator", NOW)
    standing = Standing(NOW - 60_000, customers=1)
    for act in (
        lambda: announce(DRAFT, operator, DAYS, ZONE),
        lambda: tell(standing, 1, "phone", "told", None, operator),
        lambda: restore(standing, None, operator),
        lambda: withdraw(standing, "写错了", operator),
    ):
        with pytest.raises(ActionRefused, match="only leads and supervisors"):
            act()


def test_power_is_back_once_after_it_went_and_a_notice_of_a_running_outage_is_the_supervisors_to_withdraw() -> None:
    ahead, running = Standing(NOW + 3_600_000), Standing(NOW - 3_600_000)
    assert (ahead.state(NOW), running.state(NOW)) == ("ahead", "now")
    with pytest.raises(ActionRefused, match="before the outage began"):
        restore(ahead, None, LEAD)
    done = replace(running, restored=restore(running, None, LEAD).content.restored)
    assert done.state(NOW) == "over"
    with pytest.raises(ActionRefused, match="already"):
        restore(done, None, LEAD)
    with pytest.raises(ActionRefused, match="only a supervisor"):
        withdraw(running, "线路写错", LEAD)
    assert withdraw(running, "线路写错", SUPERVISOR).reason == withdraw(ahead, "线路写错", LEAD).reason == "线路写错"
    with pytest.raises(ActionRefused, match="was withdrawn"):
        tell(replace(ahead, withdrawn=NOW), 1, "phone", "told", None, LEAD)
