"""``hotline user``: accounts of the panel and tokens of its JSON API, from the terminal."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import click

from hotline.cli.common import json_option, looking, print_json
from hotline.config.settings import Settings
from hotline.process import factories
from ivr.passwords import PASSWORD_MAX, PASSWORD_MIN
from services import pins, users
from services.factors import Factors
from services.users import ROLES, SCOPES, UserError
from store.engine import Session
from store.people import accounts
from store.schema import User
from web.passwords import Argon2

BY = "hotline"  # who did it, in the audit log: whoever may run this command on the machine

REMEDIES = {
    "bad_name": "a name has 1 to 40 letters, digits, dots or dashes",
    "name_taken": "there is an account of that name already; `hotline user list` shows all",
    "bad_role": f"the roles are {', '.join(ROLES)}",
    "no_pin": "there are as many PINs as there can be; close accounts that are no longer used",
    "bad_full_name": "a real name has at most 80 characters",
    "last_admin": "this is the last administrator; make another one first",
    "short_password": f"a password has at least {PASSWORD_MIN} characters",
    "long_password": f"a password has at most {PASSWORD_MAX} characters",
    "common_password": "this password leaked or is guessed easily; use a few unrelated words, or let one be made",
    "named_password": "this password is made of names, numbers of hotlines or usual words; use a few unrelated words",
    "bad_token_name": "name what the token is for, with 1 to 80 characters",
    "no_scope": f"give at least one --scope: {', '.join(SCOPES)}",
    "bad_scope": f"the scopes are {', '.join(SCOPES)}",
    "past_expiry": "--days must be at least 1",
    "long_expiry": f"--days must be at most {users.TOKEN_DAYS_MAX}",
}


@click.group()
def user() -> None:
    """People who may log in to the panel, and API tokens."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="operator", show_default=True)
