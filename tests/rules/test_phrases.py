"""Phrases by scene key, with their source (requirements A2)."""

import re
from datetime import date

import pytest

from ivr.phrases import PhraseError, Phrases
from tests.rules.conftest import UNIT, UNIT_EN

VERBATIM = {
    "greet.std": ("S4-29", f"您好，这里是{UNIT}办事窗口，请问有什么可以帮助您的？"),
    "greet.ask": ("S4-35", "您好，请问有什么可以帮助您的？"),
    "late.main": ("S4-53", "很抱歉，让您久等了。"),
    "ask.repeat": ("S0 电话(三)", "对不起，我没听清楚，请您重复一遍，好吗？"),
    "confirm": ("S4-29", "您看是这个问题吗？"),
    "hold.1": ("S4-52", "请稍候，我们马上为您办理！"),
    "cmp.thanks": ("S4-59; S4-31", "您反映的情况我们将立即核实并尽快落实，谢谢您对我们工作的支持。"),
    "cmp.opinion": ("S4-59", "谢谢您的意见。有不妥的地方，请批评指正。"),
    "fault.1": ("S4-55", "对不起，电脑出现故障，正在检修，请稍等。"),
    "bye.2": ("S1 二.7", "很高兴为您服务，欢迎您有事再来。"),
    "notice.recording": ("A2.15", f"您好，这里是{UNIT}。为保证服务质量，本次通话将被录音。"),
    "direct.human": ("A2.15", "正在为您接通人工服务，请稍候。"),
    "menu.retry": ("A2.15", "对不起，我没听清楚，请您再选一次；人工服务，请按0。"),
    "report.confidential": ("A2.15", "您可以不留姓名。您的信息我们会依法保密。"),
}
SAMPLE = {
    "": "样品",
    "date": "2026-11-26",
    "digits": "2611260013",
    "phone": "13800138000",
    "count": "3",
    "minutes": "5",
    "key": "1",
    "phrase": "label.repair",
}


@pytest.mark.parametrize("key", VERBATIM)
def test_grt_1_the_sources_words_are_said_verbatim_and_name_their_clause(phrases, key):
    assert (phrases.source(key), phrases.text(key)) == VERBATIM[key]


def test_every_scene_of_the_library_is_there(phrases):
    scenes = "greet late ask confirm hold xfer who absent wrong later miss fix cmp sorry fault done bye thanks out"
    have = {p.key.split(".")[0] for p in phrases}
    assert set(scenes.split()) <= have


def test_every_phrase_names_its_source_and_its_use(phrases):
    assert all(p.source and p.use in ("I", "O", "B") for p in phrases)
    assert {p.key for p in phrases if p.source.startswith("A2.15")} <= {p.key for p in phrases if p.proposed}


def test_what_the_hotline_speaks_exists_in_english_with_the_same_arguments(phrases):
    for phrase in phrases:
        if phrase.use == "O":
            continue
        assert phrase.placeholders("en") == phrase.placeholders("zh-CN"), phrase.key
        assert not re.search(r"[\u4e00-\u9fff]", phrase.text["en"]), phrase.key


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_every_phrase_can_be_said_and_leaves_no_placeholder(phrases, lang):
    for phrase in phrases:
        args = {name: SAMPLE[kind] for name, kind in phrase.placeholders().items()}
        assert "{" not in phrases.text(phrase.key, args, lang), phrase.key


def test_chinese_phrases_use_chinese_punctuation(phrases):
    for phrase in phrases:
        bare = re.sub(r"\{[^}]*\}", "", phrase.text["zh-CN"])
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]|稍侯", bare), phrase.key


def test_arguments_are_said_by_their_type(phrases):
    assert phrases.text("case.number", {"number": "2611260013"}) == "您的受理编号是二六幺，幺二六，零零幺三。"
    assert phrases.text("queue.position", {"n": "2", "m": "12"}).startswith(
        "很抱歉，让您久等了。您前面还有两位，预计等候十二分钟。"
    )
    due = phrases.text("case.due.complaint", {"due": "2026-11-26"}, "zh-CN", date(2026, 11, 21))
    assert due == "您的投诉我们已受理，将于十一月二十六日前给您答复。"
    assert UNIT_EN in phrases.text("greet.std", {}, "en")


