"""Shared by all commands: options of the settings, exit codes, printing as JSON."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hotline.config.file import load
from hotline.config.settings import CONFIG_VARIABLE
from hotline.errors import CannotRun as CannotRun

FOUND = 1  # exit code: it ran, and found something that needs attention
CANNOT_RUN = 3  # exit code: something it needs is not there


_CONFIG = click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help=f"Settings file [{CONFIG_VARIABLE}]."
)
_HELP = {
    "engine": ("NAME", "What answers the calls [HOTLINE_ENGINE]."),
    "flow": ("NAME", "The call flow [HOTLINE_FLOW]."),
    "profile": ("NAME", "The rules that count [HOTLINE_PROFILE]."),
    "sip": ("HOST:PORT", "Where calls arrive [HOTLINE_SIP]."),
    "rtp": ("FROM-TO", "UDP ports for sound [HOTLINE_RTP]."),
    "panel": ("HOST:PORT", "Where the browser goes [HOTLINE_PANEL]."),
    "data": ("DIR", "Where everything is kept [HOTLINE_DATA]."),
}


def with_settings(*names: str, need_file: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Give a command ``settings``, and the options ``names`` (and ``--config``) that change them."""

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def command(config: Path | None, **kwargs: Any) -> Any:
            given = {name: kwargs.pop(name) for name in names}
            return function(settings=load(config, given, need_file=need_file), **kwargs)

        decorated: Any = _CONFIG(command)
        for name in reversed(names):
            metavar, text = _HELP[name]
            decorated = click.option(f"--{name}", metavar=metavar, help=text)(decorated)
        return decorated

    return decorate


# For a hotline that runs: all options, and a settings file must exist (the seats' secrets are in it).
running = with_settings(*_HELP, need_file=True)
# For commands that look or prepare.
looking = with_settings("data")


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one document.")


def print_json(value: object) -> None:
    """Print a JSON document: UTF-8, keys in the order they were built."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
