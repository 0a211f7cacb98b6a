"""Many callers in one lean process: SIP and RTP written by hand, two sockets for all of them.

It shares two cores with the hotline it measures, so it is woken by the clock alone (every 5 ms) and takes the
arrival of each packet from the kernel (SO_TIMESTAMPNS): its own lateness is not counted against the hotline.
"""

from __future__ import annotations

import gc
import heapq
import itertools
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

SO_TIMESTAMPNS = 35  # Linux
TICK_S = 0.005
T1_S, T2_S, GIVE_UP_S = 0.5, 4.0, 32.0
PCMA, EVENT, FRAME = 8, 101, 160
EVENT_FRAMES = 4  # 80 ms, then one packet with the end bit: no repetitions, so the last packet is the first end
BUFFER = 16 * 1024 * 1024
_KEYS = "0123456789*#"
_MEDIA = re.compile(rb"m=audio (\d+)")


@dataclass(slots=True)
class Call:
    """One call and what was seen of it. Times in ns since the epoch; ``arrivals``: RTP from the hotline."""

    number: int
    here: int = 0  # SIP port of its caller
    invited: int = 0
    answered: int = 0
    ended: int = 0  # the 200 to our BYE
    failed: str = ""
    media: tuple[str, int] = ("", 0)
    to: bytes = b""
    arrivals: list[int] = field(default_factory=list)
    stamps: list[bytes] = field(default_factory=list)  # of each: RTP sequence number, time stamp, source
    heard: list[tuple[int, int]] = field(default_factory=list)  # (arrival, frame of a prompt that is looked for)
    keys_sent: list[int] = field(default_factory=list)  # when the last packet of a key went out
    seq: int = 0
    ts: int = 0
    key: int = -1  # being pressed
    key_frame: int = 0
    key_ts: int = 0
    then: Callable[[], None] | None = None  # what its caller does when he is answered

    @property
    def ref(self) -> str:
        """Its Call-ID, as the hotline stores it."""
        return f"{self.here}-{self.number}@bench"

    @property
    def setup_ms(self) -> float:
        """INVITE to 200."""
        return (self.answered - self.invited) / 1e6


