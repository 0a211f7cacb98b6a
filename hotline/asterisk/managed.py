"""An Asterisk that ``hotline serve`` runs itself: found, set up, started, ended.

Only with ``[asterisk] start``, and only when none answers at ``[asterisk] url``: what somebody else runs is used as
it is and never touched. Ours lives as long as ``serve``: a calls process that is started anew (a crash, a new
version) finds its calls there again; when ``serve`` ends, calls are drained first, then Asterisk ends too.
"""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
import time
import urllib.error
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hotline.asterisk import setup
from hotline.config.settings import Settings
from hotline.config.tables import AsteriskSettings
from hotline.config.values import Address, parse_address
from hotline.engines.plugin import Beside
from hotline.errors import CannotRun
from hotline.ports import is_free, next_free
from hotline.process import runfile
from hotline.process.supervisor import Child, Supervisor

PART = "asterisk"  # in run.json
HOME = "asterisk"  # in the data folder
START_S = 60.0  # a loaded machine; usually 2 s
POLL_S = 0.1
DEFAULT_SPOOL = AsteriskSettings().spool


@dataclass(frozen=True)
class ChosenAsterisk(Beside):
    """Which Asterisk answers the calls. ``own``: the program to start; None: one that answers already."""

    own: setup.Installation | None = None
    version: str = ""

    @property
    def home(self) -> Path:
        """The folder of our own one's configuration."""
        return self.settings.data.dir / HOME

    @property
    def ends_with_us(self) -> bool:
        """Is it ours?"""
        return self.own is not None

    @property
    def said(self) -> tuple[tuple[str, str, str], ...]:
        """The row of the welcome."""
        what = f"{self.version} from {self.home}, ends with us" if self.own else self.version
        return (("asterisk", f"{self.settings.asterisk.url}   {what}".rstrip(), ""),)

    def running(self, say: Callable[[str], None]) -> AbstractAsyncContextManager[object]:
        """Keep our own one running."""
        return running(self, say)

    @property
    def environ(self) -> Mapping[str, str]:
        """What the other processes of this hotline must know of it."""
        asterisk = self.settings.asterisk
        ami = {"HOTLINE_ASTERISK_AMI": str(asterisk.ami)} if asterisk.ami else {}
        return {"HOTLINE_ASTERISK_URL": asterisk.url, "HOTLINE_ASTERISK_SPOOL": str(asterisk.spool), **ami}


