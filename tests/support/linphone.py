"""linphonec (Debian's linphone-cli) without a sound card: it speaks from files and keeps what it hears in one.

async with Linphone.open(folder, path) as phone: ...                           a citizen's telephone
async with Linphone.open(folder, path, seat="101", secret=..., hotline="127.0.0.1:5060"): ...   an operator's

It is told what to do line by line, as somebody at its prompt would, and what it prints is read. It keeps its settings
and its books in ``folder``.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import audio
from tests.support.ports import rtp_range
from tests.support.telephone import Program

ANSWER_S = 20.0
CODECS = {"G722": 8000, "PCMA": 8000, "PCMU": 8000, "opus": 48000, "speex": 8000, "GSM": 8000, "G729": 8000}
KEY_S = 0.4
NONE, BEGUN = "No active call", "Establishing call id"  # its words
HEAD = 44  # bytes: zeros until the call has ended


class Linphone:
    """See :class:`tests.support.telephone.Telephone`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._program = folder, Program(folder / "log")
        self._files = itertools.count(1)
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
    ) -> AsyncIterator[Linphone]:
        """Start it, with a seat registered. ``trusted``, ``codec``, ``srtp``: see :class:`Baresip`."""
        folder.mkdir(parents=True)  # noqa: ASYNC240
        phone = cls(folder)
        phone.rate = audio.RATES[codec]
        phone._configure(user, seat, secret, hotline, transport, trusted, codec, srtp)
        await phone._program.start(path, "-c", str(folder / "settings"), *(["-a"] if seat else []), cwd=folder)
        try:
            await phone._tell("soundcard use files")
            await phone._tell(f"record {folder}/heard.wav")
            await phone._tell(f"play {folder}/quiet.wav")
            if seat:
                await phone._registered()
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
        ports = rtp_range(40)
        place = {name: -1 if name == transport else 0 for name in ("udp", "tcp", "tls")}  # any port, or none
        audio.write_wav(self._folder / "quiet.wav", audio.silence(60_000))
        lines = [
            "[sip]",
            f"sip_port={place['udp']}\nsip_tcp_port={place['tcp']}\nsip_tls_port={place['tls']}",
            "bind_address=127.0.0.1\nuse_ipv6=0\nguess_hostname=1\nuse_info=0\nuse_rfc2833=1\nping_with_options=0",
            f"contact=sip:{user}@127.0.0.1\ndefault_proxy={0 if seat else -1}",
            f"media_encryption={'srtp' if srtp else 'none'}\nmedia_encryption_mandatory={int(srtp)}",
            f"[rtp]\naudio_rtp_port={ports.first}-{ports.last}\nbind_address=127.0.0.1",
            "[sound]\nechocancellation=0\nremote_ring=\nlocal_ring=",
            "[video]\nenabled=0\n[lime]\nenabled=0\n[net]\nmtu=1400",
        ]
        if trusted:
            lines.insert(1, f"root_ca={trusted}\nverify_server_certs=1\nverify_server_cn=1")
        for number, (mime, rate) in enumerate(CODECS.items()):
            taken = int(mime in (codec, "PCMA"))
            lines.append(f"[audio_codec_{number}]\nmime={mime}\nrate={rate}\nchannels=1\nenabled={taken}")
        if seat:
            there = f"sip:{hotline};transport={transport}"
            lines.append(f"[proxy_0]\nreg_proxy=<{there}>\nreg_route=<{there};lr>\nreg_identity=sip:{seat}@{hotline}")
            lines.append("reg_expires=600\nreg_sendregister=1\npublish=0")
            lines.append(f"[auth_info_0]\nusername={seat}\npasswd={secret}")
        (self._folder / "settings").write_text("\n".join(lines) + "\n")
        (self._folder / ".local" / "share" / "linphone").mkdir(parents=True)  # it complains where there is none

    async def _tell(self, line: str) -> None:
        process = self._program.process
        assert process is not None and process.stdin is not None
        process.stdin.write(line.encode() + b"\n")
        await process.stdin.drain()

    async def _registered(self) -> None:
        async with asyncio.timeout(ANSWER_S):
            while "registered, identity" not in self._said():
                await self._tell("status register")
                await asyncio.sleep(0.2)

    async def _idle(self) -> None:
        """It takes one call at a time: ask until it knows of none."""
        free = self._said().count(NONE)
        async with asyncio.timeout(ANSWER_S):
            while self._said().count(NONE) == free:
                await self._tell("calls")
                await asyncio.sleep(0.1)

    def _said(self) -> str:
        return self._program.log.read_text(encoding="utf-8", errors="replace")

    async def call(self, uri: str) -> None:
        await self._idle()
        begun = self._said().count(BEGUN)
        await self._tell(f"call {uri}")
        try:
            async with asyncio.timeout(ANSWER_S):
                while self._said().count(BEGUN) == begun:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"linphonec does not call {uri}:\n{self._said()}") from None

    async def press(self, keys: str) -> None:
        for key in keys:
            await self._tell(key)
            await asyncio.sleep(KEY_S)

    async def speak(self, pcm: bytes) -> None:
        path = audio.write_wav(self._folder / f"say{next(self._files)}.wav", pcm, self.rate)
        await self._tell(f"play {path}")

    async def hang_up(self) -> None:
        await self._tell("terminate")

    async def hold(self) -> None:
        await self._tell("pause")

    async def resume(self) -> None:
        await self._tell("resume")

    def heard(self) -> bytes:
        path = self._folder / "heard.wav"
        if not path.exists():
            return b""
        begun = path.read_bytes()
        if begun.startswith(b"RIFF"):
            return audio.read_wav(path, self.rate)
        return begun[HEAD : HEAD + (len(begun) - HEAD) // 2 * 2]

    async def close(self) -> None:
        process = self._program.process
        if process is not None and process.returncode is None:
            try:
                await self._tell("quit")  # it hangs up and unregisters
                await asyncio.wait_for(process.wait(), ANSWER_S)
            except (TimeoutError, OSError):
                pass
        await self._program.end()
