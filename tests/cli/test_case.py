"""``hotline case`` and ``hotline sweep``: the rules of the panel in the terminal, refusals with a reason and a code."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hotline.cli import main

Run = Callable[..., Result]


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hotline in an empty folder with an operator li and a lead wang: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("hotline")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
            patch.delenv(name)
        for command in (("init",), ("db", "upgrade"), ("user", "add", "li"), ("user", "add", "wang", "--role", "lead")):
            assert run(*command).exit_code == 0
    assert str(folder) not in (folder / "hotline.toml").read_text("utf-8")
    return folder


@pytest.fixture
def hotline(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``hotline("case", "list")``: in a hotline of one's own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return run


def letter(hotline: Run, *more: str) -> str:
    """A letter is taken; its case's number."""
    made = hotline("case", "new", "complaint", "--text", "-", "--as", "li", *more, stdin="来信反映态度问题")
    assert made.exit_code == 0, made.output
    return made.stdout.split(",")[0].strip()


def test_a_letter_is_taken_worked_on_and_shown(hotline: Run) -> None:
    number = letter(hotline, "--number", "13800001111")
    fields = ("urgency=urgent", "window=complaint", "category=attitude")
    assert f"{number}: classified" in hotline("case", "do", number, "classify", *fields, "--as", "li").output
    shown = json.loads(hotline("case", "show", number, "--json").output)
    assert [step["action"] for step in shown["steps"]] == ["case_opened", "case_noted", "case_classified"]
    assert "assign" in shown["possible"]["operator"] and "supervise" not in shown["possible"]["operator"]
    assert "来信" not in hotline("case", "show", number).output  # texts stay where they are
    assert number in hotline("case", "list", "--open").output


def test_the_query_code_of_an_anonymous_report_is_told_once(hotline: Run) -> None:
    made = hotline("case", "new", "report", "--anonymous", "--text", "匿名来信", "--as", "li")
    code = re.search(r"query code 查询码 ([1-9]\d{7}):", made.stdout)
    assert made.exit_code == 0 and code
    number = made.stdout.split(",")[0].strip()
    assert code[1] not in hotline("case", "show", number, "--json").output
    assert "query code" not in hotline("case", "new", "complaint", "--text", "来信", "--as", "li").output


def test_a_refusal_is_told_with_exit_code_1_and_changes_nothing(hotline: Run) -> None:
    number = letter(hotline)
    refused = hotline("case", "do", number, "close", "--as", "li")
    assert refused.exit_code == 1 and "Refused: " in refused.output and "it must be replied" in refused.output
    assert json.loads(hotline("case", "show", number, "--json").output)["status"] == "received"


def test_wrong_words_are_usage_errors_that_name_the_right_ones(hotline: Run) -> None:
    number = letter(hotline)
    for arguments, remedy in (
        (("do", number, "flag", "colour=red", "--as", "li"), "flag takes flag, reason"),
        (("do", number, "flag", "major", "--as", "li"), "FIELD=VALUE"),
        (("do", number, "accept", "--as", "nobody"), "there is no account nobody"),
        (("show", "123"), "there is no case 123"),
    ):
        answer = hotline("case", *arguments)
        assert answer.exit_code == 2 and remedy in answer.output


def test_a_case_is_handed_only_to_somebody_there_is(hotline: Run) -> None:
    assert hotline("user", "add", "王芳").exit_code == 0
    number = letter(hotline)
    fields = ("urgency=ordinary", "window=complaint", "category=attitude")
    assert hotline("case", "do", number, "classify", *fields, "--as", "li").exit_code == 0
    for given in (("handler=王方",), ("handler=li", "co_handlers=王方")):
        refused = hotline("case", "do", number, "assign", *given, "--as", "wang")
        assert refused.exit_code == 1 and "there is no account or window '王方'" in refused.output
        assert "near: 王芳" in refused.output
        assert json.loads(hotline("case", "show", number, "--json").output)["status"] == "classified"
    done = hotline("case", "do", number, "assign", "handler=wf", "--as", "wang")
    assert done.exit_code == 0 and "told: 王芳" in done.output
    assert json.loads(hotline("case", "show", number, "--json").output)["handler"] == "王芳"


