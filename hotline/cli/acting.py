"""In whose name a command changes something: an account of the panel, by its own rights."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from hotline.cli.common import FOUND
from hotline.config.settings import Settings
from hotline.process import factories
from hotline.process.sweep import known_rules
from ivr.cases.actions import ActionRefused
from ivr.cases.numbers import spoken_number
from ivr.cases.wording_check import BadlyWorded
from services.casework import Casework
from store.engine import Session
from store.people import accounts

worded_option = click.option("--worded", is_flag=True, help="Save the words though some must not be said 服务忌语.")
as_option = click.option("--as", "who", required=True, metavar="NAME", help="The account in whose name it is done.")


@contextmanager
def acting(settings: Settings, who: str) -> Iterator[tuple[Session, str]]:
    """A transaction, and the account's role; a refusal is told and ends the command."""
    try:
        with factories.changing(settings) as session:
            found = accounts.find_user(session, who)
            if found is None or not found.active:
                raise click.UsageError(f"there is no account {who}; `hotline user list` shows all")
            yield session, found.role
    except ActionRefused as refused:
        click.echo(f"Refused: {refused.zh} {refused.en}", err=True)
        if isinstance(refused, BadlyWorded):
            for hit in refused.hits:
                click.echo(f"  “{hit.found}” ({hit.source}) → {hit.instead}", err=True)
            click.echo("  to save it as it stands: --worded", err=True)
        sys.exit(FOUND)


@contextmanager
def casework_as(settings: Settings, who: str) -> Iterator[tuple[Session, Casework, str]]:
    """Open a transaction; give it, the casework and the role of the account ``who``."""
    with acting(settings, who) as (session, role):
        yield (
            session,
            Casework(factories.keys(settings), known_rules(settings), spoken_number, factories.plan(settings)),
            role,
        )
