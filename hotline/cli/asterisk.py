"""``hotline asterisk init`` and ``lines``: an Asterisk of our own, or what to add to one that is there."""

from __future__ import annotations

from pathlib import Path

import click

from hotline import private
from hotline.cli.common import CannotRun, looking
from hotline.config.settings import Settings
from sip.asterisk.config import Site
from sip.asterisk.files import additions


@click.group()
def asterisk() -> None:
    """Asterisk 22.4 or later as the telephone engine (docs/asterisk.md)."""


@asterisk.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Use the Asterisk in this folder, made by docker/asterisk-root.sh.",
)
@looking
def init(settings: Settings, folder: Path, root: Path | None) -> None:
    """Write a complete configuration for an Asterisk of the hotline's own into FOLDER.

    Seats, trunk, addresses and the ARI password come from hotline.toml; run it again after changing
    them there. Files that are not ours are never touched.

    \b
    Example: hotline asterisk init /etc/hotline-asterisk
    """
    from hotline.asterisk import setup

    root = root or settings.asterisk.root
    try:
        installation = setup.in_root(root.absolute()) if root else setup.on_path()
        site = setup.site(settings, folder, installation)
        written = setup.write(site)
        setup.write_sorry(settings, site)
        private.mend(settings)  # Asterisk's group reads the apology
    except OSError as error:
        raise CannotRun(f"cannot write: {error}; choose another folder, or set [asterisk] spool and media") from None
    command = " ".join(installation.command) if installation else "asterisk"
    click.echo(f"{len(written)} files written to {site.home}.")
    if installation is None:
        click.echo("There is no Asterisk 22.4 or later on this machine yet; docs/asterisk.md says how to get one.")
    click.echo(_next_steps(site, f"{command} -f -C {site.home / 'asterisk.conf'}"))


@asterisk.command()
@looking
def lines(settings: Settings) -> None:
    """Print what to add to an Asterisk or FreePBX that is there already.

    \b
    Example: hotline asterisk lines
    """
    from hotline.asterisk import setup

    site = setup.site(settings, settings.data.dir / "asterisk")
    try:
        for shared in (site.engine.spool, site.left):  # Debian's package makes neither
            setup.make_folder(shared, 0o770)
        setup.write_sorry(settings, site)
        private.mend(settings)
    except OSError as error:
        raise CannotRun(f"cannot write: {error}; set [asterisk] spool and media in hotline.toml") from None
    for name, text in additions(site).items():
        click.echo(f"; ===== {name} =====\n{text}")
    click.echo(f"; Send your number's calls to it:  Goto({site.engine.context},${{EXTEN}},1)")
    click.echo("; then, on Asterisk's console:      core reload")


@asterisk.command()
@looking
def which(settings: Settings) -> None:
    """Say which Asterisk `serve` would use, or start with [asterisk] start = true.

    Exit code 3 when there is none.

    \b
    Example: hotline asterisk which
    """
    from hotline.asterisk.managed import find

    may_start = settings.asterisk.model_copy(update={"start": True})
    found = find(settings.model_copy(update={"asterisk": may_start}))
    if found.own is None:
        click.echo(f"{found.version} answers at {found.settings.asterisk.url}")
    else:
        click.echo(f"{found.version}, started by `hotline serve`: {found.own.command[-1]}")


def _next_steps(site: Site, command: str) -> str:
    return f"""
Start Asterisk, then the hotline:

  {command}
  hotline serve --engine asterisk

Both read and write {site.engine.spool} and {site.engine.media}, and Asterisk reads the voices' cache:
run them as the same user, or give both a common group."""