def test_a_menu_item_takes_a_label_by_key_or_a_text_of_ones_own(phrases):
    assert phrases.text("menu.item", {"what": "label.repair", "key": "1"}) == "故障报修，请按1。"
    assert phrases.text("menu.item", {"what": "水费", "key": "#"}) == "水费，请按井号键。"
    assert phrases.text("menu.item", {"what": "label.repair", "key": "*"}, "en") == (
        "For fault repair, press the star key."
    )


def test_an_unknown_key_names_the_nearest(phrases):
    with pytest.raises(PhraseError, match=r"no phrase 'late.mian': did you mean late\.main"):
        phrases.text("late.mian")


@pytest.mark.parametrize(
    ("key", "args", "message"),
    [
        ("case.number", {}, r"'case.number': argument 'number' is missing"),
        ("hold.1", {"n": "1"}, r"'hold.1' has no argument 'n' \(it takes none\)"),
        ("case.number", {"number": "12a"}, r"'case.number', argument 'number': cannot say '12a'"),
        ("queue.position", {"n": "many", "m": "1"}, r"argument 'n'"),
    ],
)
def test_a_wrong_argument_is_named(phrases, key, args, message):
    with pytest.raises(PhraseError, match=message):
        phrases.text(key, args)


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_static_texts_are_all_that_can_be_made_into_audio_beforehand(phrases, lang):
    texts = phrases.static_texts(lang)
    assert len(texts) == len(set(texts))
    assert not [t for t in texts if "{" in t]
    assert phrases.text("late.main", {}, lang) in texts
    assert phrases.text("menu.item", {"what": "label.person", "key": "0"}, lang) in texts
    assert phrases.text("menu.item", {"what": "category.more", "key": "5"}, lang) in texts
    assert ("幺" if lang == "zh-CN" else "one") in texts
    assert phrases.text("explain") not in texts  # an operator's words


def test_an_override_replaces_a_text_and_keeps_its_source(tmp_path):
    (tmp_path / "zh-CN.yaml").write_text('greet.ask: "您好，{unit}为您服务。"\nour.own: "欢迎。"\n', "utf-8")
    phrases = Phrases.load(overrides=tmp_path, variables={"unit": UNIT})
    assert phrases.text("greet.ask") == f"您好，{UNIT}为您服务。"
    assert phrases.source("greet.ask") == "S4-35"
    assert (phrases.text("our.own"), phrases.source("our.own")) == ("欢迎。", "project")
    assert phrases.text("our.own", {}, "en") == "欢迎。"  # no English: better Chinese than silence


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [1, 2]", "phrase 'a': write"),
        ("a: {text: x, colour: red}", "unknown field 'colour'"),
        ("a: {text: x, use: Z}", "use must be one of I, O, B"),
        ('a: "{due:dat}"', "no such type"),
        ('a: "{due"', "stray"),
        ("a: 'x", "not readable as YAML"),
        ("- a", "expected lines"),
    ],
)
def test_a_mistake_in_a_file_names_file_and_key(tmp_path, content, message):
    (tmp_path / "zh-CN.yaml").write_text(content, "utf-8")
    with pytest.raises(PhraseError, match=message) as caught:
        Phrases.load(overrides=tmp_path)
    assert "zh-CN.yaml" in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PhraseError, match="no such folder"):
        Phrases.load(overrides=tmp_path / "gone")


def test_a_phrase_without_chinese_is_refused(tmp_path):
    (tmp_path / "en.yaml").write_text('only.english: "Hi."', "utf-8")
    with pytest.raises(PhraseError, match="no Chinese text"):
        Phrases.load(overrides=tmp_path)
