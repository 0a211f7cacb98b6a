"""The panel beside people who want to stop it: 200 silent connections, 50 slow ones, 50 open streams of news.

    python bench/panel_crowd.py
    python bench/panel_crowd.py --gate       # exit 1: p95 of the 20 people's pages >= 150 ms, a thread per connection

20 people of five roles ask a real ``hotline panel`` for a page every 2 s, first alone, then beside the crowd. Silent
connections say nothing, slow ones send a byte of a request each second; both are opened again as soon as the panel
closes them. Each party comes from loopback addresses of its own. The year behind the pages is a small one: what is
measured is the server (the pages at their size: ``panel_at_size``).
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from support.panel_pages import Page, pages, together
from support.panel_people import Browser, ask, log_in, panel
from support.year_at_size import plan_of, sqlite_year

SILENT, SLOW, STREAMS = 200, 50, 50
P95_MS = 150.0
THREADS_MAX = 40  # the pool, what the loop asks aside, and some to spare; 300 connections are beside them
SLOW_HEAD = b"GET /log-in HTTP/1.1\r\nHost: panel\r\nX-Slow: "


@dataclass
class Crowd:
    """Connections that are kept open; ``again``: how often the panel had closed one."""

    port: int
    cookies: list[str]
    silent: list[socket.socket] = field(default_factory=list)
    slow: list[socket.socket] = field(default_factory=list)
    streams: list[socket.socket] = field(default_factory=list)
    again: int = 0
    heard: int = 0

    def come(self) -> None:
        """Everybody connects."""
        self.silent = [self._open(n) for n in range(SILENT)]
        self.slow = [self._open(1000 + n, SLOW_HEAD) for n in range(SLOW)]
        self.streams = [self._stream(n) for n in range(STREAMS)]

    def stay(self, stop: threading.Event) -> None:
        """Keep them all open, a byte a second of each slow one."""
        while not stop.wait(1.0):
            for n, one in enumerate(self.silent):
                self.silent[n] = one if self._stands(one) else self._open(n)
            for n, one in enumerate(self.slow):
                stands = self._stands(one) and self._says(one)
                self.slow[n] = one if stands else self._open(1000 + n, SLOW_HEAD)
            for n, one in enumerate(self.streams):
                self.streams[n] = one if self._stands(one) else self._stream(n)

    def leave(self) -> None:
        for one in (*self.silent, *self.slow, *self.streams):
            one.close()

    def _open(self, n: int, said: bytes = b"") -> socket.socket:
        """From one of some hundred addresses, none of them an honest person's."""
        found = socket.create_connection(("127.0.0.1", self.port), 30, (f"127.0.{1 + n % 100 // 50}.{1 + n % 50}", 0))
        found.sendall(said)
        found.setblocking(False)
        return found

    def _stream(self, n: int) -> socket.socket:
        head = f"GET /board/events HTTP/1.1\r\nHost: panel\r\nCookie: {self.cookies[n % len(self.cookies)]}\r\n\r\n"
        return self._open(2000 + n, head.encode())

    def _stands(self, one: socket.socket) -> bool:
        try:
            got = one.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            got = b""
        self.heard += got.count(b"event: news")
        self.again += not got
        if not got:
            one.close()
        return bool(got)

    def _says(self, one: socket.socket) -> bool:
        try:
            one.send(b"x")
        except OSError:
            return False
        return True


def threads(pid: int) -> int:
    return int(re.search(r"Threads:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])  # type: ignore[index]


def told(name: str, found: list[Page], more: str = "") -> float:
    """Print the percentiles of all pages; p95."""
    every = together(found)
    print(f"{name:14} {len(every.took):6} answers   p50 {every.at(0.5):4.0f} ms   p95 {every.at(0.95):4.0f} ms{more}")
    for page in found:
        page.took.clear()
    return every.at(0.95)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--gate", action="store_true", help="fail when a figure is missed")
    options = parser.parse_args()
    plan = plan_of(options.calls, options.calls // 10)
    url, data = sqlite_year(plan)
    found, missed = pages(url, plan.zone), []
    with panel(url, data) as (port, pid, _config):
        browsers = log_in(port)
        for page in found:  # once, so that nobody is measured compiling templates
            next(b for role, b in browsers if role in page.roles).get(page.paths[0])
        missed += ask(browsers, found, options.seconds)[:3]
        told("20 people", found, f"   {threads(pid)} threads")
        cookies = [browser.cookie for role, browser in browsers if role != "custodian"]
        crowd, stop = Crowd(port, cookies), threading.Event()
        crowd.come()
        staying = threading.Thread(target=crowd.stay, args=(stop,))
        staying.start()
        try:
            missed += ask(browsers, found, options.seconds)[:3]
            beside = threads(pid)
        finally:
            stop.set()
            staying.join()
            crowd.leave()
        p95 = told("beside a crowd", found, f"   {beside} threads")
        print(f"{SILENT} silent, {SLOW} slow, {STREAMS} streams; closed and opened again {crowd.again} times")
        if p95 >= P95_MS:
            missed.append(f"p95 beside the crowd {p95:.0f} ms >= {P95_MS:.0f}")
        if beside > THREADS_MAX:
            missed.append(f"{beside} threads > {THREADS_MAX}: connections cost threads")
        if not crowd.again:
            missed.append("no silent or slow connection was cut off")
        if Browser(port, "127.0.0.200").get("/log-in")[0] != 200:
            missed.append("the panel does not answer afterwards")
    for what in missed:
        print(f"missed: {what}")
    return int(options.gate and bool(missed))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parent.parent))
    sys.exit(main())
