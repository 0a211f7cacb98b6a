"""``hotline db``: bring the database up to date, recompute what is derived, check it."""

from __future__ import annotations

import click

from hotline.cli.common import looking
from hotline.settings import Settings
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
