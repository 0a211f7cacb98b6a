"""Every command helps, says what is wrong, and exits with a code that means something."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hotline.cli import COMMANDS, RENAMED, main
from tests.support.database import migrated
from tests.support.need import ROOT

DOC = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hotline(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin)


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with its path."""
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None, name
            yield from commands(command, (*path, name))
    else:
        yield path, group


ALL = list(commands(main))
NAMED = {"argnames": ("path", "command"), "argvalues": ALL, "ids": [" ".join(path) for path, _ in ALL]}


@pytest.mark.parametrize(**NAMED)
def test_every_command_has_help_with_an_example(path: tuple[str, ...], command: click.Command) -> None:
    result = hotline(*path, "--help")
    assert result.exit_code == 0
    assert f"Example: hotline {' '.join(path)}" in result.output


@pytest.mark.parametrize(**NAMED)
def test_every_command_and_option_is_in_the_docs(path: tuple[str, ...], command: click.Command) -> None:
    heading = f"### hotline {' '.join(path)}\n"
    assert heading in DOC, f"docs/commands.md has no {heading!r}"
    section = re.split(r"\n##", DOC.split(heading, 1)[1])[0]
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            long = max(parameter.opts, key=len)
            assert f"`{long}" in section or long in ("--config", "--data"), f"{heading}: {long} is not in the docs"


def test_the_list_of_commands_says_what_each_is_for() -> None:
    result = hotline("--help")
    for name, (_, text) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(text[:30])}", result.output, re.M)


def test_help_imports_nothing_heavy() -> None:
    """`hotline --help` answers at once: no web, sound or database package is loaded for it."""
    code = (
        "import sys\nfrom hotline.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('flask', 'numpy', 'sqlalchemy', 'aiosipua') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_an_unknown_command_is_answered_with_the_known_ones() -> None:
    result = hotline("srve")
    assert result.exit_code == 2
    assert 'there is no command "srve"' in result.output and "serve" in result.output


def test_wrong_settings_are_a_usage_error(here: Path) -> None:
    (here / "hotline.toml").write_text('[sip]\nlisten = "5060"\n')
    result = hotline("flow", "check")
    assert result.exit_code == 2 and "hotline.toml, line 2: sip.listen" in result.output


@pytest.mark.parametrize("command", ["serve", "calls", "panel"])
def test_running_without_a_settings_file_says_how_to_make_one(here: Path, command: str) -> None:
    result = hotline(command)
    assert result.exit_code == 2 and "hotline init" in result.output


def test_init_writes_the_file_once(here: Path) -> None:
    assert "written" in hotline("init").output
    before = (here / "hotline.toml").read_text()
    again = hotline("init")
    assert again.exit_code == 0 and "kept as it is" in again.output
    assert (here / "hotline.toml").read_text() == before


def test_init_where_nothing_can_be_written_cannot_run(here: Path) -> None:
    (here / "file").write_text("")
    result = hotline("init", "--config", "file/hotline.toml")
    assert result.exit_code == 3 and "--config" in result.output


# --- due ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "received", "due"),
    [  # requirements B8, column "roll"
        ("complaint", "2026-02-12", "2026-02-24"),
        ("complaint", "2026-04-30", "2026-05-06"),
        ("complaint", "2026-08-03", "2026-08-10"),
        ("report", "2026-09-24", "2026-10-08"),
        ("report", "2026-09-30", "2026-10-10"),
    ],
)
def test_cmp_1_due_prints_the_rolled_date(here: Path, kind: str, received: str, due: str) -> None:
    result = hotline("due", kind, received)
    assert (result.exit_code, result.stdout.strip()) == (0, due)


def test_due_explains_its_arithmetic(here: Path) -> None:
    result = hotline("due", "complaint", "2026-09-30", "--explain", "--lang", "en")
    assert "National Day" in result.output and result.stdout.strip().splitlines()[-1].startswith("Due: 2026-10-08")


def test_due_as_json_has_the_stricter_date_and_the_source(here: Path) -> None:
    data = json.loads(hotline("due", "complaint", "2026-02-12T10:00", "--json").stdout)
    assert (data["due"], data["unrolled"], data["provisional"]) == ("2026-02-24", "2026-02-17", False)
    assert data["source"] == "S2-1 §13(五)" and data["received"] == "2026-02-12T10:00+08:00"
    assert data["due_at"] == "2026-02-24T16:00:00+00:00"


