"""What people write into settings is said as a person would say it, by any voice, in both languages (LIS-2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import spoken
from ivr.phrases import Phrases
from ivr.speech.normaliser import said, unsayable

CHINESE = {
    "95598供电服务热线": "九五五九八供电服务热线",
    "请拨打110、119或120": "请拨打幺幺零、幺幺九或幺二零",
    "10 kV线路，110kV变电站": "十千伏线路，一百一十千伏变电站",
    "110千伏变电站": "一百一十千伏变电站",
    "2026年11月28日": "二零二六年十一月二十八日",
    "2026-11-28": "二零二六年十一月二十八日",
    "2026/1/5": "二零二六年一月五日",
    "2026-2028年": "二零二六到二零二八年",
    "08:30-17:30": "八点三十分到十七点三十分",
    "工作日08:30-12:00，13:30-17:30": "工作日八点三十分到十二点，十三点三十分到十七点三十分",
    "8：05～9：00": "八点零五分到九点",
    "3-5号楼": "三到五号楼",
    "3—5天": "三到五天",
    "3至5个工作日": "三到五个工作日",
    "3-2-501": "三杠二杠五零幺",
    "A座1203室": "A座幺二零三室",
    "A座": "A座",
    "B2层": "B二层",
    "100 %": "百分之一百",
    "99.9%": "百分之九十九点九",
    "10%-20%": "百分之十到二十",
    "5‰": "千分之五",
    "¥12.50": "十二点五零元",
    "￥1,000元": "一千元",
    "2元": "两元",
    "12,345.60元": "一万二千三百四十五点六零元",
    "2个工作日": "两个工作日",
    "2号窗口": "二号窗口",
    "2楼": "二楼",
    "第2窗口": "第二窗口",
    "1/2": "二分之一",
    "1:2": "一比二",
    "-5℃": "零下五摄氏度",
    "25℃": "二十五摄氏度",
    "13800138000": "幺三八，零零幺三，八零零零",
    "138 0013 8000": "幺三八，零零幺三，八零零零",
    "0755-81234567": "零七五五，八幺二三，四五六七",
    "（023）62345678转801": "零二三，六二三四，五六七八转八零幺",
    "400-123-4567": "四零零，幺二三，四五六七",
    "+86 138 0013 8000": "幺三八，零零幺三，八零零零",
    "+1 212 555 0100": "加幺，二幺二，五五五，零幺零零",
    "12315": "幺二三幺五",
    "10086": "幺零零八六",
    "12000户": "一万二千户",
    "2000": "二千",
    "007": "零零七",
    "３０１室": "三零幺室",
    "①": "一",
    "Ⅲ段": "三段",
    "0.58元/kWh": "零点五八元每千瓦时",
    "220V": "二百二十伏",
    "10A": "十安",
    "35kV及以上": "三十五千伏及以上",
    "G318国道": "G三幺八国道",
    "VIP客户": "V I P客户",
    "WiFi": "WiFi",
    "www.95598.cn": "W W W点九五五九八点C N",
    "a@b.cn": "a艾特b点C N",
    "24小时": "二十四小时",
    "7×24小时": "七乘二十四小时",
    "《办法》（试行）": "办法，试行",
    "1203号": "幺二零三号",
    "中山路12号": "中山路十二号",
    "5号线": "五号线",
    "3.14": "三点一四",
    "1.2.3": "一点二点三",
    "5-3": "五杠三",
    "2:00": "两点",
    "24:00": "二十四点",
    "0:30": "零点三十分",
    "50多人": "五十多人",
    "20路": "二十路",
    "100-200元": "一百到二百元",
    "220-380V": "二百二十到三百八十伏",
    "早8点-晚6点": "早八点到晚六点",
    "周一至周五 8:30—17:30（节假日除外）": "周一至周五八点三十分到十七点三十分，节假日除外",
    "C区3栋2单元": "C区三栋二单元",
    "5G": "五G",
    "4S店": "四S店",
    "110路公交车": "一百一十路公交车",
    "户号0123456789": "户号零幺二三四五六七八九",
    "按1，按0": "按一，按零",
    "30日内": "三十日内",
    "2日": "二日",
    "2月2日": "二月二日",
    "2万元": "两万元",
    "1.5万": "一点五万",
    "1000人": "一千人",
    "60%以上": "百分之六十以上",
    "(一)": "一",
    "1＋1＝2": "一加一等于二",
    "#键": "井号键",
    "*键": "星号键",
    "12345政务服务便民热线": "幺二三四五政务服务便民热线",
    "示范市12345热线": "示范市幺二三四五热线",
    "客服QQ群 123456789": "客服Q Q群幺二三四五六七八九",
    "每月1-5日": "每月一到五日",
    "周六、周日10:00-16:00": "周六、周日十点到十六点",
    "电话：0398-2345678转8": "电话：零三九八，二三四，五六七八转八",
    "380 V/220 V": "三百八十伏或二百二十伏",
    "停电2.5小时": "停电二点五小时",
    "0.5‰": "千分之零点五",
    "第12批": "第十二批",
    "2至3次": "二到三次",
    "零点": "零点",
    "1/3": "三分之一",
    "±5%": "正负百分之五",
    "5㎡": "五平方米",
    "½": "二分之一",
    "2022—2025年": "二零二二到二零二五年",
    "供电所（东区）": "供电所，东区",
    "“放管服”改革": "放管服改革",
    "E-mail": "E mail",
    "12306": "幺二三零六",
    "96598": "九六五九八",
    "114": "幺幺四",
    "8:00~20:00": "八点到二十点",
    "30 min": "三十分钟",
    "7*24小时": "七乘二十四小时",
    "星期一—星期五": "星期一到星期五",
    "二○二六年": "二零二六年",
    "二〇二六年": "二零二六年",
    "第3-5条": "第三到五条",
    "第12条": "第十二条",
    "№5": "五号",
    "№ 12窗口": "十二号窗口",
    "No.3窗口": "三号窗口",
    "ⅲ段": "三段",
    "①②③": "一、二、三",
    "①2个②3个": "一、两个二、三个",
    "ⅠⅡ段": "一、二段",
    "1½": "一又二分之一",
    "3·15活动": "三一五活动",
    "3#楼": "三号楼",
    "#3机组": "三号机组",
    "A3-501": "A三杠五零幺",
    "110/35/10kV": "一百一十或三十五或十千伏",
    "10/0.4kV": "十或零点四千伏",
    "0.4kV": "零点四千伏",
    "50Hz": "五十赫兹",
    "24H服务": "二十四小时服务",
    "周1-周5": "周一到周五",
    "地下-1层": "地下负一层",
    "-5~10℃": "负五到十摄氏度",
    "3:1": "三比一",
    "1,234.5元": "一千二百三十四点五元",
    "400-810-1234": "四零零，八幺零，幺二三四",
    "㼆村供电所": "㼆村供电所",
    "１２３４５热线（２４小时）": "幺二三四五热线，二十四小时",
}

ENGLISH = {
    "Model City 12345 hotline": "Model City one two three four five hotline",
    "call 95598 or 110": "call nine five five nine eight or one one zero",
    "10 kV lines": "ten kilovolts lines",
    "110kV": "one hundred and ten kilovolts",
    "November 28, 2026": "November twenty-eight, twenty twenty-six",
    "2026-11-28": "November twenty-eighth, twenty twenty-six",
    "open 08:30-17:30": "open eight thirty in the morning to five thirty in the afternoon",
    "Mon–Fri 8:30–12:00": "Mon to Fri eight thirty in the morning to twelve noon",
    "3-5 days": "three to five days",
    "100 %": "one hundred per cent",
    "99.9%": "ninety-nine point nine per cent",
    "¥12.50": "twelve point five zero yuan",
    "1,000 users": "one thousand users",
    "12000 users": "twelve thousand users",
    "24 hours a day": "twenty-four hours a day",
    "+86 138 0013 8000": "one three eight, zero zero one three, eight zero zero zero",
    "0755-8123 4567": "zero seven five five, eight one two three, four five six seven",
    "400-123-4567": "four zero zero, one two three, four five six seven",
    "No. 5 building": "number five building",
    "3rd floor": "third floor",
    "-5": "minus five",
    "25 °C": "twenty-five degrees Celsius",
    "A&B Centre": "A and B Centre",
    "and/or": "and, or",
    "Room 3-2-501": "Room three, two, five zero one",
    "WiFi (free)": "WiFi, free",
    "don't press": "don't press",
    "press 0; press 1.": "press zero; press one.",
    "café": "café",
    "in 2026": "in twenty twenty-six",
    "1/2": "one over two",
    "0.58 yuan/kWh": "zero point five eight yuan per kilowatt-hour",
    "www.95598.cn": "www dot nine five five nine eight dot cn",
    "one-stop service": "one-stop service",
    "5G": "five G",
    "b2b": "b two b",
    "state-of-the-art": "state-of-the-art",
    "-5℃": "minus five degrees Celsius",
    "110/35/10kV": "one hundred and ten or thirty-five or ten kilovolts",
    "10/0.4kV": "ten or zero point four kilovolts",
    "A3-501": "A three dash five zero one",
    "ratio 3:1": "ratio three to one",
    "1½ hours": "one and one over two hours",
    "①②": "one, two",
    "gates 1、2、3": "gates one, two, three",
    "Open： 9:00": "Open: nine in the morning",
}


@pytest.mark.parametrize("text", CHINESE)
def test_a_chinese_text_is_said_in_words(text: str) -> None:
    assert said(text, "zh-CN") == CHINESE[text]
    assert unsayable(text, "zh-CN") == ()


@pytest.mark.parametrize("text", ENGLISH)
def test_an_english_text_is_said_in_words(text: str) -> None:
    assert said(text, "en") == ENGLISH[text]
    assert unsayable(text, "en") == ()


@pytest.mark.parametrize(
    ("text", "lang", "unknown", "rest"),
    [
        ("示范😀路", "zh-CN", ("😀",), "示范路"),
        ("\U00020164里", "zh-CN", ("\U00020164",), "里"),  # a character beyond what any voice was taught
        ("ЖКХ", "zh-CN", ("Ж", "К", "Х"), ""),
        ("电力 office", "en", ("电", "力"), "office"),
        ("10²户", "zh-CN", ("^",), "十两户"),  # refused, and never said as a hundred and two
    ],
)
def test_what_cannot_be_said_is_named_and_left_out(text: str, lang: str, unknown: tuple[str, ...], rest: str) -> None:
    assert unsayable(text, lang) == unknown
    assert said(text, lang) == rest


@given(
    st.text(
        st.sampled_from("0123456789.-:/%,，（）()元年月日号室kVAmh第个 ~至Aa￥¥+℃１：²") | st.characters(), max_size=14
    )
)
def test_no_digit_is_left_to_the_voice(text: str) -> None:
    for lang in spoken.LANGS:
        assert not any(char.isdigit() for char in said(text, lang))


def test_what_the_hotline_says_in_words_already_is_said_as_it_is() -> None:
    phrases = Phrases.load(variables={"unit": "示例供电公司", "unit.en": "Model Power"})
    number = phrases.text("case.number", {"number": "2611260013"})
    due = phrases.text("case.due.complaint", {"due": "2026-12-03T17:30"})
    assert said(number, "zh-CN") == number
    assert said(due, "zh-CN") == due


def test_every_phrase_can_be_said() -> None:
    for phrase in Phrases.load():
        for lang in phrase.text:
            text = phrase.without_placeholders(lang)
            assert unsayable(text, lang) == ()
            assert said(text, lang)
