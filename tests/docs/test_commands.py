"""docs/commands.md names no command and no option there is not (the other way round: tests/cli/test_commands.py)."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tests.cli.test_commands import ALL

PAGE = Path(__file__).parents[2].joinpath("docs", "commands.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### hotline ([^\n]+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = {" ".join(path): command for path, command in ALL}
PROSE = re.compile(r"```.*?```", re.DOTALL)  # transcripts may show other programs


def test_every_documented_command_exists() -> None:
    assert set(SECTIONS) == set(COMMANDS)


@pytest.mark.parametrize("name", SECTIONS)
def test_every_documented_option_exists(name: str) -> None:
    known = {opt for each in COMMANDS[name].params if isinstance(each, click.Option) for opt in each.opts}
    told = set(re.findall(r"`(--[\w-]+)", PROSE.sub("", SECTIONS[name])))
    assert told <= known | {"--help"}
