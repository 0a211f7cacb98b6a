"""RTP load: many streams both ways through one event loop, and what comes out at the far end.

    python bench/rtp_streams.py                  # the table below for 200 streams
    python bench/rtp_streams.py --streams 50 100 200 400 --seconds 10 --mode prompt
    python bench/rtp_streams.py --gate           # exit status 1 when a figure is missed

The far end is a second process with code of its own: for every stream it sends 50 packets/s and notes when
ours arrive by the kernel's receive time stamps, so that its own lateness is not counted against us.
Modes: ``silence`` (nothing plays), ``prompt`` (a clip plays on every stream and each key starts another),
``bridge`` (pairs of streams joined, half of the pairs transcoding), ``confer`` (that, and ten conferences
of three beside them), ``record`` (a quarter of the streams is recorded). On a machine with other work, run it as
root under ``chrt -r 5``: column ``noise`` tells.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import heapq
import multiprocessing as mp
import secrets
import select
import socket
import struct
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from hotline.process import priority
from ivr.telephony import Clip
from sip.embedded.media import Media, Stream

MODES = ("silence", "prompt", "bridge", "confer", "record")
CONFERENCES, EACH = 10, 3
SO_TIMESTAMPNS = 35  # Linux
EVENT = 101
KEY_EVERY = 250  # packets: a key each 5 s
GATE_RATE, GATE_GAPS, GATE_CPU, GATE_KEY_MS = 49.9, 0.001, 0.6, 60.0
CONFER_CPU = 0.8  # with the conferences, which no other row has


@dataclass
class Leg:
    """One stream's far end."""

    sock: socket.socket
    target: tuple[str, int]
    pt: int
    seq: int = 0
    ts: int = 0
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    arrivals: list[int] = field(default_factory=list)
    last_payload: bytes = b""
    key_sent_ns: int = 0
    key_waits: list[float] = field(default_factory=list)

    def send(self, keys: bool, codes: bytes) -> None:
        """The next packet: audio, or (for five packets in every ``KEY_EVERY``) a key."""
        at = self.seq % KEY_EVERY
        if keys and 100 <= at < 107:
            n = min(at - 99, 5)
            payload = struct.pack("!BBH", 5, (0x80 if n == 5 else 0) | 10, n * 160)
            head = struct.pack(
                "!BBHII", 0x80, EVENT, self.seq & 0xFFFF, (self.ts - (at - 100) * 160) & 0xFFFFFFFF, self.ssrc
            )
            self.sock.sendto(head + payload, self.target)
            if at == 100:
                self.key_sent_ns = time.time_ns()
        else:
            head = struct.pack("!BBHII", 0x80, self.pt, self.seq & 0xFFFF, self.ts, self.ssrc)
            self.sock.sendto(head + codes, self.target)
        self.seq += 1
        self.ts = (self.ts + 160) & 0xFFFFFFFF

    def receive(self) -> None:
        """Note one arrival."""
        data, ancillary, _, _ = self.sock.recvmsg(2048, 64)
        seconds, nanos = struct.unpack("@ll", ancillary[0][2][:16])
        self.arrivals.append(at := seconds * 1_000_000_000 + nanos)
        payload = data[12:]
        if self.last_payload and payload[:8] != self.last_payload[:8] and self.key_sent_ns:
            self.key_waits.append((at - self.key_sent_ns) / 1e6)
            self.key_sent_ns = 0
        self.last_payload = payload


def far_end(pipe: Connection) -> None:
    """The second process: open sockets, tell their ports, run, tell what came."""
    targets, seconds, keys, codecs = pipe.recv()
    legs: list[Leg] = []
    poll = select.epoll()
    by_fd: dict[int, Leg] = {}
    for port, pt in zip(targets, codecs, strict=True):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind(("127.0.0.1", 0))
        legs.append(Leg(sock, ("127.0.0.1", port), pt, seq=secrets.randbelow(KEY_EVERY)))
        by_fd[sock.fileno()] = legs[-1]
        poll.register(sock.fileno(), select.EPOLLIN)
    pipe.send([leg.sock.getsockname()[1] for leg in legs])
    pipe.recv()  # go
    gc.freeze()
    start = time.monotonic()
    end = start + seconds
    due = [(start + 0.020 * n / len(legs), n) for n in range(len(legs))]
    heapq.heapify(due)
    sent = held_up = 0
    voice = np.random.default_rng(1).integers(0, 256, 160, np.uint8).tobytes()
    while (now := time.monotonic()) < end:
        # Woken by the clock only: a far end woken by every packet would push us off our core.
        poll.poll(max(0.0, due[0][0] - now))
        for fd, _ in poll.poll(0):
            by_fd[fd].receive()
        now = time.monotonic()
        while due[0][0] <= now:
            at, n = due[0]
            sent += 1
            held_up += now - at > 0.020
            legs[n].send(keys, voice)
            heapq.heapreplace(due, (at + 0.020, n))
    pipe.send(([(leg.arrivals, leg.key_waits) for leg in legs], held_up / sent))


