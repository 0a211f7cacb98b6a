"""``hotline serve``, ``calls`` and ``panel``: what runs until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys

import click

from hotline import private
from hotline.cli.common import FOUND, CannotRun, running
from hotline.config.settings import Settings
from hotline.process import logs, runfile
from hotline.process.addresses import choose_addresses, panel_url
from hotline.process.runfile import announced
from hotline.process.supervisor import stop_with_parent

_supervised = click.option("--supervised", is_flag=True, hidden=True, help="End when the parent ends.")


@click.command()
@running
def serve(settings: Settings) -> None:
    """Run the hotline: answer calls, show the panel; restart what crashes; end both on Ctrl-C.

    Without --sip and --panel the next free ports are taken when 5060 or 8080 are not free.

    \b
    Example: hotline serve
             hotline serve --sip 0.0.0.0:5060 --flow direct --profile gbt33358
    """
    if parts := runfile.read(settings.data.dir):
        pids = ", ".join(str(part["pid"]) for part in parts.values())
        raise CannotRun(
            f"a hotline runs already for {settings.data.dir} (process {pids}); "
            "end it, or give this one its own folder with --data DIR"
        )
    from rich.console import Console

    from hotline.process.serve import serve as serve_all

    sys.exit(serve_all(settings, Console()))


@click.command()
@_supervised
@running
def calls(settings: Settings, supervised: bool) -> None:
    """Answer calls, without the panel.

    \b
    Example: hotline calls --sip 127.0.0.1:5062 --data /var/lib/hotline
    """
    from hotline.process.calls import run_calls

    settings = _addresses(settings, sip=True, quiet=supervised)

    async def run() -> None:
        stop, drain = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def interrupted() -> None:
            if supervised:  # `serve` ends, and its own Asterisk with it
                drain.set()
            stop.set()

        loop.add_signal_handler(signal.SIGINT, interrupted)
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        await run_calls(settings, stop, drain)

    _begin(settings, supervised)
    logs.start(settings, "calls")
    with announced(settings.data.dir, "calls", sip=str(settings.sip.listen)):
        try:
            asyncio.run(run())
        except OSError as error:
            raise CannotRun(f"calls cannot run: {error}") from None


@click.command()
@_supervised
@running
def panel(settings: Settings, supervised: bool) -> None:
    """Show the panel, without answering calls.

    \b
    Example: hotline panel --panel 127.0.0.1:8081
    """
    from hotline.process.panel import run_panel

    settings = _addresses(settings, panel=True, quiet=supervised)
    _begin(settings, supervised)
    logs.start(settings, "panel")
    with announced(settings.data.dir, "panel", url=panel_url(settings)):
        try:
            run_panel(settings)
        except OSError as error:
            raise CannotRun(f"the panel cannot run: {error}") from None


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
@_supervised
@running
def sweep(settings: Settings, once: bool, supervised: bool) -> None:
    """Warn before due dates, escalate after, send e-mails and webhooks. Any number may run.

    With --once the exit code is 1 when something could not be worked on or sent.

    \b
    Example: hotline sweep --once
    """
    from hotline.process.sweep import run_sweep, sweep_once

    _begin(settings, supervised)
    logs.start(settings, "sweep")
    if not once:
        run_sweep(settings)
        return
    done, problems = sweep_once(settings)
    click.echo(f"{done} done, {problems} problems.")
    sys.exit(FOUND if problems else 0)


def _begin(settings: Settings, supervised: bool) -> None:
    """End with the parent; without one, look after the data folder ourselves."""
    if supervised:
        stop_with_parent()
        return
    for note in private.mend(settings):
        click.echo(f"Note: {note}.", err=True)


def _addresses(settings: Settings, *, sip: bool = False, panel: bool = False, quiet: bool) -> Settings:
    chosen = choose_addresses(settings, sip=sip, panel=panel)
    if not quiet:
        for note in chosen.notes:
            click.echo(f"Note: {note}.")
        where = f"sip:hotline@{chosen.settings.sip.listen}" if sip else panel_url(chosen.settings)
        click.echo(f"{where}   (Ctrl-C ends it)")
    return chosen.settings
