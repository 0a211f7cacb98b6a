"""``hotline user``: accounts of the panel and tokens of its JSON API, from the terminal."""

from __future__ import annotations

import secrets
import sys
import time
from datetime import UTC, datetime

import click

from hotline import parts
from hotline.cli.common import json_option, looking, print_json
from hotline.settings import Settings
from ivr.store import users
from ivr.store.users import ROLES, SCOPES, UserError
from web.passwords import Argon2

MS_PER_DAY = 86_400_000
BY = "hotline"  # who did it, in the audit log: whoever may run this command on the machine

REMEDIES = {
    "bad_name": "a name has 1 to 40 letters, digits, dots or dashes",
    "name_taken": "there is an account of that name already; `hotline user list` shows all",
    "bad_role": f"the roles are {', '.join(ROLES)}",
    "short_password": f"a password has at least {users.PASSWORD_MIN} characters",
    "long_password": f"a password has at most {users.PASSWORD_MAX} characters",
    "weak_password": "this password is too easy; use another, or none to get a random one",
    "bad_token_name": "name what the token is for, with 1 to 80 characters",
    "no_scope": f"give at least one --scope: {', '.join(SCOPES)}",
    "bad_scope": f"the scopes are {', '.join(SCOPES)}",
    "past_expiry": "--days must be at least 1",
}


@click.group()
def user() -> None:
    """People who may log in to the panel, and API tokens."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="operator", show_default=True)
@click.option("--seat", default="", help="The seat this person usually sits at.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@looking
def add(settings: Settings, name: str, role: str, seat: str, password_stdin: bool) -> None:
    """Add an account. Without --password-stdin a random password is made and shown once.

    \b
    Example: hotline user add li.na --role lead --seat 101
    """
    password = _read_password() if password_stdin else _random_password()
    if seat and seat not in settings.seats:
        raise click.UsageError(f'there is no seat "{seat}"; the seats are {", ".join(settings.seats)}')
    try:
        fresh = users.hashed(Argon2(), name, password)
        with parts.changing(settings) as session:
            users.create_user(
                session, name=name, password=fresh, role=role, now=_now(), seat=seat, must_change=not password_stdin
            )
            users.audit(session, at=_now(), user=BY, action="user.add", target=name, detail=role)
    except UserError as error:
        raise _usage(error) from None
    click.echo(f"{name} may log in as {role}.")
    if not password_stdin:
        click.echo(f"password (shown only now): {password}")


@user.command("list")
@json_option
@looking
def list_(settings: Settings, as_json: bool) -> None:
    """List all accounts.

    \b
    Example: hotline user list --json
    """
    with parts.looking(settings) as session:
        rows = [
            {"name": u.name, "role": u.role, "seat": u.seat, "active": u.active, "created": _iso(u.created)}
            for u in users.list_users(session)
        ]
    if as_json:
        print_json(rows)
    for row in [] if as_json else rows:
        click.echo(f"{row['name']:<20} {row['role']:<10} {row['seat']:<6} {'' if row['active'] else 'closed'}")


@user.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@looking
def password(settings: Settings, name: str, password_stdin: bool) -> None:
    """Give an account a new password, and log it out everywhere.

    \b
    Example: hotline user password admin
    """
    new = _read_password() if password_stdin else _random_password()
    try:
        fresh = users.hashed(Argon2(), name, new)
        with parts.changing(settings) as session:
            account = users.find_user(session, name)
            if account is None:
                raise click.UsageError(f'there is no account "{name}"; `hotline user list` shows all')
            users.reset_password(session, account, fresh, _now())
            users.audit(session, at=_now(), user=BY, action="user.password", target=name)
    except UserError as error:
        raise _usage(error) from None
    click.echo(f"{name} has a new password, which must be changed at log-in, and is logged out everywhere.")
    if not password_stdin:
        click.echo(f"password (shown only now): {new}")


@user.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="What it may read (repeatable).")
@click.option("--days", type=int, help="Valid for so many days; default: until revoked.")
@looking
def token(settings: Settings, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a token for the JSON API, named after what uses it. It is shown once.

    \b
    Example: hotline user token "wall display" --scope figures:read --days 365
    """
    expires = None if days is None else _now() + days * MS_PER_DAY
    try:
        with parts.changing(settings) as session:
            row, clear = users.create_token(session, name=name, scopes=scopes, now=_now(), expires=expires)
            users.audit(session, at=_now(), user=BY, action="token.add", target=row.id, detail=row.scopes)
    except UserError as error:
        raise _usage(error) from None
    click.echo(f"token (shown only now): {clear}")


def _usage(error: UserError) -> click.UsageError:
    return click.UsageError(REMEDIES.get(error.code, error.code))


def _random_password() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(4))


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _now() -> int:
    return time.time_ns() // 1_000_000


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