def test_another_case_of_the_same_number_is_told(hotline: Run) -> None:
    first = letter(hotline, "--number", "13800001111")
    again = hotline(
        "case", "new", "enquiry", "--text", "再次来信", "--number", "138 0000 1111", "--channel", "visit", "--as", "li"
    )
    assert f"the same number: {first} (complaint, received)" in again.output


def test_s4_33_a_number_that_cannot_be_called_back_is_said_and_what_is_none_is_refused(hotline: Run) -> None:
    told = hotline("case", "new", "enquiry", "--text", "来信", "--number", "400-123-4567", "--as", "li")
    assert told.exit_code == 0 and "cannot be called back: " in told.output and "不在允许外呼" in told.output
    for written, why in (("13800001111/13900002222", "two numbers"), ("87654321转801", "extension"), ("八六", "八")):
        refused = hotline("case", "new", "enquiry", "--text", "来信", "--number", written, "--as", "li")
        assert refused.exit_code == 1 and "Refused: " in refused.output and why in refused.output


def test_who_is_to_be_called_is_listed_without_numbers_and_attempts_are_noted(hotline: Run) -> None:
    letter(hotline, "--number", "13800001111")
    listed = hotline("callbacks", "list", "answer", "--json")
    entry = json.loads(listed.output)[0]
    assert "13800001111" not in listed.output
    assert "again from" in hotline("callbacks", "record", entry["callback"], "busy", "--as", "li").output
    told = hotline("callbacks", "record", entry["callback"], "reached", "--text", "已答复", "--as", "li")
    assert "reached: reached" in told.output
    assert json.loads(hotline("callbacks", "list", "answer", "--json").output) == []


def test_lis_6_what_no_citizen_should_hear_is_shown_with_the_better_wording_before_it_is_saved(hotline: Run) -> None:
    number = letter(hotline, "--number", "13800001111")
    for action, more in (("reply", ["evidence=文号 3"]), ("note", [])):
        do = ("case", "do", number, action, "text=这事情不属于我们管，你去问别人。", *more, "--as", "li")
        refused = hotline(*do)
        assert refused.exit_code == 1 and "对不起，您咨询的问题由××窗口负责" in refused.output
        assert "--worded" in refused.output
    steps = json.loads(hotline("case", "show", number, "--json").output)["steps"]
    assert [step["action"] for step in steps] == ["case_opened", "case_noted"]
    callback = json.loads(hotline("callbacks", "list", "answer", "--json").output)[0]["callback"]
    called = ("callbacks", "record", callback, "reached", "--text", "急什么，我不知道。", "--as", "li")
    refused = hotline(*called)
    assert refused.exit_code == 1 and "“急什么”" in refused.output
    assert "reached: reached" in hotline(*called, "--worded").output
    assert json.loads(hotline("case", "show", number, "--json").output)["status"] == "replied"


def test_lis_6_colleagues_are_told_in_any_words(hotline: Run) -> None:
    done = hotline("case", "do", letter(hotline), "flag", "flag=hot", "reason=来电人说：不归你们管", "--as", "li")
    assert done.exit_code == 0


def test_one_sweep_says_what_it_did(hotline: Run) -> None:
    number = letter(hotline)
    hotline("sweep", "--once")  # what the time of year brings, such as next year's missing calendar
    hotline("case", "do", number, "flag", "flag=major", "reason=涉及多人", "--as", "li")
    assert hotline("sweep", "--once").output == "2 done, 0 problems.\n"  # the lead's and the supervisor's notice
    assert hotline("sweep", "--once").output == "0 done, 0 problems.\n"


def test_a_sweep_that_cannot_send_exits_with_1(hotline: Run) -> None:
    hotline("sweep", "--once")  # what the time of year brings goes nowhere yet
    config = Path("hotline.toml")
    hook = '[notify]\nwebhook_url = "http://127.0.0.1:1/x"\nwebhook_secret = "a secret of enough length"\n#'
    config.write_text(config.read_text("utf-8").replace("[notify]", hook, 1), "utf-8")
    hotline("case", "do", letter(hotline), "flag", "flag=hot", "reason=多人反映", "--as", "li")
    swept = hotline("sweep", "--once")
    assert swept.exit_code == 1 and "1 problems" in swept.output
