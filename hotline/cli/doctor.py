"""``hotline doctor``: each line ok, or what to do."""

from __future__ import annotations

import dataclasses
import sys

import click
from rich.console import Console

from hotline.asterisk.managed import as_running
from hotline.cli.common import FOUND, json_option, print_json, with_settings
from hotline.config.settings import Settings
from hotline.doctor.checks import answering, examine

STYLES = {"ok": "green", "warn": "yellow", "FAIL": "bold red"}


@click.command()
@click.option("--no-call", is_flag=True, help="Leave out the test call.")
@click.option("--alive", is_flag=True, help="Only whether calls and panel are answered now; for health checks.")
@json_option
@with_settings("engine", "flow", "profile", "sip", "rtp", "panel", "data")
def doctor(settings: Settings, no_call: bool, alive: bool, as_json: bool) -> None:
    """Find out what is wrong, with a real test call and a key press.

    The call goes into the running hotline, else into a temporary one; it counts as a test call. Exit
    code 1 when a line says FAIL; warnings alone are 0.

    \b
    Example: hotline doctor
             hotline doctor --json --no-call
             hotline doctor --alive
    """
    console = Console(highlight=False, soft_wrap=True)
    lines = []
    settings = as_running(settings)
    for line in answering(settings) if alive else examine(settings, call=not no_call):
        lines.append(line)
        if not as_json:
            console.print(f"  [{STYLES[line.level]}]{line.level:<4}[/]  {line.what:<10}", end="")
            console.print(line.text, markup=False)
            if line.todo:
                console.print(f"                    -> {line.todo}", markup=False)
    failed = sum(line.level == "FAIL" for line in lines)
    if as_json:
        print_json([dataclasses.asdict(line) for line in lines])
    else:
        console.print("All well." if not failed else f"{failed} to be corrected.")
    if failed:
        sys.exit(FOUND)
