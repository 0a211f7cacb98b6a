"""Chinese in Latin letters: read as phrases are, with only those phrases in memory that are needed."""

from __future__ import annotations

import pytest
from pypinyin.phrases_dict import phrases_dict

from ivr.pinyin import _phrases, initials, spelled


@pytest.mark.parametrize(
    ("text", "whole", "first"),
    [
        ("王芳", "wangfang", "wf"),
        ("重庆供电", "chongqinggongdian", "cqgd"),
        ("重量", "zhongliang", "zl"),
        ("Li 3", "Li 3", "Li 3"),
        ("", "", ""),
    ],
)
def test_a_text_is_spelled_whole_and_by_initials(text, whole, first):
    assert (spelled(text), initials(text)) == (whole, first)


def test_the_phrases_of_a_character_are_all_that_begin_with_it():
    firsts = set("重王行𠀀")
    assert _phrases(firsts) == {phrase: read for phrase, read in phrases_dict.items() if phrase[0] in firsts}
