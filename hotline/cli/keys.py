"""``hotline keys``: which master keys there are, and new ones in the place of the old, while the hotline runs."""

from __future__ import annotations

import getpass
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from hotline.cli.common import json_option, looking, print_json
from hotline.config.settings import Settings
from hotline.process import factories
from hotline.process.rotation import KINDS, Rotation
from store.upkeep import resealing


@click.group()
def keys() -> None:
    """The master keys 主密钥: which there are, and new ones for old."""


@keys.command("list")
@json_option
@looking
def list_(settings: Settings, as_json: bool) -> None:
    """Which keys there are (never the keys themselves), and how much is sealed by an older one.

    \b
    Example: hotline keys list
    """
    ring = factories.keys(settings)
    with factories.database(settings) as engine:
        found: dict[str, Any] = {
            "data": list(ring.ids), "unfinished": list(ring.unfinished), "older": resealing.outdated(engine, ring)
        }  # fmt: skip
    if as_json:
        print_json(found)
        return
    for name in ring.ids:
        click.echo(f"{name}{'  (seals)' if name == ring.ids[-1] else ''}")
    click.echo(f"{found['older']} rows are sealed by an older key.")
    if ring.unfinished:
        click.echo(f"Begun and not finished: {', '.join(ring.unfinished)}; go on with `hotline keys rotate --finish`.")


@keys.command()
@click.option("--only", multiple=True, type=click.Choice(KINDS), help="Only this key (repeatable); default: all three.")
@click.option("--finish", is_flag=True, help="Begin nothing new, only finish what was begun.")
@looking
def rotate(settings: Settings, only: tuple[str, ...], finish: bool) -> None:
    """Make new keys, seal and find everything by them, and remove the old ones; the hotline goes on meanwhile.

    May be ended at any moment and run again: it goes on where it was. Exit code 3 when an old key is still needed.

    \b
    Example: hotline keys rotate
             hotline keys rotate --only data
    """
    ring = factories.keys(settings)
    with factories.database(settings) as engine, Progress(console=Console(stderr=True), transient=True) as progress:
        bars: dict[str, Any] = {}

        def step(what: str, n: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=None)
            progress.update(bars[what], advance=n, description=f"{what}")

        rotation = Rotation(settings, engine, ring, f"{getpass.getuser()} (command line)", step)
        rotation.run(() if finish else only or KINDS)
    for what, n in rotation.done.items():
        click.echo(f"{what}: {n} done anew.")
    for note in rotation.notes:
        click.echo(f"Note: {note}.")
    left = ring.unfinished
    click.echo(f"Not finished: {', '.join(left)}." if left else "The old keys are gone. Back the new ones up now.")