class Callers:
    """``known``: payload → number, of frames that are noted when they are heard (``Call.heard``)."""

    def __init__(self, hotline: tuple[str, int], called: str, known: dict[bytes, int] | None = None) -> None:
        self._hotline, self._called, self._known = hotline, called, known or {}
        self._sip, self._rtp = self._socket(), self._socket()
        self._here = self._sip.getsockname()[1]
        self._media = self._rtp.getsockname()[1]
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._by_port: dict[int, Call] = {}
        self._up: list[list[Call]] = [[] for _ in range(4)]  # by 5 ms of the 20 ms
        self._payload = bytes([0xD5 ^ 0x55 & 0x3F]) * FRAME
        self.calls: list[Call] = []
        self.late_ticks = self.ticks = 0

    @staticmethod
    def _socket() -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, 33):  # 33: SO_RCVBUFFORCE, beyond the limit where we may
            try:
                sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
            except OSError:
                pass
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        return sock

    def close(self) -> None:
        self._sip.close()
        self._rtp.close()

    @property
    def up(self) -> int:
        """How many calls are up."""
        return sum(map(len, self._up))

    @property
    def open(self) -> int:
        """How many calls are not over."""
        return sum(1 for call in self.calls if not call.ended and not call.failed)

    # --- what callers do ---

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Do it in so many seconds."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), act))

    def dial(self, then: Callable[[Call], None] | None = None) -> Call:
        """Place a call; its INVITE is repeated until it is answered, ``then`` is done when it is taken."""
        call = Call(len(self.calls), self._here)
        self.calls.append(call)
        call.then = partial(then, call) if then else None
        call.invited = time.time_ns()
        self._repeat(call, self._request(call, "INVITE", 1, self._sdp()), lambda: bool(call.answered or call.failed))
        return call

    def press(self, call: Call, key: str) -> None:
        """Press a key."""
        call.key, call.key_frame, call.key_ts = _KEYS.index(key), 0, call.ts

    def hang_up(self, call: Call) -> None:
        """BYE, repeated until it is answered."""
        if not call.answered or call.ended or call.failed:
            return
        for slot in self._up:
            if call in slot:
                slot.remove(call)
        self._repeat(call, self._request(call, "BYE", 2), lambda: bool(call.ended or call.failed))

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let time go by."""
        gc.freeze()
        end = time.monotonic() + seconds
        tick = time.monotonic()
        slot = 0
        while (now := time.monotonic()) < end and not until():
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            while tick <= now:
                self.ticks += 1
                self.late_ticks += now - tick > 0.02
                for call in tuple(self._up[slot]):
                    self._send_frame(call)
                slot = (slot + 1) % 4
                tick += TICK_S
            self._drain()
            time.sleep(max(0.0, tick - time.monotonic()))

    # --- SIP ---

    def _repeat(
        self, call: Call, packet: bytes, over: Callable[[], bool], wait: float = T1_S, spent: float = 0
    ) -> None:
        if over():
            return
        if spent > GIVE_UP_S:
            call.failed = "no answer"
            return
        self._sip.sendto(packet, self._hotline)
        self.at(wait, lambda: self._repeat(call, packet, over, min(2 * wait, T2_S), spent + wait))

    def _sdp(self) -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self._media} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        )

    def _request(self, call: Call, method: str, number: int, body: str = "", again: str = "") -> bytes:
        host, port = self._hotline
        to = call.to.decode() or f"<sip:{self._called}@{host}>"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        branch = f"z9hG4bK{self._here}-{call.number}-{number}{again or method}"  # the ACK to a refusal has its INVITE's
        return (
            f"{method} sip:{self._called}@{host}:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._here};branch={branch};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:138{call.number:08}@127.0.0.1>;tag=c{call.number}\r\nTo: {to}\r\n"
            f"Call-ID: {call.ref}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:bench@127.0.0.1:{self._here}>\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _answer(self, data: bytes, at: int) -> None:
        if not data.startswith(b"SIP/2.0 "):
            return  # requests of the hotline: it ends no call here by itself
        head, _, body = data.partition(b"\r\n\r\n")
        lines = {name.lower(): value.strip() for name, _, value in (x.partition(b":") for x in head.split(b"\r\n")[1:])}
        call = self.calls[int(lines[b"call-id"].split(b"-")[1].split(b"@")[0])]
        code, method = int(data[8:11]), lines[b"cseq"].split()[1]
        if code < 200:
            return
        if method == b"BYE":
            call.ended = call.ended or at
        elif code == 200:
            call.to = lines[b"to"]
            self._sip.sendto(self._request(call, "ACK", 1), self._hotline)
            if not call.answered:
                call.answered = at
                found = _MEDIA.search(body)
                assert found is not None
                call.media = ("127.0.0.1", int(found[1]))
                self._by_port[call.media[1]] = call
                min(self._up, key=len).append(call)
                if call.then:
                    call.then()
        else:
            call.failed = call.failed or str(code)
            call.to = lines[b"to"]
            self._sip.sendto(self._request(call, "ACK", 1, again="INVITE"), self._hotline)

    # --- RTP ---

    def _send_frame(self, call: Call) -> None:
        call.seq = (call.seq + 1) & 0xFFFF
        call.ts = (call.ts + FRAME) & 0xFFFFFFFF
        if call.key < 0:
            head = struct.pack("!BBHII", 0x80, PCMA, call.seq, call.ts, call.number + 1)
            self._rtp.sendto(head + self._payload, call.media)
            return
        last = call.key_frame == EVENT_FRAMES
        first = MARK if call.key_frame == 0 else 0
        head = struct.pack("!BBHII", 0x80, EVENT | first, call.seq, call.key_ts, call.number + 1)
        event = struct.pack("!BBH", call.key, 0x8A if last else 0x0A, (call.key_frame + 1) * FRAME)
        self._rtp.sendto(head + event, call.media)
        call.key_frame += 1
        if last:
            call.key = -1
            call.keys_sent.append(time.time_ns())

    def _drain(self) -> None:
        for sock, take in ((self._rtp, self._sound), (self._sip, self._message)):
            receive = sock.recvmsg
            try:
                while True:
                    data, extra, _, source = receive(2048, 64)
                    seconds, nanos = struct.unpack_from("@ll", extra[0][2])
                    take(data, seconds * 1_000_000_000 + nanos, source)
            except BlockingIOError:
                pass

    def _sound(self, data: bytes, at: int, source: tuple[str, int]) -> None:
        call = self._by_port.get(source[1])
        if call is None:
            return
        call.arrivals.append(at)
        call.stamps.append(data[2:12])
        frame = self._known.get(data[12:])
        if frame is not None:
            call.heard.append((at, frame))

    def _message(self, data: bytes, at: int, _source: tuple[str, int]) -> None:
        self._answer(data, at)


MARK = 0x80