def find(settings: Settings) -> ChosenAsterisk:
    """The Asterisk that answers at ``[asterisk] url``, else the program to start there.

    Raises :class:`CannotRun` when none answers and none may or can be started.
    """
    asterisk = settings.asterisk
    try:
        info = setup.ask(settings, "asterisk/info?only=system")
        return ChosenAsterisk(settings, version=str(info["system"]["version"]))
    except urllib.error.HTTPError as error:
        explicit = "url" in asterisk.model_fields_set
        if explicit or not asterisk.start:
            todo = "compare [asterisk] user and secret with ari.conf" if error.code in (401, 403) else "see docs"
            raise CannotRun(f"ARI at {asterisk.url} answers {error.code} {error.reason}: {todo}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not asterisk.start:
            raise CannotRun(
                f"no Asterisk answers at {asterisk.url} ({error}): start it, correct [asterisk] url, "
                "or let `serve` run one itself with [asterisk] start = true (docs/asterisk.md)"
            ) from None
    return _ours(settings)


def _ours(settings: Settings) -> ChosenAsterisk:
    asterisk = settings.asterisk
    url = urlsplit(asterisk.url)
    host = url.hostname or ""
    if not (host == "localhost" or _is_loopback(host)):
        raise CannotRun(f"no Asterisk answers at {asterisk.url}, and one of our own is started on this machine only")
    program = _program(settings)
    notes = []
    wanted = Address(host, url.port or 8088)
    address: Address | None = wanted
    if not is_free(wanted, udp=False):
        address = None if "url" in asterisk.model_fields_set else next_free(wanted, udp=False)
        if address is None:
            raise CannotRun(f"{wanted} is taken by another program: end it, or set another [asterisk] url")
        notes.append(f"port {wanted.port} is taken, so Asterisk's ARI is at {address}")
    changes: dict[str, object] = {"url": f"http://{address}"}
    if asterisk.ami and not is_free(asterisk.ami, udp=False):
        changes["ami"] = next_free(Address(asterisk.ami.host, asterisk.ami.port + 1), udp=False)
        notes.append(f"port {asterisk.ami.port} is taken, so Asterisk's AMI is at {changes['ami']}")
    if asterisk.spool == DEFAULT_SPOOL:  # that one belongs to the machine's own
        changes["spool"] = settings.data.dir / HOME / "spool" / "recording"
    changed = settings.model_copy(update={"asterisk": asterisk.model_copy(update=changes)})
    major, minor = program.version
    return ChosenAsterisk(changed, tuple(notes), program, f"{major}.{minor}")


def _program(settings: Settings) -> setup.Installation:
    oldest = ".".join(map(str, setup.OLDEST))
    if found := setup.on_path():
        return found
    root = settings.asterisk.root
    if root is None:
        raise CannotRun(
            f"there is no Asterisk {oldest} or later on this machine: docker/asterisk-root.sh DIR makes a folder "
            "with one (as root), then set [asterisk] root"
        )
    try:
        found = setup.in_root(root)
    except FileNotFoundError as error:
        raise CannotRun(f"{error}: as root, run docker/asterisk-root.sh {root}") from None
    if found.version < setup.OLDEST:
        raise CannotRun(f"the Asterisk in {root} does not run here, or is older than {oldest}")
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def as_running(settings: Settings) -> Settings:
    """The settings with the Asterisk our running ``serve`` started, whatever the file says."""
    part = runfile.read(settings.data.dir).get(PART)
    if part is None:
        return settings
    ami = parse_address(part["ami"]) if part["ami"] else None
    changes = {"url": part["url"], "spool": Path(part["spool"]), "ami": ami}
    asterisk = settings.asterisk.model_copy(update=changes)
    changed = settings.model_copy(update={"engine": "asterisk", "asterisk": asterisk})
    return changed.at(sip=parse_address(part["sip"]))


@asynccontextmanager
async def running(found: ChosenAsterisk, say: Callable[[str], None]) -> AsyncIterator[Supervisor | None]:
    """Our own Asterisk, set up, started and answering, kept running; None when somebody else's is used.

    Raises :class:`CannotRun` when it does not come up.
    """
    if found.own is None:
        yield None
        return
    settings, home = found.settings, found.home
    site = setup.site(settings, home, found.own)
    try:
        setup.write(site, shared=False)
        await asyncio.to_thread(setup.write_sorry, settings, site)
    except OSError as error:
        raise CannotRun(f"cannot set up Asterisk in {home}: {error}") from None
    child = Child("asterisk", _command(found), output=home / "log" / "console.log")
    supervisor = Supervisor([child], say)
    asterisk = settings.asterisk
    where = {"url": asterisk.url, "spool": str(asterisk.spool), "sip": str(settings.sip.listen)}
    where["ami"] = str(asterisk.ami or "")
    with runfile.announced(settings.data.dir, PART, **where):
        task = asyncio.create_task(supervisor.run())
        try:
            await _until_up(found, child, task)
            yield supervisor
        finally:
            supervisor.stop()
            await task


def _command(found: ChosenAsterisk) -> list[str]:
    assert found.own is not None
    command = [*found.own.command, "-f", "-C", str(found.home / "asterisk.conf")]
    # Nothing is left behind when `serve` itself is killed.
    return [tool, "--pdeathsig", "TERM", "--", *command] if (tool := shutil.which("setpriv")) else command


async def _until_up(found: ChosenAsterisk, child: Child, task: asyncio.Task[int]) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            await asyncio.to_thread(setup.ask, found.settings, "asterisk/info?only=system")
            return
        except (OSError, ValueError):
            pass
        if child.started > 1 or task.done() or time.monotonic() > end:
            assert child.output is not None
            last = child.output.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
            raise CannotRun("Asterisk does not start; it says:\n" + "\n".join(last) + f"\n(see {child.output})")
        await asyncio.sleep(POLL_S)
