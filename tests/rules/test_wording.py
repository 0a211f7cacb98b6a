"""Forbidden phrases 服务忌语 and the rules of prompts (requirements A3)."""

import re
from importlib.resources import files

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ivr.phrases import Phrases
from ivr.wording import SOURCE, Wording, normalise
from tests.rules.conftest import UNIT, UNIT_EN

WORDING = Wording.load()
FORBIDDEN = [
    ("F01", "急什么！"),
    ("F02", "你烦不烦！"),
    ("F03", "不可能的。"),
    ("F04", "你不要再讲了。"),
    ("F05", "不要啰唆。"),
    ("F05", "不要啰嗦。"),
    ("F06", "这事情不属于我们管。"),
    ("F07", "不是告诉你了吗，怎么还问！"),
    ("F08", "我不知道。"),
    ("F08", "我不清楚。"),
    ("F09", "投诉是你的权利。"),
    ("F09", "你去投诉好了。"),
    ("F10", "我这里是没办法为你判定的，你可以到XX部门去"),
    ("F10", "我这里是没办法为您判定的，您可以到社会保险部门去"),
    ("F11", "我不知道，你去问别人"),
    ("F12", "有牌子、自己看"),
    ("F13", "快点我要下班了"),
    ("F14", "已经告诉你一遍了，还不懂"),
    ("F15", "没看我正忙着吗！"),
    ("F16", "还没上班，等等，上班再办！"),
    ("F17", "没叫你的号，谁叫你挤进来的！"),
    ("F18", "不知道，你别问我！"),
    ("F19", "墙上贴着呢，你自己看看，就知道了。"),
    ("F20", "不归我管，问别人去。"),
    ("F21", "不是已经给您说了吗？怎么还不清楚！"),
    ("F22", "不会填，找其他人去。"),
    ("F23", "急什么，这不是系统问题吗，我也急！"),
    ("F24", "瞎说什么，没看见我一直在忙吗？"),
    ("F25", "有意见，找领导去。"),
]
HARMLESS = [
    "我清楚了",
    "我明白了",
    "对不起，我没听清楚",
    "请别着急",
    "不要着急",
    "您咨询的问题由××窗口负责",
    "请您到××窗口办理",
    "如果有不明白的地方，您尽管问",
    "您可以不留姓名",
    "不客气",
    "不用谢",
]


def ids(text: str) -> set[str]:
    return {hit.id for hit in WORDING.forbidden(text)}


@pytest.mark.parametrize(("id", "text"), FORBIDDEN)
def test_a3_1_every_listed_phrase_is_found(id, text):
    assert id in ids(text)
    assert id in ids("喂，" + text.replace("，", "  ") + "就这样")


def test_a3_1_the_list_has_25_entries_each_with_source_and_replacement():
    assert {id for id, _ in FORBIDDEN} == {f"F{n:02}" for n in range(1, 26)}
    for _, text in FORBIDDEN:
        for hit in WORDING.forbidden(text):
            assert hit.source and hit.instead
            assert not WORDING.forbidden(hit.instead)


@pytest.mark.parametrize("text", HARMLESS)
def test_a3_2_prescribed_look_alikes_never_fire(text):
    assert not WORDING.forbidden(text)


def test_a3_2_the_fixtures_in_the_file_are_the_tested_ones():
    data = yaml.safe_load(files("callflows").joinpath(SOURCE).read_text("utf-8"))
    assert data["allowed"] == HARMLESS


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("这个不归我们管", "P1"),
        ("那不是咱们负责的", "P1"),
        ("你找别人去吧", "P2"),
        ("您急什么呀", "P3"),
        ("您自己看一下", "P4"),
        ("说过了怎么不懂", "P5"),
        ("这个不清楚", "P6"),
    ],
)
def test_a3_2_the_second_tier_finds_variants(text, id):
    assert id in ids(text)


def test_a3_2_not_knowing_with_a_promise_to_check_is_allowed():
    assert ids("这个不清楚") == {"P6"}
    assert not ids("这个暂时不清楚，核实后给您回电")


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("我 不 知 道", "F08"),
        ("我、不知道！", "F08"),
        ("妳煩不煩", "F02"),
        ("不要囉嗦", "F05"),
        ("投訴是您的權利", "F09"),
        ("有牌子自己看", "F12"),
    ],
)
def test_a3_2_spacing_punctuation_and_traditional_characters_do_not_hide_it(text, id):
    assert id in ids(text)


def test_a_hit_shows_where_it_stands_in_the_text():
    text = "好的，您 急什么！请等。"
    hit = WORDING.forbidden(text)[0]
    assert text[hit.start : hit.end] == hit.found == "急什么"


@given(st.text(alphabet="您你急什么不要啰唆嗦候侯，。！ ０Ａ×我知道", max_size=30))
def test_normalising_twice_changes_nothing_more(text):
    assert normalise(normalise(text)) == normalise(text)


def test_a3_2_6_every_shipped_prompt_passes(phrases):
    assert WORDING.check_prompts(phrases, UNIT, UNIT_EN) == []


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ("hold.1: 急什么，等着。", "error", "must not be said .*F01.* say instead: 请别着急"),
        ("hold.1: {text: 请稍候, also: [急什么]}", "error", "must not be said"),
        ("explain: 已经告诉你一遍了，还不懂", "error", "F14"),
        ("greet.std: 您好，请讲。", "error", "names the unit"),
        ('greet.std: "这里是{unit}，请讲。"', "error", "begins with 您好"),
        ("late.main: 请继续等候。", "error", "owed an apology"),
        ("queue.position: 前面还有人。", "error", "owed an apology"),
        ("direct.human: 现在正在为您把电话转接到我们的人工服务坐席上去。", "warning", "longer than 20"),
        ("direct.human: 请查询您的工单。", "warning", "jargon: '工单'"),
        ("direct.human: 现在办理有优惠。", "warning", "advertising: '优惠'"),
    ],
)
def test_a3_2_6_what_is_wrong_with_a_prompt_is_found(tmp_path, line, level, message):
    (tmp_path / "zh-CN.yaml").write_text(line, "utf-8")
    found = WORDING.check_prompts(Phrases.load(overrides=tmp_path, variables={"unit": UNIT}), UNIT, UNIT)
    key = line.split(":")[0]
    assert [f for f in found if f.key == key and f.level == level and re.search(message, f.message)], found
    assert str(found[0]).startswith(f"{level}: phrase {key} (zh-CN): ")