def test_due_beyond_the_tables_warns_and_says_provisional(here: Path) -> None:
    arguments = ["due", "complaint", "2026-12-30", "--json", "--lang", "en"]
    done = subprocess.run([sys.executable, "-m", "hotline", *arguments], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["provisional"] is True
    assert "2027" in done.stderr


def test_due_for_an_unknown_kind_names_it_and_a_known_one(here: Path) -> None:
    result = hotline("due", "party", "now")
    assert result.exit_code == 2 and "party" in result.output and "report" in result.output


def test_due_with_a_date_that_is_none_says_what_to_write(here: Path) -> None:
    result = hotline("due", "complaint", "tomorrow")
    assert result.exit_code == 2 and "2026-09-24" in result.output


def test_due_with_an_unknown_profile_cannot_run(here: Path) -> None:
    result = hotline("due", "complaint", "now", "--profile", "mine")
    assert result.exit_code == 3 and "sgcc_window" in result.output


# --- database and accounts ----------------------------------------------------------------------


def test_the_database_is_made_once_and_then_up_to_date(here: Path) -> None:
    assert "was brought from schema (none)" in hotline("db", "upgrade").output
    assert "up to date" in hotline("db", "upgrade").output
    assert hotline("db", "upgrade", "--quiet").output == ""
    assert (here / "data").stat().st_mode & 0o077 == 0


def test_without_a_database_one_is_told_to_make_it(here: Path) -> None:
    result = hotline("show", "calls")
    assert result.exit_code == 3 and "hotline db upgrade" in result.output


def test_verify_and_rebuild_agree_on_a_healthy_database(here: Path) -> None:
    hotline("db", "upgrade")
    for command in ("verify", "rebuild"):
        result = hotline("db", command)
        assert result.exit_code == 0 and "Everything is what the journal says." in result.stdout


def test_an_account_is_added_listed_and_given_a_new_password(here: Path) -> None:
    migrated(here / "data")
    added = hotline("user", "add", "li.na", "--role", "lead", "--seat", "101")
    assert added.exit_code == 0 and re.search(r"password \(shown only now\): (\w{4}-){3}\w{4}", added.stdout)
    (row,) = json.loads(hotline("user", "list", "--json").stdout)
    assert (row["name"], row["role"], row["seat"], row["active"]) == ("li.na", "lead", "101", True)
    changed = hotline("user", "password", "li.na", "--password-stdin", stdin="Correct horse battery\n")
    assert changed.exit_code == 0 and "shown only now" not in changed.stdout


def test_an_account_gets_a_real_name_is_closed_opened_and_logged_out(here: Path) -> None:
    migrated(here / "data")
    assert hotline("user", "add", "li.na", "--full-name", "李 娜").exit_code == 0
    assert hotline("user", "rename", "li.na", "李娜").stdout == "li.na is called 李娜.\n"
    assert hotline("user", "close", "li.na").stdout == "li.na is closed.\n"
    (row,) = json.loads(hotline("user", "list", "--json").stdout)
    assert (row["full_name"], row["active"]) == ("李娜", False)
    assert hotline("user", "open", "li.na").exit_code == 0
    assert hotline("user", "log-out", "li.na").exit_code == 0
    (row,) = json.loads(hotline("user", "list", "--json").stdout)
    assert row["active"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "li.na"), "there is an account of that name already"),
        (("add", "a b"), "1 to 40 letters"),
        (("add", "bo", "--seat", "999"), 'there is no seat "999"'),
        (("add", "bo", "--password-stdin"), "at least 10 characters"),
        (("rename", "li.na", "x" * 81), "at most 80 characters"),
        (("close", "nobody"), 'there is no account "nobody"'),
        (("password", "nobody"), 'there is no account "nobody"'),
        (("token", "wall"), "give at least one --scope"),
        (("token", "wall", "--scope", "calls:read", "--days", "0"), "--days must be at least 1"),
        (("token", "wall", "--scope", "calls:read", "--days", "400"), "--days must be at most 366"),
    ],
)
def test_what_an_account_may_not_be_is_said_with_the_remedy(here: Path, arguments: tuple[str, ...], told: str) -> None:
    migrated(here / "data")
    assert hotline("user", "add", "li.na").exit_code == 0
    result = hotline("user", *arguments, stdin="short\n")
    assert result.exit_code == 2 and told in result.output


def test_a_token_is_shown_once(here: Path) -> None:
    migrated(here / "data")
    result = hotline("user", "token", "wall display", "--scope", "figures:read")
    assert result.exit_code == 0 and re.search(r"hl_\S{20,}", result.stdout)


def test_an_empty_hotline_shows_what_to_try(here: Path) -> None:
    migrated(here / "data")
    assert "hotline dial" in hotline("show", "calls").output
    assert json.loads(hotline("show", "calls", "--json").stdout) == []


# --- dial ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--keys", "1,dance"), 2, '"dance" is not understood'),
        (("--keys", "speak:absent.wav"), 2, "there is no sound file absent.wav"),
        (("tel:95598",), 2, "write sip:hotline@HOST:PORT"),
        (("--seat", "999", "--answer"), 2, 'there is no seat "999"'),
        (("--seat", "101", "--answer"), 3, "there is no hotline.toml here"),
    ],
)
def test_dial_says_what_is_wrong(here: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    result = hotline("dial", *arguments)
    assert result.exit_code == code and told in result.output


def test_dial_where_nothing_answers_says_how_to_start_the_hotline(here: Path, free_address) -> None:  # type: ignore[no-untyped-def]
    result = hotline("dial", f"sip:hotline@{free_address()}")
    assert result.exit_code == 3 and "hotline serve" in result.output


@pytest.mark.parametrize(("old", "new"), RENAMED.items(), ids=" ".join)
def test_an_old_spelling_works_and_names_the_new_one(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    now, before = (CliRunner().invoke(main, [*spelling, "--help"]) for spelling in (new, old))
    assert now.exit_code == before.exit_code == 0
    assert before.output == f"hint: `hotline {' '.join(old)}` is now `hotline {' '.join(new)}`\n{now.output}"