@dataclass
class Row:
    """What one run gave."""

    mode: str
    streams: int
    rate: float  # packets/s of the slowest stream
    gaps: float  # share of intervals over 40 ms
    worst_ms: float
    cpu: float  # of one core
    key_p95_ms: float | None
    lost: int
    stalls: int
    noise: float  # share of the far end's own packets that were over 20 ms late: the machine is busy

    def misses(self) -> list[str]:
        """Which of the gate's figures were not reached."""
        out = []
        if self.rate < GATE_RATE:
            out.append(f"{self.rate:.2f} packets/s < {GATE_RATE}")
        if self.gaps >= GATE_GAPS:
            out.append(f"{self.gaps:.3%} gaps >= {GATE_GAPS:.1%}")
        if self.mode == "confer" and self.worst_ms > 40:
            out.append(f"a gap of {self.worst_ms:.0f} ms beside conferences")
        if self.cpu > (limit := CONFER_CPU if self.mode == "confer" else GATE_CPU):
            out.append(f"{self.cpu:.0%} of a core > {limit:.0%}")
        if self.key_p95_ms is not None and self.key_p95_ms > GATE_KEY_MS:
            out.append(f"key to prompt {self.key_p95_ms:.0f} ms > {GATE_KEY_MS:.0f} ms")
        return out


async def prepare(media: Media, streams: list[Stream], mode: str, folder: Path) -> None:
    """Set the streams to work."""
    if mode == "confer":
        relayed = len(streams) - CONFERENCES * EACH
        for at in range(relayed, len(streams), EACH):
            media.confer(streams[at : at + EACH])
        streams, mode = streams[:relayed], "bridge"
    clips = [
        Clip(f"bench{n}", (np.full(8000 * 20, level)).astype("<i2").tobytes()) for n, level in enumerate((2000, -3000))
    ]

    def start_on_key(stream: Stream) -> None:
        turn = 0

        def on_key(_: str) -> None:
            nonlocal turn
            turn += 1
            stream.play([clips[turn % 2]], lambda finished: None)

        stream.on_key = on_key
        stream.play([clips[0]], lambda finished: None)

    for n, stream in enumerate(streams):
        if mode == "prompt":
            start_on_key(stream)
        elif mode == "record" and n % 4 == 0:
            stream.record(folder / f"{n}.wav", 3_600_000, 0, lambda path, ms, end: None)
            await asyncio.sleep(0.005)  # callers do not begin to speak all in the same moment
        elif mode == "bridge" and n % 2:
            stream.bridge(streams[n - 1])


async def run(mode: str, count: int, seconds: float) -> Row:
    """One run."""
    count += CONFERENCES * EACH if mode == "confer" else 0
    context = mp.get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=far_end, args=(theirs,))
    process.start()
    media = Media("127.0.0.1", (30000, 30000 + 2 * count + 99))
    await media.start()
    streams = [media.open() for _ in range(count)]
    codecs = [0 if mode in ("bridge", "confer") and n % 4 == 0 else 8 for n in range(count)]
    pipe.send(([s.port for s in streams], seconds + 1.0, mode == "prompt", codecs))
    ports = await asyncio.to_thread(pipe.recv)
    with tempfile.TemporaryDirectory() as folder:
        for stream, port, pt in zip(streams, ports, codecs, strict=True):
            stream.set_remote("127.0.0.1", port, pt, EVENT)
        await prepare(media, streams, mode, Path(folder))
        gc.collect()
        gc.freeze()
        priority.in_real_time()  # as the hotline does
        pipe.send("go")
        await asyncio.sleep(0.5)
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        results, noise = await asyncio.to_thread(pipe.recv)
        lost, stalls = sum(s.stats.lost for s in streams), media.stalls
        await media.stop()
    process.join()
    rates, intervals, waits = [], [], []
    for arrivals, key_waits in results:
        times = np.array(arrivals[25:-25]) / 1e6
        steps = np.diff(times)
        rates.append(1000 * len(steps) / (times[-1] - times[0]))
        intervals.append(steps)
        waits += key_waits
    steps = np.concatenate(intervals)
    p95 = float(np.percentile(waits, 95)) if waits else None
    gaps, worst = float((steps > 40).mean()), float(steps.max())
    return Row(mode, count, min(rates), gaps, worst, cpu / wall, p95, lost, stalls, noise)


def main() -> int:
    """Print the table; with ``--gate`` the exit status tells."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--streams", type=int, nargs="+", default=[200])
    options.add_argument("--seconds", type=float, default=15.0)
    options.add_argument("--mode", choices=MODES, nargs="+", default=list(MODES))
    options.add_argument("--gate", action="store_true", help="exit status 1 when a figure is missed")
    given = options.parse_args()
    print("mode     streams  packets/s  gaps>40ms  worst ms  CPU of a core  key->prompt p95  lost  stalls  noise")
    missed = []
    for mode in given.mode:
        for count in given.streams:
            row = asyncio.run(run(mode, count, given.seconds))
            key = "-" if row.key_p95_ms is None else f"{row.key_p95_ms:.1f} ms"
            print(
                f"{row.mode:8} {row.streams:7}  {row.rate:9.2f}  {row.gaps:9.4%}  {row.worst_ms:8.1f}"
                f"  {row.cpu:13.1%}  {key:>15}  {row.lost:4}  {row.stalls:6}  {row.noise:.3%}",
                flush=True,
            )
            if row.noise > 0.0005:
                print("         the machine is busy with other work (noise): these figures say little")
            missed += [f"{mode}, {count} streams: {what}" for what in row.misses()]
    for what in missed:
        print("missed:", what)
    return 1 if given.gate and missed else 0


if __name__ == "__main__":
    sys.exit(main())
