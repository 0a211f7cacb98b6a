"""``hotline case``: work on cases from the terminal, by the same rules as in the panel."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from hotline.cli.acting import as_option, casework_as, worded_option
from hotline.cli.common import json_option, looking, print_json
from hotline.cli.rows import print_rows
from hotline.config.settings import Settings
from hotline.process import factories
from hotline.process.callbacks import limits
from hotline.process.sweep import known_rules, now_ms
from ivr.cases.actions import ACTIONS, Do
from ivr.cases.case import CaseRow
from ivr.cases.workflow import possible
from ivr.outgoing.numbers import why_not
from services import recomputing, users
from services.casework import CHANNELS, MatterEntry
from store import derived
from store.read import case_history, queries
from store.read.handlers import handed, handlers, units
from store.schema import CaseDue, CaseStep
from store.sql import Row, values

BY = "hotline"  # in the history of a case: whoever may run this command on the machine


@click.group()
def case() -> None:
    """Work on cases 工单: what may be done when and by whom stands in `hotline case show`."""


@case.command("list")
@click.option("--open", "open_only", is_flag=True, help="Only cases that are not replied to.")
@click.option("--late", is_flag=True, help="Only cases that are overdue.")
@click.option("-n", "limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many.")
@json_option
@looking
def list_cases(settings: Settings, open_only: bool, late: bool, limit: int, as_json: bool) -> None:
    """List cases, newest first.

    \b
    Example: hotline case list --open
    """
    where = queries.CaseFilter(open_only=open_only, due_before=now_ms() if late else None)
    with factories.looking(settings) as session:
        rows = [
            {name: getattr(row, name) for name in ("number", "kind", "status", "owner", "due", "flag", "version")}
            for row in queries.cases(session, where, limit=limit).rows
        ]
    print_rows(rows, as_json, "no such cases")


@case.command()
@click.argument("number")
@json_option
@looking
def show(settings: Settings, number: str, as_json: bool) -> None:
    """Show a case: its steps, its due dates with why, and what can be done now. No texts, no personal data.

    \b
    Example: hotline case show 2611260013
    """
    with factories.looking(settings) as session:
        found = queries.case_file(session, number)
        if found is None:
            raise click.UsageError(f"there is no case {number}; `hotline case list` shows the latest")
        row, known = values(found.case), derived.row_of(CaseRow, found.case)
        steps = _plain(case_history.steps(session, row["id"]))
        dues = _plain(case_history.dues(session, row["id"]))
    house = known_rules(settings)
    can = {
        role: [a.id for a in possible(known, "", role, now_ms(), house)] for role in ("operator", "lead", "supervisor")
    }
    shown = ("number", "kind", "status", "owner", "handler", "due", "urgency", "window", "category", "flag", "verdict")
    if as_json:
        print_json({**{k: row[k] for k in (*shown, "version")}, "steps": steps, "dues": dues, "possible": can})
        return
    click.echo("  ".join(f"{name}={row[name]}" for name in shown if row[name]))
    print_rows([{k: s[k] for k in ("at", "who", "action", "status", "reason")} for s in steps], False, "")
    for due in dues:
        click.echo(f"{due['at']}  {due['was'] or '-'} → {due['due']}  {due['cause']}  {due['reason']}")
    click.echo("can be done: " + ", ".join(can["lead"]))


@case.command("do")
@click.argument("number")
@click.argument("action", type=click.Choice(list(ACTIONS)))
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@worded_option
@as_option
@looking
def do_action(
    settings: Settings, number: str, action: str, fields: tuple[str, ...], worded: bool, who: str
) -> None:  # fmt: skip
    """Do something to a case; lists missing fields, and words no citizen should read.

    \b
    Example: hotline case do 2611260013 classify urgency=urgent window=repair category=attitude --as li.na
    """
    given = dict(_pair(field) for field in fields)
    known = {field.name for field in ACTIONS[action].fields}
    if unknown := set(given) - known:
        raise click.UsageError(f"{action} takes {', '.join(sorted(known)) or 'no fields'}, not {', '.join(unknown)}")
    told: tuple[str, ...] = ()
    with casework_as(settings, who) as (session, desk, role):
        connection, windows = session.connection(), _windows(settings)
        people = handlers(connection, windows)
        if action == "assign":
            given, told = handed(people, given, who)
        given["units"] = ",".join(unit.name for unit in people if not unit.role and who in unit.told)
        row = desk.do(connection, number, Do(action, who, role, now_ms(), given, worded))
        users.audit(session, at=now_ms(), user=who, action=f"case.{action}", target=row.number)
    click.echo(f"{row.number}: {row.status}" + (f", due {row.due}" if row.due else ""))
    if action == "assign":
        click.echo(f"told: {', '.join(told) or 'nobody (no account sits at that window)'}")


@case.command()
@click.argument("kind")
@click.option("--channel", type=click.Choice(CHANNELS), default="letter", show_default=True, help="How it came in.")
@click.option("--text", required=True, help='What it is about; "-" reads standard input.')
@click.option("--number", default="", help="The person's telephone number.")
@click.option("--name", default="", help="The person's name.")
@click.option("--category", default="", help="Kind of complaint.")
@click.option("--anonymous", is_flag=True, help="Keep nobody's name and number.")
@click.option("--no-follow-up", is_flag=True, help="The person does not want to be called after closing.")
@as_option
@looking
def new(
    settings: Settings, kind: str, channel: str, text: str, number: str, name: str, category: str, anonymous: bool,
    no_follow_up: bool, who: str,
) -> None:  # fmt: skip
    """Take a matter that came by letter, at the counter or otherwise into the register.

    \b
    Example: hotline case new complaint --channel letter --text "来信反映……" --as li.na
    """
    text = click.get_text_stream("stdin").read() if text == "-" else text
    with casework_as(settings, who) as (session, desk, _role):
        connection = session.connection()
        similar = desk.similar(connection, number=number, at=now_ms()) if number else []
        stored = desk.open(
            connection,
            MatterEntry(kind, channel, who, now_ms(), text, number, name, category, anonymous, not no_follow_up),
        )
        users.audit(session, at=now_ms(), user=who, action="case.new", target=stored.number)
    click.echo(f"{stored.number}" + (f", due {stored.due}" if stored.due else ""))
    if stored.query_code:
        click.echo(f"query code 查询码 {stored.query_code}: tell the reporter, it is shown only this once")
    why = why_not(number, limits(settings).numbers) if number and not anonymous else None
    if why is not None:
        click.echo(f"cannot be called back: {why.zh} {why.en}", err=True)
    for row in similar:
        click.echo(f"the same number: {row.number} ({row.kind}, {row.status})", err=True)


@case.command()
@click.option("--dry-run", is_flag=True, help="Only say which dates would change.")
@json_option
@looking
def recompute(settings: Settings, dry_run: bool, as_json: bool) -> None:
    """Count the due dates of all open cases anew, by today's rules and working days; the old dates are kept.

    The sweeper does it by itself after a change. Extended and paused dates stand.

    \b
    Example: hotline case recompute --dry-run
    """
    house = known_rules(settings)
    with factories.database(settings) as engine:
        found = list(recomputing.changes(engine, house))
        for change in found if not dry_run else ():
            with engine.begin() as connection:
                recomputing.recompute(connection, change.case_id, house, now_ms(), "按现行规则和工作日历重算", BY)
        if not dry_run:
            with engine.begin() as connection:
                recomputing.mark(connection, house, now_ms())
    rows = [{"number": c.number, "was": c.was, "due": c.due, "provisional": c.provisional} for c in found]
    print_rows(rows, as_json, "every due date is as today's rules say")


def _windows(settings: Settings) -> dict[str, tuple[str, ...]]:
    windows = settings.windows
    return units({code: one.name for code, one in windows.items()}, {code: one.seats for code, one in windows.items()})


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f'"{text}" is no FIELD=VALUE, like reason="需现场勘查"')
    return name, value


def _plain(rows: Sequence[CaseStep] | Sequence[CaseDue]) -> list[Row]:
    found = [values(row) for row in rows]
    for row in found:
        for name in {"data", "explanation"} & set(row):
            row[name] = json.loads(row[name])
    return found
