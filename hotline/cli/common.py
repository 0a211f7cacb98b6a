"""What all commands share: the settings' options, exit codes, and printing as JSON."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hotline.errors import CannotRun as CannotRun
from hotline.settings import CONFIG_VARIABLE, Settings, load

FOUND = 1  # exit code: it ran, and found something that needs attention
USAGE = 2  # exit code: wrong command line or settings
CANNOT_RUN = 3  # exit code: something it needs is not there


_CONFIG = click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help=f"Settings file [{CONFIG_VARIABLE}]."
)
_DATA = click.option("--data", metavar="DIR", help="Where everything is kept [HOTLINE_DATA].")
_OPTIONS = (
    click.option("--engine", metavar="NAME", help="What answers the calls [HOTLINE_ENGINE]."),
    click.option("--flow", metavar="NAME", help="The call flow [HOTLINE_FLOW]."),
    click.option("--profile", metavar="NAME", help="The rules that count [HOTLINE_PROFILE]."),
    click.option("--sip", metavar="HOST:PORT", help="Where calls arrive [HOTLINE_SIP]."),
    click.option("--rtp", metavar="FROM-TO", help="UDP ports for sound [HOTLINE_RTP]."),
    click.option("--panel", metavar="HOST:PORT", help="Where the browser goes [HOTLINE_PANEL]."),
)


def _with_settings(options: tuple[Any, ...], need_file: bool) -> Callable[[Callable[..., Any]], Any]:
    names = ("engine", "flow", "profile", "sip", "rtp", "panel", "data")

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def command(config: Path | None, **kwargs: Any) -> Any:
            given = {name: kwargs.pop(name) for name in names if name in kwargs}
            settings = load(config, given, need_file=need_file)
            return function(settings=settings, **kwargs)

        decorated: Any = command
        for option in reversed((*options, _DATA, _CONFIG)):
            decorated = option(decorated)
        return decorated

    return decorate


def running(function: Callable[..., Any]) -> Any:
    """All options of a hotline that runs; the command gets ``settings``. A settings file must exist."""
    return _with_settings(_OPTIONS, need_file=True)(function)


def looking(function: Callable[..., Any]) -> Any:
    """``--data`` and ``--config`` only, for commands that look or prepare; the command gets ``settings``."""
    return _with_settings((), need_file=False)(function)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one document.")


def print_json(value: object) -> None:
    """Print a JSON document: UTF-8, keys in the order they were built."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def settings_arguments(settings: Settings) -> list[str]:
    """The command-line options that give another process of this hotline the same settings."""
    arguments = [
        *("--engine", settings.engine, "--flow", settings.flow, "--profile", settings.profile),
        *("--sip", str(settings.sip.listen), "--rtp", str(settings.rtp.ports)),
        *("--panel", str(settings.panel.listen), "--data", str(settings.data.dir)),
    ]
    return arguments if settings.config is None else [*arguments, "--config", str(settings.config)]
