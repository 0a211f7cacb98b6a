"""Setting up an Asterisk for the hotline: its configuration, its folders, its program."""

from __future__ import annotations

import base64
import json
import re
import shutil
import socket
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import engines, factories
from hotline.process.speaker import PAUSE_MS
from ivr.call.limits import NOTICE
from recordings.tones import silence
from sip.asterisk.config import Site, Wss, ami_secret
from sip.asterisk.files import files
from sip.asterisk.media import write_wav

OLDEST = (22, 4)  # the first that takes requests over the WebSocket
OLDEST_BY_HTTP = 20  # tells the SIP Call-ID of channels, by which a call is known again
SORRY = "fault.2"  # what a caller hears whom no hotline answers
MARK = "; Written by `hotline asterisk init`; changes made here are lost at the next one.\n"


@dataclass(frozen=True, slots=True)
class Installation:
    """An Asterisk: its command line, and where its modules and data are, when not where it looks."""

    command: tuple[str, ...]
    modules: Path | None = None
    data: Path | None = None

    @property
    def version(self) -> tuple[int, int]:
        """(major, minor), (0, 0) when it does not say."""
        told = subprocess.run([*self.command, "-V"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 - of our settings
        found = re.search(r"Asterisk (\d+)\.(\d+)", told.stdout)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def on_path() -> Installation | None:
    """The machine's own Asterisk, when it is new enough."""
    program = shutil.which("asterisk")
    found = Installation((program,)) if program else None
    return found if found and found.version >= OLDEST else None


def in_root(root: Path) -> Installation:
    """The one in a folder made by ``docker/asterisk-root.sh``, run from there by its own loader: no chroot is needed.

    Raises ``FileNotFoundError`` when there is none.
    """
    library = next((root / "usr" / "lib").glob("*-linux-gnu*/asterisk"), None)
    loader = next(root.glob("lib*/ld-linux-*.so.*"), None) or next(root.glob("usr/lib*/ld-linux-*.so.*"), None)
    if library is None or loader is None:
        raise FileNotFoundError(f"there is no Asterisk in {root}")
    libraries = f"{root / 'lib' / library.parent.name}:{library.parent}"
    command = (str(loader), "--library-path", libraries, str(root / "usr" / "sbin" / "asterisk"))
    return Installation(command, library / "modules", root / "usr" / "share" / "asterisk")


def ask(settings: Settings, path: str) -> Any:
    """A document of ARI by plain HTTP, as JSON. Raises ``OSError`` (``HTTPError`` with the status among them)."""
    asterisk = settings.asterisk
    login = base64.b64encode(f"{asterisk.user}:{asterisk.secret}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - the settings allow http and https only
        f"{asterisk.url.rstrip('/')}/ari/{path}", headers={"Authorization": f"Basic {login}"}
    )
    with urllib.request.urlopen(request, timeout=3.0) as reply:  # noqa: S310 - http or https, see above
        return json.load(reply)


def ami_trouble(settings: Settings) -> str:
    """Why our account cannot read AMI; empty when it can."""
    engine = engines.asterisk_config(settings)
    assert engine.ami is not None
    login = f"Action: Login\r\nUsername: {engine.user}\r\nSecret: {ami_secret(engine)}\r\nEvents: off\r\n\r\n"
    try:
        with socket.create_connection(engine.ami, timeout=3.0) as connection:
            connection.sendall(login.encode())
            with connection.makefile("rb") as told:
                for _ in range(20):
                    line = told.readline(500)
                    if line.startswith(b"Response:"):
                        return "" if b"Success" in line else "our account is refused"
    except OSError as error:
        return str(error)
    return "what is there is no AMI"


def takes_calls(settings: Settings) -> bool:
    """Is a hotline connected to Asterisk, so that calls are answered?"""
    try:
        ask(settings, f"applications/{settings.asterisk.app}")
    except (OSError, ValueError):
        return False
    return True


def site(settings: Settings, home: Path, installation: Installation | None = None) -> Site:
    """What the Asterisk in the folder ``home`` is set up with. Raises :class:`CannotRun` without an ARI password."""
    if not settings.asterisk.secret:
        raise CannotRun('there is no password for ARI: add secret = "..." (any long random word) under [asterisk]')
    home = home.absolute()
    engine = engines.asterisk_config(settings)
    return Site(
        home=home,
        engine=engine,
        sip_host=settings.sip.listen.host,
        sip_port=settings.sip.listen.port,
        tcp=settings.sip.tcp,
        tls=engines.tls_config(settings),
        trusted=settings.sip.tls_ca,
        advertised_host=settings.sip.advertise,
        rtp_range=(settings.rtp.ports.first, settings.rtp.ports.last),
        realm=settings.sip.realm,
        seats=engines.seat_configs(settings),
        digest=engines.DIGESTS[settings.sip.digest],
        qualify_s=settings.sip.qualify_s,
        trunk=engines.trunk_config(settings),
        wss=_wss(settings),
        sorry=engine.media / "sorry",
        left=engine.spool.parent / engines.LEFT,
        modules=installation.modules if installation else None,
        data=installation.data if installation else None,
    )


def _wss(settings: Settings) -> Wss | None:
    asterisk = settings.asterisk
    if asterisk.wss is None:
        return None
    pair = engines.certificate("[asterisk] wss", asterisk.tls_cert, asterisk.tls_key)
    return Wss(asterisk.wss.host, asterisk.wss.port, *pair)


def write(site: Site, *, shared: bool = True) -> list[Path]:
    """Write the configuration and make its folders; the files written.

    ``shared``: a group may read them and write recordings, for an Asterisk under another user; else nobody but ours.
    Raises :class:`CannotRun` rather than overwrite a file that is not ours, ``OSError`` when it cannot write.
    """
    for folder in ("run", "log", "state", "state/keys"):
        make_folder(site.home / folder, 0o750 if shared else 0o700)
    for meeting in (site.engine.spool, site.left):
        make_folder(meeting, 0o770 if shared else 0o700)
    written = []
    texts = files(site)
    for name in texts:
        path = site.home / name
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARK):
            raise CannotRun(f"{path} is yours: name another folder, or see `hotline asterisk lines`")
    for name, text in texts.items():
        path = site.home / name
        path.touch(0o600)
        if shared:
            path.chmod(0o640)
        path.write_text(MARK + text, encoding="utf-8")
        written.append(path)
    return written


def make_folder(path: Path, mode: int) -> None:
    """Make a folder, those it is in too, with this mode whatever the umask; one that is there is left as it is."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)


def write_sorry(settings: Settings, site: Site) -> Path:
    """The apology for callers whom no hotline answers, and that what they say is recorded (B10), for the dialplan."""
    phrases, voices = factories.phrases(settings), factories.voices(settings)
    try:
        said = [voices.speak(phrases.text(key, {}, "zh-CN"), "zh-CN", phrase_key=key).pcm for key in (SORRY, NOTICE)]
    finally:
        voices.close()
    path = site.sorry.with_suffix(".wav")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, silence(PAUSE_MS).join(said))
    return path
