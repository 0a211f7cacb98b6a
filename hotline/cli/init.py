"""``hotline init`` and ``hotline tls init``: the files a hotline needs before it runs."""

from __future__ import annotations

from pathlib import Path

import click

from hotline import tls as certificates
from hotline.cli.common import CannotRun, looking
from hotline.config.file import FILE_NAME, write_template
from hotline.config.settings import Settings


@click.command()
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=FILE_NAME,
    envvar="HOTLINE_CONFIG",
    show_default=True,
    help="The file to write.",
)
def init(config: Path) -> None:
    """Write the first hotline.toml: commented, with fresh seat secrets, readable by you alone.

    An existing file is never touched.

    \b
    Example: hotline init && hotline serve
    """
    try:
        written = write_template(config)
    except OSError as error:
        raise CannotRun(f"cannot write {config}: {error.strerror}; choose another place with --config") from None
    click.echo(f"{config} written; have a look at [unit]." if written else f"{config} exists already; kept as it is.")


@click.group()
def tls() -> None:
    """Certificates for the panel (HTTPS)."""


@tls.command("init")
@click.option("--name", "names", multiple=True, metavar="NAME", help="Another host name or IP address (repeatable).")
@click.option("--renew", is_flag=True, help="Make a new server certificate; the local CA stays.")
@looking
def tls_init(settings: Settings, names: tuple[str, ...], renew: bool) -> None:
    """Make a local certificate authority and a certificate for the panel and SIP over TLS.

    \b
    Example: hotline tls init --name hotline.example.gov.cn --name 192.0.2.7
    """
    folder = settings.data.dir / "tls"
    try:
        made = certificates.make(folder, names, renew=renew)
    except OSError as error:
        raise CannotRun(f"cannot write {folder}: {error.strerror}; choose another place with --data") from None
    if not made.new:
        click.echo(f"{made.certificate} exists, valid until {made.until:%Y-%m-%d}; kept (--renew replaces it).")
    else:
        click.echo(f"{made.certificate} is valid until {made.until:%Y-%m-%d} for {', '.join(made.names)}.")
    click.echo(
        f"""
Put this into hotline.toml, and start the hotline again:

  [panel]
  tls_cert = "{made.certificate}"
  tls_key = "{made.key}"

  [sip]
  tls = "0.0.0.0:5061"     # if phones are to speak TLS: with the same certificate (docs/transports.md)

Let the machines that open the panel, and such phones, trust {made.ca}:
  Debian, Ubuntu   cp {made.ca} /usr/local/share/ca-certificates/hotline.crt && update-ca-certificates
  Windows          certutil -addstore Root hotline-ca.crt   (as administrator)
  macOS            security add-trusted-cert -d hotline-ca.crt   (as administrator)
  Firefox          Settings > Privacy & Security > View Certificates > Authorities > Import"""
    )
