"""`hotline flow check` shows how the texts of hotline.toml will be spoken, and refuses what cannot be said."""

from __future__ import annotations

from pathlib import Path

from hotline.cli import texts
from hotline.config.file import load, template
from ivr.phrases import Phrases

SETTINGS = """[unit]
name = "示范市12345热线"
name_en = "Model City 12345 hotline"

[windows.general]
name = "综合窗口"
seats = ["101"]

[windows.repair]
name = "{repair}"
name_en = "{repair_en}"
seats = ["101"]

[seats.101]
secret = "long enough"
"""


def written(folder: Path, repair: str, repair_en: str) -> list[texts.FreeText]:
    file = folder / "hotline.toml"
    file.write_text(SETTINGS.format(repair=repair, repair_en=repair_en), encoding="utf-8")
    return list(texts.of_settings(load(file, environ={})))


def test_each_text_is_shown_as_it_will_be_heard(tmp_path: Path) -> None:
    shown = [str(text) for text in written(tmp_path, "3-5号楼", "Buildings 3-5")]
    assert "hotline.toml:2: unit.name: 示范市12345热线 → 示范市幺二三四五热线" in shown
    assert (
        "hotline.toml:3: unit.name_en: Model City 12345 hotline → Model City one two three four five hotline" in shown
    )
    assert "hotline.toml:10: windows.repair.name: 3-5号楼 → 三到五号楼" in shown
    assert "hotline.toml:11: windows.repair.name_en: Buildings 3-5 → Buildings three to five" in shown


def test_what_cannot_be_said_is_refused_with_its_line_and_a_remedy(tmp_path: Path) -> None:
    found = texts.problems(written(tmp_path, "抢修😀", "抢修"))
    assert found == [
        f"hotline.toml:10: windows.repair.name: cannot be said in Chinese: 😀 (U+1F600) → {texts.REMEDY}",
        f"hotline.toml:11: windows.repair.name_en: cannot be said in English: 抢 (U+62A2) 修 (U+4FEE) → {texts.REMEDY}",
    ]


def test_a_character_that_the_voice_does_not_know_is_refused(tmp_path: Path) -> None:
    own = written(tmp_path, "宆山故障报修", "Repairs")
    assert texts.problems(own) == []
    assert texts.unspoken(load(tmp_path / "hotline.toml", environ={}), own) == [
        f"hotline.toml:10: windows.repair.name: espeak-ng has no sound for 宆 → {texts.OTHER_VOICE}"
    ]


def test_the_shipped_texts_and_phrases_can_be_said() -> None:
    assert "[unit]" in template()
    phrases = list(texts.of_phrases(Phrases.load()))
    assert texts.problems([*texts.of_settings(load(environ={})), *phrases]) == []
    assert all(int(text.where.rpartition(":")[2]) > 1 for text in phrases)
