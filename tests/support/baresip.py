"""baresip without a sound card: it speaks from files and keeps what it hears in one.

async with Baresip.open(folder, path) as phone: ...                            a citizen's telephone
async with Baresip.open(folder, path, seat="101", secret=..., hotline="127.0.0.1:5060"): ...   an operator's
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import audio
from tests.support.ports import free_address, rtp_range
from tests.support.telephone import Program

MODULES = Path("/usr/lib/baresip/modules")
ANSWER_S = 20.0
KEY_S = 0.3  # a key is let go by itself after a moment
AS_IT_NAMES_THEM = {"PCMA": "PCMA", "PCMU": "PCMU", "G722": "G722/16000"}


class Baresip:
    """See :class:`tests.support.telephone.Telephone`. Told what to do over its control connection."""

    def __init__(self, folder: Path) -> None:
        self.events: list[dict[str, object]] = []
        self._folder, self._program = folder, Program(folder / "log")
        self._files = itertools.count(1)
        self._answers: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._control = free_address()
        self.rate = audio.RATE  # Hz, of what it says and hears

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        folder: Path,
        path: str,
        *,
        user: str = "13812345678",
        seat: str = "",
        secret: str = "",
        hotline: str = "",
        transport: str = "udp",
        trusted: Path | None = None,
        codec: str = "PCMA",
        srtp: bool = False,
    ) -> AsyncIterator[Baresip]:
        """Start it and wait until it can be told what to do; with a seat it registers meanwhile.

        ``trusted``: the authority it checks the hotline's certificate with, by TLS. ``codec``: named first, before
        PCMA. ``srtp``: it takes nothing else.
        """
        folder.mkdir(parents=True)  # noqa: ASYNC240
        phone = cls(folder)
        phone.rate = audio.RATES[codec]
        phone._configure(user, seat, secret, hotline, transport, trusted, codec, srtp)
        await phone._program.start(path, "-f", str(folder), "-v", cwd=folder)
        try:
            await phone._connect()
            yield phone
        finally:
            await phone.close()

    def _configure(
        self,
        user: str,
        seat: str,
        secret: str,
        hotline: str,
        transport: str,
        trusted: Path | None,
        codec: str,
        srtp: bool,
    ) -> None:
        folder, ports = self._folder, rtp_range(40)
        audio.write_wav(folder / "quiet.wav", self._silence(600_000 if not seat else 60_000), self.rate)
        more = [*(["g722"] if codec == "G722" else []), *(["srtp"] if srtp else [])]  # before the account names them
        names = ("ctrl_tcp", *more, "g711", "aufile", "aubridge", "sndfile", "account", "menu")
        modules = "".join(f"module {name}.so\n" for name in names)
        (folder / "config").write_text(
            f"sip_listen 127.0.0.1:0\nmodule_path {MODULES}\n{modules}ctrl_tcp_listen {self._control}\n"
            f"audio_player aubridge,heard\naudio_source aufile,{folder}/quiet.wav\naudio_alert aubridge,alert\n"
            f"snd_path {folder}\nrtp_ports {ports.first}-{ports.last}\ncall_local_timeout 60\n"
            + (f"sip_cafile {trusted}\n" if trusted else "")
        )
        account = f"<sip:{user}@127.0.0.1;transport={transport}>;regint=0"
        if seat:
            account = f"<sip:{seat}@{hotline};transport={transport}>;auth_pass={secret};answermode=auto;regint=60"
        codecs = ",".join(dict.fromkeys((AS_IT_NAMES_THEM[codec], "PCMA")))
        sealed = ";mediaenc=srtp-mand" if srtp else ""
        (folder / "accounts").write_text(f"{account};audio_codecs={codecs}{sealed}\n")
        (folder / "contacts").touch()

    async def _connect(self) -> None:
        async with asyncio.timeout(ANSWER_S):
            while True:
                try:
                    self._reader, self._writer = await asyncio.open_connection(*self._control)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """Netstrings of JSON: answers to commands, and events."""
        try:
            while True:
                size = int((await self._reader.readuntil(b":"))[:-1])
                message = json.loads((await self._reader.readexactly(size + 1))[:-1])
                if message.get("event"):
                    self.events.append(message)
                else:
                    self._answers.put_nowait(message)
        except (asyncio.IncompleteReadError, OSError):
            pass

    async def command(self, name: str, params: str = "") -> str:
        """One of its long commands; what it answered."""
        message = json.dumps({"command": name, "params": params, "token": name}).encode()
        self._writer.write(b"%d:%s," % (len(message), message))
        answer = await asyncio.wait_for(self._answers.get(), ANSWER_S)
        assert answer.get("ok"), (name, params, answer, self._program.output())
        return str(answer.get("data", ""))

    async def until(self, kind: str) -> dict[str, object]:
        """The first event of this kind (``CALL_ESTABLISHED``, ``CALL_CLOSED`` ...)."""
        async with asyncio.timeout(ANSWER_S):
            while not (found := [event for event in self.events if event.get("type") == kind]):
                assert self._program.process is not None and self._program.process.returncode is None
                await asyncio.sleep(0.05)
        return found[0]

    async def call(self, uri: str) -> None:
        await self.command("dial", uri)

    async def press(self, keys: str) -> None:
        for key in keys:
            await self.command("sndcode", key)
            await asyncio.sleep(KEY_S)

    async def speak(self, pcm: bytes) -> None:
        path = audio.write_wav(self._folder / f"say{next(self._files)}.wav", pcm + self._silence(60_000), self.rate)
        await self.command("ausrc", f"aufile,{path}")

    async def hang_up(self) -> None:
        await self.command("hangup")

    async def hold(self) -> None:
        await self.command("hold")

    async def resume(self) -> None:
        await self.command("resume")

    async def transfer(self, to: str) -> None:
        await self.command("transfer", to)

    def heard(self) -> bytes:
        # Its sndfile filter writes what was decoded; the newest file is the present call's.
        files = sorted(self._folder.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime)
        return audio.read_wav(files[-1], self.rate) if files else b""

    def _silence(self, ms: int) -> bytes:
        return audio.silence(ms * self.rate // audio.RATE)

    async def close(self) -> None:
        listener = getattr(self, "_listener", None)
        await self._program.end()  # it hangs up and unregisters as it leaves
        if listener is not None:
            await listener
            self._writer.close()
