"""The ``hotline`` command. One file per group of commands, loaded only when used."""

from __future__ import annotations

import gc
import importlib
import os
from importlib.metadata import version

import click

from hotline.cli.common import CANNOT_RUN
from hotline.config.settings import SettingsError
from hotline.errors import CannotRun

# Command -> (module, short help). The help stands here so that `hotline --help` imports nothing.
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("hotline.cli.run", "Run the hotline: calls and panel, supervised."),
    "calls": ("hotline.cli.run", "Run only the part that answers calls."),
    "panel": ("hotline.cli.run", "Run only the panel for the browser."),
    "init": ("hotline.cli.init", "Write the first hotline.toml, with comments and fresh secrets."),
    "asterisk": ("hotline.cli.asterisk", 'Set up an Asterisk for engine = "asterisk".'),
    "tls": ("hotline.cli.init", "Certificates for the panel."),
    "dial": ("hotline.cli.dial", "A telephone in the terminal: call the hotline, or answer as a seat."),
    "flow": ("hotline.cli.flow", "Call flows: walk through one without a telephone, check them."),
    "voice": ("hotline.cli.voice", "Make the prompts' sound, or see what is stale."),
    "case": ("hotline.cli.case", "Work on cases: list, show, take a letter, classify, assign, reply …"),
    "callbacks": ("hotline.cli.callbacks", "Whom to call: list them, record what came of a call."),
    "queue": ("hotline.cli.queue", "Callers who wait for a person: list them, have one served before others."),
    "seat": ("hotline.cli.seat", "Operators at their seats: list, sign in, ready, pause, sign out."),
    "outage": ("hotline.cli.outage", "Outage notices: publish, list, record who was notified, power back."),
    "sweep": ("hotline.cli.run", "Warn of due dates and send notices; `serve` does it all the time."),
    "show": ("hotline.cli.show", "Show calls, cases or the journal."),
    "due": ("hotline.cli.due", "When is a case due, and why?"),
    "figures": ("hotline.cli.figures", "The figures of a period, each by its formula."),
    "export": ("hotline.cli.export", "Calls, cases or figures as CSV or XLSX."),
    "report": ("hotline.cli.report", "The monthly report, and the public page of promises."),
    "doctor": ("hotline.cli.doctor", "Find out what is wrong, with a real test call."),
    "db": ("hotline.cli.db", "Look after the database."),
    "keys": ("hotline.cli.keys", "The master keys: which there are, and new ones for old."),
    "user": ("hotline.cli.user", "People who may log in to the panel, and API tokens."),
}

# Spellings of version 0.1, which work until 0.2 with a hint.
RENAMED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("walk",): ("flow", "walk"),
    ("check",): ("flow", "check"),
    ("case", "calls"): ("callbacks", "list"),
    ("case", "called"): ("callbacks", "record"),
    ("outage", "told"): ("outage", "record"),
    ("db", "prunings"): ("db", "deletions"),
}

UMASK = 0o077  # whatever a command makes is its user's alone
RARELY = (50_000, 20, 100)  # a command begins by loading much that stays: looking through it was an eighth of that

# Errors of the parts whose text already says what to do; by name, so that nothing heavy is imported.
REMEDIED = frozenset(
    {"DatabaseAway", "VoiceError", "KeyProblem", "ProfileError", "PhraseError", "CalendarError", "FlowRefused"}
)


class Commands(click.Group):
    """Finds a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        for old, new in RENAMED.items():
            if tuple(args[: len(old)]) == old:
                click.echo(f"hint: `hotline {' '.join(old)}` is now `hotline {' '.join(new)}`", err=True)
                args = [*new, *args[len(old) :]]
                break
        if args and args[0] not in COMMANDS:
            ctx.fail(f'there is no command "{args[0]}"; the commands are: {", ".join(COMMANDS)}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        os.umask(UMASK)
        gc.set_threshold(*RARELY)
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.UsageError(str(error)) from None
        except Exception as error:
            if not (isinstance(error, CannotRun) or type(error).__name__ in REMEDIED):
                raise
            click.echo(f"Error: {error}", err=True)
            ctx.exit(CANNOT_RUN)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("open-hotline"), prog_name="hotline")
def main() -> None:
    """A government service hotline 政务服务热线: answers in time, leads each caller to a person.

    \b
    First steps:
      hotline init          write hotline.toml
      hotline serve         run it (Ctrl-C ends it)
      hotline dial          call it

    Exit codes: 0 all well, 1 something was found, 2 wrong usage or settings, 3 cannot run here.
    """
