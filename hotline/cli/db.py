"""``hotline db``: bring the database up to date, recompute what is derived, check it."""

from __future__ import annotations

import functools
import getpass
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from hotline.cli.common import FOUND, json_option, looking, print_json
from hotline.config.settings import Settings
from hotline.process import factories, retention
from hotline.process.sweep import now_ms
from services import users
from store import aside
from store.engine import reading
from store.journal import rebuild as rebuilding
from store.upkeep import pruning as store
from store.upkeep import scrub as scrubbing


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
    done, people = factories.up_to_date(settings)
    if done.before != done.after:
        click.echo(f"The database was brought from schema {done.before or '(none)'} to {done.after}.")
    if people:
        click.echo(f"The numbers of {people} people were read anew; who has one number is one person.")
    if done.before == done.after and not people and not quiet:
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
    with factories.database(settings) as engine:
        numbers = scrubbing.count(engine)
    for name, n in numbers.items():
        click.echo(
            f"{name}: {n} rows hold a telephone, identity or card number; `hotline db scrub` makes it unreadable"
        )
    _compare(settings, rebuilding.verify, "differ; `hotline db rebuild` corrects them")
    if numbers:
        sys.exit(FOUND)


@db.command()
@click.option("--dry-run", is_flag=True, help="Only say in how many rows there is one.")
@looking
def scrub(settings: Settings, dry_run: bool) -> None:
    """Make numbers of persons in typed texts unreadable, which versions before let in; with a proof.

    The one change there is of the journal and the audit log; what is derived from them is recomputed. May run while
    the hotline does. Back-ups made before still hold the numbers.

    \b
    Example: hotline db scrub --dry-run
    """
    with factories.database(settings) as engine:
        if dry_run:
            for name, n in scrubbing.count(engine).items():
                click.echo(f"{name}: {n} rows.")
            return
        proof = scrubbing.scrub(engine, now_ms, f"{getpass.getuser()} (command line)")
        rebuilding.rebuild(engine)
    click.echo(f"{proof['count']} rows changed; proof {proof['id']} {proof['digest']}")


@db.command()
@click.option("--dry-run", is_flag=True, help="Only say how many would go.")
@looking
def prune(settings: Settings, dry_run: bool) -> None:
    """Delete by the retention rules what is no longer needed, with a proof; may run while the hotline does.

    \b
    Example: hotline db prune --dry-run
    """
    with factories.database(settings) as engine:
        for rule in retention.rules(settings):
            if dry_run:
                click.echo(f"{rule.name}: {store.count(engine, rule)} would go.")
                continue
            with Progress(console=Console(stderr=True), transient=True) as progress:
                bar = progress.add_task(rule.name, total=store.count(engine, rule))
                show = functools.partial(_show, progress, bar)
                proof = retention.prune(settings, engine, rule, f"{getpass.getuser()} (command line)", show)
            click.echo(f"{rule.name}: {proof['count']} deleted; proof {proof['id']} {proof['digest']}")


@db.command()
@json_option
@looking
def deletions(settings: Settings, as_json: bool) -> None:
    """List the proofs of deletions, the newest first.

    \b
    Example: hotline db deletions --json
    """
    with factories.database(settings) as engine, reading(engine).connect() as connection:
        found = store.proofs(connection)
    if as_json:
        print_json(found)
        return
    for row in found:
        at, before = (
            datetime.fromtimestamp(row[name] / 1000, UTC).isoformat(" ", "minutes") for name in ("at", "before")
        )
        done = "" if row["finished"] else " (ended early)"
        click.echo(f"{at} {row['rule']}: {row['count']} older than {before}, by {row['by']}{done}; {row['digest']}")
    if not found:
        click.echo("Nothing was pruned yet.")


@db.command("aside")
@click.option("--seen", metavar="ID", help="Somebody looked at this one: it leaves the board.")
@json_option
@looking
def set_aside(settings: Settings, seen: str | None, as_json: bool) -> None:
    """What could not be read and was set aside, so that it stops nothing else; the newest first.

    \b
    Example: hotline db aside
             hotline db aside --seen 0198…
    """
    if seen is not None:
        with factories.changing(settings) as session:
            if not aside.seen(session.connection(), seen, now_ms()):
                raise click.UsageError(f"nothing of the id {seen!r} waits; `hotline db aside` shows what does")
            by = f"{getpass.getuser()} (command line)"
            users.audit(session, at=now_ms(), user=by, action="aside.seen", target=seen)
    with factories.looking(settings) as session:
        found: list[dict[str, Any]] = [
            {"id": row.id, "at": row.at, "kind": row.kind, "key": row.key, "reason": row.reason}
            for row in aside.waiting(session)
        ]
    if as_json:
        print_json(found)
        return
    for row in found:
        click.echo(f"{_utc(row['at'])} {row['kind']} {row['key']}: {row['reason']}  (id {row['id']})")
    if not found:
        click.echo("Nothing is set aside.")


def _show(progress: Progress, bar: TaskID, _rule: str, done: int) -> None:
    progress.update(bar, completed=done)


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(" ", "minutes")


def _compare(settings: Settings, run: Callable[..., list[rebuilding.Difference]], what: str) -> None:
    with factories.database(settings) as engine, Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("calls", total=None)
        differences = run(engine, lambda done, total: progress.update(bar, completed=done, total=total))
    for difference in differences:
        click.echo(str(difference))
    if differences:
        click.echo(f"{len(differences)} rows {what}.")
        sys.exit(FOUND)
    click.echo("Everything is what the journal says.")
