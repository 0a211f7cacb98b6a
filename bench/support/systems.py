"""The four systems that are measured: three numbers of one Asterisk, and the hotline alone.

plain      the dialplan itself: answer, play, wait for a key, play
thin       ``thin_ari.py``: the same by ARI, with nothing written down
asterisk   the hotline with ``engine = "asterisk"``
embedded   the hotline with its own SIP and RTP
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hotline.process import runfile
from hotline.process.flows import CHECKED
from support.processes import cpu_s, memory_kb
from support.prompts import KEY, Prompts, rehearse
from tests.support.asterisk import AsteriskHotline
from tests.support.hotline import Hotline

NAMES = ("plain", "thin", "asterisk", "embedded")
TITLES = {
    "plain": "(a) plain dialplan",
    "thin": "(b) thin ARI app",
    "asterisk": "(c) hotline, engine asterisk",
    "embedded": "(d) hotline, engine embedded",
}
MAX_CALLS = 2000
PORTS = {"asterisk": "10000-15999", "embedded": "16000-21999"}  # two for each call; below what the system gives out
THIN = Path(__file__).with_name("thin_ari.py")
THIN_APP = "bench-thin"


class Thin:
    """The thin application in a process of its own."""

    def __init__(self, folder: Path, hotline: AsteriskHotline, greeting: list[str], following: list[str]) -> None:
        self._log = folder / "thin.log"
        said = folder / "prompts.json"
        said.write_text(json.dumps({"greeting": greeting, "following": following}), encoding="utf-8")
        ari = hotline.settings.asterisk
        self._command = [sys.executable, str(THIN), ari.url, ari.user, ari.secret, THIN_APP, str(said)]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes calls."""
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        end = time.monotonic() + 20
        while "ready" not in self._log.read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the thin application does not start: {self._log.read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it; whatever happened."""
        process, self.process = self.process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(frozen=True)
class System:
    """One of the four: where it is called, and the processes that answer, by their part in it."""

    name: str
    called: str
    address: tuple[str, int]
    parts: dict[str, int]

    def cpu(self) -> dict[str, float]:
        """Processor time of each, s."""
        return {part: cpu_s(pid) for part, pid in self.parts.items()}

    def memory(self) -> dict[str, int]:
        """Memory of each, KiB."""
        return {part: memory_kb(pid) for part, pid in self.parts.items()}


class Systems:
    """All of them, running. ``get(name, fresh=True)``: its processes started anew, as memory must be measured."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        changes = {"sip": {"max_calls": MAX_CALLS}}
        self.asterisk = AsteriskHotline(folder / "asterisk", changes={**changes, "rtp": {"ports": PORTS["asterisk"]}})
        self.embedded = Hotline(folder / "embedded", changes={**changes, "rtp": {"ports": PORTS["embedded"]}})
        self.prompts: Prompts = rehearse(self.asterisk.settings)
        greeting, following = self.prompts.uris(folder / "media")
        with (self.asterisk.asterisk_home / "extensions.conf").open("a", encoding="utf-8") as file:
            file.write(dialplan(greeting, following))
        self._thin = Thin(folder, self.asterisk, greeting, following)
        self.embedded.data.mkdir()
        shutil.copy(self.asterisk.data / CHECKED, self.embedded.data)  # the flow is proved once for all
        stack.callback(self.asterisk.close)
        stack.callback(self.embedded.close)
        stack.callback(self._thin.stop)
        self.asterisk.start()
        self._thin.start()
        self.embedded.start()

    def get(self, name: str, *, fresh: bool = False) -> System:
        """One of them."""
        if fresh and name != "embedded":
            self._restart()
        if name == "embedded":
            return System(name, "95598", _address(self.embedded), {"hotline": _pid(self.embedded)})
        assert self.asterisk.asterisk.process is not None
        parts = {"asterisk": self.asterisk.asterisk.process.pid}
        if name == "thin":
            assert self._thin.process is not None
            parts["app"] = self._thin.process.pid
        if name == "asterisk":
            parts["hotline"] = _pid(self.asterisk)
        called = {"plain": "plain", "thin": "thin", "asterisk": "95598"}[name]
        listen = self.asterisk.settings.sip.listen
        return System(name, called, (listen.host, listen.port), parts)

    def channels(self) -> int:
        """How many channels there are in Asterisk."""
        return self.asterisk.asterisk.channels()

    def _restart(self) -> None:
        self._thin.stop()
        self.asterisk.stop()
        self.asterisk.asterisk.stop()
        self.asterisk.start()
        self._thin.start()


@contextmanager
def running(folder: Path) -> Iterator[Systems]:
    """All four; whatever happens, all that was started is ended."""
    with ExitStack() as stack:
        yield Systems(folder, stack)


def dialplan(greeting: list[str], following: list[str]) -> str:
    """What is added to the hotline's own dialplan: two numbers beside it."""
    first, then = ("&".join(uri.removeprefix("sound:") for uri in media) for media in (greeting, following))
    return f"""
[hotline](+)
exten => plain,1,Goto(bench-plain,s,1)
exten => thin,1,Goto(bench-thin,s,1)

[bench-plain]
exten => s,1,Answer()
 same => n,Background({first})
 same => n(menu),Background({then})
 same => n,WaitExten(60)
 same => n,Hangup()
exten => {KEY},1,Goto(s,menu)

[bench-thin]
exten => s,1,Stasis({THIN_APP})
 same => n,Hangup()
"""


def _address(hotline: Hotline) -> tuple[str, int]:
    listen = hotline.settings.sip.listen
    return listen.host, listen.port


def _pid(hotline: Hotline) -> int:
    return int(runfile.read(hotline.data)["calls"]["pid"])


__all__ = ["NAMES", "TITLES", "System", "Systems", "running"]
