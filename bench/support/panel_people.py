"""People at a real ``hotline panel``: its process, browsers that keep their connection, and twenty who click.

with panel(url, data) as (port, pid, config):
    people = log_in(port)
    wrong = ask(people, pages, seconds)
"""

from __future__ import annotations

import http.client
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from hotline.config.file import template, to_toml
from hotline.ports import any_free
from support.panel_pages import Page
from support.year_at_size import PASSWORD, PEOPLE

USERS, EVERY_S = 20, 2.0
WRITES_EVERY = 4  # so many pages to a note
ROLES = ("operator",) * 9 + ("lead",) * 5 + ("supervisor",) * 4 + ("admin", "custodian")


class Browser:
    """One person's connection, kept open, with their cookie."""

    def __init__(self, port: int, address: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(address, 0))
        self.cookie = self.token = ""

    def get(self, path: str) -> tuple[int, str, float]:
        """Status, text, ms."""
        return self._ask("GET", path)

    def login(self, name: str) -> None:
        _, text, _ = self.get("/log-in")
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert token, text[:500]
        form = urlencode({"csrf_token": token[1], "name": name, "password": PASSWORD})
        status, text, _ = self._ask("POST", "/log-in", form)
        assert status == 302, f"{name} cannot log in: {status} {text[:300]}"
        self.token = token[1]

    def note(self, page: str) -> tuple[int, str, float]:
        """Send a note to the case whose page this is."""
        if not self.token.startswith("~"):  # logged in, the session has another
            _, text, _ = self.get("/cases/new")
            found = re.search(r'name="csrf_token" value="([^"]+)"', text)
            assert found, text[:500]
            self.token = "~" + found[1]
        fields = {"csrf_token": self.token[1:], "action": "note", "text": "来电人补充：共三人在场", "worded": "1"}
        return self._ask("POST", f"{page}/do", urlencode(fields), page)

    def _ask(self, method: str, path: str, body: str | None = None, page: str = "/log-in") -> tuple[int, str, float]:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1{page}"}
        began = time.perf_counter()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # kept open for too long: as a browser does, once more
            self._connection.close()
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - began) * 1000
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            self.cookie = cookie.split(";", 1)[0]
        return answer.status, text.decode(errors="replace"), took


@contextmanager
def panel(url: str, data: Path) -> Iterator[tuple[int, int, list[str]]]:
    """A running ``hotline panel``: port, process id, and the command line that finds its settings."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as name:
        port = any_free().port
        tree = tomllib.loads(template())
        tree["data"] = {"dir": str(data), "database_url": "" if url.startswith("sqlite") else url}
        tree["reports"] = {**tree.get("reports", {}), "public_promises": True}
        tree["panel"] = {**tree.get("panel", {}), "listen": f"127.0.0.1:{port}"}
        config = Path(name) / "hotline.toml"
        config.write_text(to_toml(tree), encoding="utf-8")
        config.chmod(0o600)
        with (Path(name) / "log").open("wb") as log:
            command = [sys.executable, "-m", "hotline", "panel", "--config", str(config)]
            process = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                end = time.monotonic() + 60
                while not _listens(port):
                    if process.poll() is not None or time.monotonic() > end:
                        raise RuntimeError((Path(name) / "log").read_text()[-3000:])
                    time.sleep(0.2)
                yield port, process.pid, ["--config", str(config)]
            finally:
                process.terminate()
                process.wait(20)


def _listens(port: int) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=2).connect()
    except OSError:
        return False
    return True


def ask(browsers: list[tuple[str, Browser]], found: list[Page], seconds: float, notes: Page | None = None) -> list[str]:
    """Everybody asks for a page every 2 s; what went wrong. ``notes``: the cases staff send notes to in between.

    Of the pages somebody may see it is the one least asked for till then, so that those of few have a p95, too.
    """
    wrong: list[str] = []
    end = time.monotonic() + seconds
    lock = threading.Lock()
    asked = Counter[str]()

    def one(number: int, role: str, browser: Browser) -> None:
        dice = random.Random(number)
        mine = [page for page in found if role in page.roles]
        dice.shuffle(mine)
        due = time.monotonic() + EVERY_S * number / USERS
        turn = 0
        while due < end:
            time.sleep(max(0.0, due - time.monotonic()))
            writes = notes is not None and role in notes.roles and turn % WRITES_EVERY == number % WRITES_EVERY
            with lock:
                page = notes if writes and notes is not None else min(mine, key=lambda one: asked[one.name])
                asked[page.name] += 1
            path = dice.choice(page.paths)
            status, text, took = browser.note(path) if writes else browser.get(path)
            with lock:
                page.took.append(took)
                if status != (303 if writes else 200):
                    wrong.append(f"{role} {path}: {status} {text[:100]}")
            turn += 1
            due = max(due + EVERY_S, time.monotonic())

    threads = [threading.Thread(target=one, args=(n, role, b)) for n, (role, b) in enumerate(browsers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def log_in(port: int) -> list[tuple[str, Browser]]:
    """Twenty people, each from an address of their own."""
    named: dict[str, list[str]] = {}
    for name, role in PEOPLE.items():
        named.setdefault(role, []).append(name)
    found = []
    for number, role in enumerate(ROLES):
        browser = Browser(port, f"127.0.0.{number + 2}")
        browser.login(named[role][number % len(named[role])])
        found.append((role, browser))
    return found