@click.option("--seat", default="", help="The seat this person usually sits at.")
@click.option("--full-name", default="", help="The person's real name.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@looking
def add(settings: Settings, name: str, role: str, seat: str, full_name: str, password_stdin: bool) -> None:
    """Add an account. Without --password-stdin a random password is made and shown once. Either must be changed.

    \b
    Example: hotline user add li.na --full-name 李娜 --role lead --seat 101
    """
    password = _read_password() if password_stdin else _random_password()
    if seat and seat not in settings.seats:
        raise click.UsageError(f'there is no seat "{seat}"; the seats are {", ".join(settings.seats)}')
    try:
        fresh = users.hashed(Argon2(), name, password, (full_name, settings.unit.name, settings.unit.name_en))
        with factories.changing(settings) as session:
            users.create_user(
                session, name=name, password=fresh, role=role, now=_now(), seat=seat, must_change=True,
                full_name=full_name,
            )  # fmt: skip
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
    with factories.looking(settings) as session:
        rows = [
            {
                "name": u.name,
                "full_name": u.full_name,
                "role": u.role,
                "seat": u.seat,
                "active": u.active,
                "created": _iso(u.created),
            }
            for u in accounts.list_users(session)
        ]
    if as_json:
        print_json(rows)
    for row in [] if as_json else rows:
        state = "" if row["active"] else "closed"
        click.echo(f"{row['name']:<20} {row['role']:<10} {row['seat']:<6} {row['full_name']} {state}".rstrip())


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
        fresh = users.hashed(Argon2(), name, new, (settings.unit.name, settings.unit.name_en))
        with factories.changing(settings) as session:
            account = _account(session, name)
            users.reset_password(session, account, fresh, _now())
            users.audit(session, at=_now(), user=BY, action="user.password", target=name)
    except UserError as error:
        raise _usage(error) from None
    click.echo(f"{name} has a new password, which must be changed at log-in, and is logged out everywhere.")
    if not password_stdin:
        click.echo(f"password (shown only now): {new}")


@user.command()
@click.argument("name")
@looking
def pin(settings: Settings, name: str) -> None:
    """Give an account a new PIN, with which it signs in at a seat's phone (*10 and the PIN); it is shown once.

    \b
    Example: hotline user pin li.na
    """
    try:
        with factories.changing(settings) as session:
            clear = pins.renew(session, _account(session, name))
            users.audit(session, at=_now(), user=BY, action="user.pin", target=name)
    except UserError as error:
        raise _usage(error) from None
    click.echo(f"PIN of {name} (shown only now): {clear}")


@user.command()
@click.argument("name")
@click.argument("full_name")
@looking
def rename(settings: Settings, name: str, full_name: str) -> None:
    """Give the person of an account another real name; the name for logging in stands in the journal and stays.

    \b
    Example: hotline user rename li.na 李娜
    """
    with factories.changing(settings) as session:
        account = _account(session, name)
        was = account.full_name
        _done(lambda: users.change_user(
            session, account, role=account.role, seat=account.seat, now=_now(), full_name=full_name
        ))  # fmt: skip
        users.audit(session, at=_now(), user=BY, action="user.change", target=name, detail=f"{was} → {full_name}")
    click.echo(f"{name} is called {full_name or name}.")


@user.command()
@click.argument("name")
@looking
def close(settings: Settings, name: str) -> None:
    """Close an account and log it out everywhere; its open cases are marked in the panel.

    \b
    Example: hotline user close li.na
    """
    with factories.changing(settings) as session:
        account = _account(session, name)
        _done(lambda: users.set_active(session, account, False, _now()))
        users.audit(session, at=_now(), user=BY, action="user.close", target=name)
        left = accounts.open_cases(session, name)
    click.echo(f"{name} is closed." + (f" It still owns {left} open cases; hand them over." if left else ""))


@user.command("open")
@click.argument("name")
@looking
def open_(settings: Settings, name: str) -> None:
    """Open an account that was closed.

    \b
    Example: hotline user open li.na
    """
    with factories.changing(settings) as session:
        users.set_active(session, _account(session, name), True, _now())
        users.audit(session, at=_now(), user=BY, action="user.open", target=name)
    click.echo(f"{name} may log in again.")


@user.command()
@click.argument("name")
@looking
def factor(settings: Settings, name: str) -> None:
    """Take the second factor of an account away, whose phone and recovery codes are lost; log it out everywhere.

    Custodians and supervisors are told when it is one of theirs.

    \b
    Example: hotline user factor admin
    """
    keys = factories.keys(settings)
    with factories.changing(settings) as session:
        Factors(keys).reset(session, _account(session, name), _now())
        users.audit(session, at=_now(), user=BY, action="user.factor", target=name)
    click.echo(f"{name} logs in with the password alone, and should set up a new second factor at once.")


@user.command("log-out")
@click.argument("name")
@looking
def log_out(settings: Settings, name: str) -> None:
    """Log an account out everywhere.

    \b
    Example: hotline user log-out li.na
    """
    with factories.changing(settings) as session:
        users.log_out(session, _account(session, name))
        users.audit(session, at=_now(), user=BY, action="user.logout", target=name)
    click.echo(f"{name} is logged out everywhere.")


@user.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="What it may read (repeatable).")
@click.option("--days", type=int, default=90, show_default=True, help="Valid for so many days, a year at most.")
@looking
def token(settings: Settings, name: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token for the JSON API, named after what uses it. It is shown once.

    \b
    Example: hotline user token "wall display" --scope figures:read --days 365
    """
    expires = _now() + days * users.DAY_MS
    try:
        with factories.changing(settings) as session:
            row, clear = users.create_token(session, name=name, scopes=scopes, now=_now(), expires=expires)
            users.audit(session, at=_now(), user=BY, action="token.add", target=row.id, detail=row.scopes)
    except UserError as error:
        raise _usage(error) from None
    click.echo(f"token (shown only now): {clear}")


def _account(session: Session, name: str) -> User:
    account = accounts.find_user(session, name)
    if account is None:
        raise click.UsageError(f'there is no account "{name}"; `hotline user list` shows all')
    return account


def _done(change: Callable[[], object]) -> None:
    try:
        change()
    except UserError as error:
        raise _usage(error) from None


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
