"""``hotline db``: bring the database up to date, recompute what is derived, check it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
from rich.console import Console
from rich.progress import Progress

from hotline import parts
from hotline.cli.common import FOUND, looking
from hotline.settings import Settings
from ivr.store import rebuild as rebuilding
from ivr.store import schema


@click.group()
def db() -> None:
    """Look after the database 数据库."""


@db.command()
@click.option("--quiet", is_flag=True, help="Say something only when there was something to do.")
@looking
def upgrade(settings: Settings, quiet: bool) -> None:
    """Bring the database to the schema of this version; make it when there is none.

    \b
    Example: hotline db upgrade
    """
    settings.data.dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = schema.upgrade(settings.database)
    if done.before != done.after:
        click.echo(f"The database was brought from schema {done.before or '(none)'} to {done.after}.")
    elif not quiet:
        click.echo(f"The database is up to date (schema {done.after}).")


@db.command()
@looking
def rebuild(settings: Settings) -> None:
    """Recompute calls, legs, cases and recordings from the journal; may run while the hotline does.

    Exit code 1 when rows had to be changed: they were not what the journal says.

    \b
    Example: hotline db rebuild
    """
    _compare(settings, rebuilding.rebuild, "changed")


@db.command()
@looking
def verify(settings: Settings) -> None:
    """Say which derived rows are not what the journal says; changes nothing.

    \b
    Example: hotline db verify
    """
    _compare(settings, rebuilding.verify, "differ; `hotline db rebuild` corrects them")


def _compare(settings: Settings, run: Callable[..., list[rebuilding.Difference]], what: str) -> None:
    with parts.database(settings) as engine, Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("calls", total=None)
        differences = run(engine, lambda done, total: progress.update(bar, completed=done, total=total))
    for difference in differences:
        click.echo(str(difference))
    if differences:
        click.echo(f"{len(differences)} rows {what}.")
        sys.exit(FOUND)
    click.echo("Everything is what the journal says.")
