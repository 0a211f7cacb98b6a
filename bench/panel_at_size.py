"""The panel with a year of 1,000,000 calls and 100,000 cases behind it, in SQLite and in PostgreSQL.

    python bench/panel_at_size.py                      # both databases (made once, kept in build/size)
    python bench/panel_at_size.py --database sqlite --seconds 60
    python bench/panel_at_size.py --gate               # exit 1: a page's p95 >= 150 ms, report >= 5 s, 300 MB
    python bench/panel_at_size.py --at-work --gate     # 20 calls a second come in, and the 20 people write, too

20 people of five roles are logged in to a real ``hotline panel``; each asks for a page every 2 s, all pages in turn:
lists with their filters and later pages, single calls and cases, worklists, figures of a day and of a month with the
rows behind them, board and its live poll. A page that is not in the list stops the bench; files (exports, recordings)
are left out. Percentiles are of each page's own answers; beside them the processor's time of the panel for a page,
which other programs on the machine change less. The monthly report is ``hotline report monthly`` as a process
of its own.

At work, a copy of the year is used: every fourth time an operator, lead or supervisor sends a note to a case instead,
and a ledger writes 20 calls a second as they go on (``support/calls_at_once.py``); how long its turns waited is told.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from support.year_at_size import PASSWORD, PEOPLE, SIZE, copied, plan_of, postgres_year, sqlite_year

from hotline.config.file import template, to_toml
from hotline.ports import any_free
from ivr.store.engine import open_engine, reading
from ivr.store.models import Call, Case, DeskCommand, Outage
from web.app import SCREENS

USERS, EVERY_S = 20, 2.0
P95_MS, REPORT_S, MEMORY_MB = 150.0, 5.0, 300.0
CALLS_A_SECOND = 20
WRITES_EVERY = 4  # so many pages to a note
TURN_P95_MS = 200.0
ROLES = ("operator",) * 9 + ("lead",) * 5 + ("supervisor",) * 4 + ("admin", "custodian")
STAFF = ("operator", "lead", "supervisor")
EVERYBODY = ("operator", "lead", "supervisor", "admin")
# Not pages with a year behind them: files, sounds, forms without data, and what machines ask for.
NO_PAGES = ("static", "api.", "monitoring.", "recordings.", "auth.", ".export", "board.index", "board.events")


@dataclass
class Page:
    """A page, who may ask for it, and how long its answers took (ms)."""

    name: str
    paths: list[str]
    roles: tuple[str, ...] = EVERYBODY
    took: list[float] = field(default_factory=list)

    def at(self, share: float) -> float:
        """A percentile by nearest rank."""
        ordered = sorted(self.took)
        return ordered[max(0, -(-round(share * 100) * len(ordered) // 100) - 1)] if ordered else float("nan")


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


def pages(url: str) -> list[Page]:
    """Every page of the panel, with ids and cursors from the database."""
    today = date.today()
    month = f"from={today - timedelta(days=30)}&to={today}"
    year = f"from={today - timedelta(days=364)}&to={today}"
    week = f"from={today - timedelta(days=6)}&to={today}"
    engine = open_engine(url)
    with Session(reading(engine)) as session:
        newest = session.scalars(select(Call.id).order_by(Call.arrived.desc()).limit(60)).all()
        old = session.scalars(select(Call.id).order_by(Call.arrived).limit(30)).all()
        spread = session.execute(select(Call.arrived, Call.id).order_by(Call.id).limit(1)).one()
        cases = session.scalars(select(Case.id).order_by(Case.received.desc()).limit(60)).all()
        first = session.scalars(select(Case.id).order_by(Case.received).limit(30)).all()
        commands = session.scalars(select(DeskCommand.id).limit(30)).all()
        notices = session.scalars(select(Outage.id).order_by(Outage.starts.desc()).limit(60)).all()
        middle = session.execute(select(Case.received, Case.id).order_by(Case.received).offset(50_000).limit(1)).first()
    engine.dispose()
    leads = ("lead", "supervisor", "admin")
    staff = STAFF
    deep = f"{spread.arrived + 15_000_000_000}.{spread.id}"
    found = [
        Page("board", ["/board"]),
        Page("board, live poll", ["/board/live"]),
        Page("calls, today", ["/calls"]),
        Page("calls, by outcome", [f"/calls?outcome={o}" for o in ("answered", "abandoned", "failed", "callback")]),
        Page("calls, a year", [f"/calls?{year}", f"/calls?{year}&before={deep}"], leads),
        Page(
            "calls, a year, filtered",
            [f"/calls?{year}&{more}" for more in (
                "outcome=failed", "window=complaint", "seat=139", "seat=nobody", "outcome=callback&window=repair",
                "outcome=failed&seat=140", "window=complaint&outcome=abandoned", "test=yes",
            )], leads,
        ),
        Page("calls, a week, sorted", [f"/calls?{week}&sort={s}" for s in ("-wait", "seat", "outcome")], leads),
        Page("a call", [f"/calls/{i}" for i in newest]),
        Page("a call of long ago", [f"/calls/{i}" for i in old], leads),
        Page("cases", ["/cases"]),
        Page("cases, later pages", [f"/cases?before={middle.received}.{middle.id}"] if middle else ["/cases"]),
        Page(
            "cases, filtered",
            [f"/cases?{more}" for more in (
                "kind=report", "status=handling", "status=closed", "due=open", "due=late", "due=soon",
                "kind=repair&status=received", "kind=praise&due=open", month, f"{year}&kind=callback", "owner=李强",
            )],
        ),
        Page("cases, sorted", [f"/cases?sort={s}" for s in ("due", "-due", "kind", "status", "owner", "-number")]),
        Page("a case", [f"/cases/{i}" for i in cases]),
        Page("a case of long ago", [f"/cases/{i}" for i in first]),
        Page("case, new", ["/cases/new"], staff),
        Page("worklists", ["/worklists"], staff),
        Page("worklist, answers", ["/worklists/answer"], staff),
        Page("worklist, missed", ["/worklists/missed"], staff),
        Page("worklist, follow-ups", ["/worklists/followup"], staff),
        Page("inbox", ["/inbox"], staff),
        Page("inbox, everything", ["/inbox?all=1"], staff),
        Page("figures, today", ["/figures"]),
        Page("figures, a week", [f"/figures?{week}"]),
        Page("figures, a month", [f"/figures?{month}"]),
        Page(
            "rows behind, a day", [f"/figures/{k}/rows" for k in ("K1", "K2a-15", "K4", "K13-complaint", "K15", "K20")]
        ),
        Page(
            "rows behind, a month",
            [f"/figures/{k}/rows?{month}" for k in (
                "K1", "K1g", "K2a-15", "K3", "K4", "K5", "K6", "K7-talk", "K12", "K13-complaint", "K14", "K15",
                "K16", "K17", "K18", "K19", "K20", "K21", "K22", "K25",
            )], leads,
        ),
        Page("calling back", [f"/call-back/{i}" for i in commands], staff),
        Page("calling back, live poll", [f"/call-back/{i}/state" for i in commands], staff),
        Page("promises, for everybody", ["/promises", f"/promises?month={_months_ago(3)}"]),
        Page("outage notices", ["/outages", "/outages?sort=-told", "/outages?state=now", "/outages?state=short"]),
        Page("an outage notice", [f"/outages/{i}" for i in notices]),
        Page("outage notice, new", ["/outages/new"], ("lead", "supervisor")),
        Page("sealed identities", ["/identities"], ("custodian",)),
        Page("calendar", ["/calendar"], ("supervisor", "admin")),
        Page("audit", ["/audit"], ("supervisor", "admin")),
        Page("audit, filtered", ["/audit?user=王芳", "/audit?action=export"], ("supervisor", "admin")),
        Page("deletions", ["/audit/deletions"], ("supervisor", "admin")),
        Page("custodians", ["/custodians"], ("supervisor",)),
        Page("users", ["/users"], ("admin",)),
        Page("tokens", ["/tokens"], ("admin",)),
        Page("help", ["/help"]),
    ]  # fmt: skip
    for page in found:
        page.paths = [quote(path, safe="/?&=.-_") for path in page.paths]
    _none_is_missing(found)
    return found


def _months_ago(n: int) -> str:
    return (date.today().replace(day=1) - timedelta(days=30 * n)).strftime("%Y-%m")


def _none_is_missing(found: list[Page]) -> None:
    """Every page of the panel is asked for."""
    app = Flask("panel")
    for screen in SCREENS:
        app.register_blueprint(screen.bp)
    routes = app.url_map.bind("")
    asked = {routes.match(path.partition("?")[0])[0] for page in found for path in page.paths}
    there = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    missing = {name for name in there - asked if not any(part in name for part in NO_PAGES)}
    assert not missing, f"pages that are not measured: {', '.join(sorted(missing))}"


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


def memory_mb(pid: int) -> float:
    """The most the process and those it began have had resident."""
    process = Path(f"/proc/{pid}")
    own = int(re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())[1]) / 1024  # type: ignore[index]
    begun = [child for task in process.glob("task/*/children") for child in task.read_text().split()]
    return own + sum(memory_mb(int(child)) for child in begun)


def ask(browsers: list[tuple[str, Browser]], found: list[Page], seconds: float, notes: Page | None = None) -> list[str]:
    """Everybody asks for a page every 2 s; what went wrong. ``notes``: the cases staff send notes to in between."""
    wrong: list[str] = []
    end = time.monotonic() + seconds
    lock = threading.Lock()

    def one(number: int, role: str, browser: Browser) -> None:
        dice = random.Random(number)
        mine = [page for page in found if role in page.roles]
        dice.shuffle(mine)
        due = time.monotonic() + EVERY_S * number / USERS
        turn = 0
        while due < end:
            time.sleep(max(0.0, due - time.monotonic()))
            writes = notes is not None and role in notes.roles and turn % WRITES_EVERY == number % WRITES_EVERY
            page = notes if writes and notes is not None else mine[turn % len(mine)]
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


@contextmanager
def calls_come(url: str, data: Path, told: dict[str, float]) -> Iterator[None]:
    """Twenty calls a second meanwhile; ``told``: afterwards, how long their turns waited."""
    script = Path(__file__).parent / "support" / "calls_at_once.py"
    command = [sys.executable, str(script), url, str(data), str(CALLS_A_SECOND)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield
    finally:
        out, _ = process.communicate("", 120)
        told |= json.loads(out)


def processor_s(pid: int) -> float:
    """Seconds of processor the process and those it began have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    begun = [child for task in Path(f"/proc/{pid}").glob("task/*/children") for child in task.read_text().split()]
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + sum(processor_s(int(child)) for child in begun)


def measure(kind: str, url: str, data: Path, seconds: float, alone: bool, at_work: bool = False) -> list[str]:
    """Print the table of one database; what missed its figure."""
    found, missed = pages(url), []
    notes = Page("a note", next(page for page in found if page.name == "a case").paths, STAFF) if at_work else None
    turns: dict[str, float] = {}
    with panel(url, data) as (port, pid, config):
        browsers = log_in(port)
        if alone:
            one_by_one(browsers, found)
        else:
            for page in found:  # once, so that nobody is measured compiling templates
                next(b for role, b in browsers if role in page.roles).get(page.paths[0])
            used = processor_s(pid)
            with calls_come(url, data, turns) if at_work else nullcontext():
                wrong = ask(browsers, found, seconds, notes)
            used = processor_s(pid) - used
            missed += wrong[:5]
        memory = memory_mb(pid)
        last = (date.today().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
        began = time.perf_counter()
        out = tempfile.mkdtemp()
        command = [
            sys.executable,
            "-m",
            "hotline",
            "report",
            "monthly",
            "--month",
            last,
            "--html-only",
            "--out",
            out,
            *config,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        report = time.perf_counter() - began
        shutil.rmtree(out, ignore_errors=True)
        if done.returncode:
            missed.append(f"the report failed: {done.stderr[-300:]}")
    found += [notes] if notes else []
    print(f"{kind}: page{'':28} answers   p50 ms   p95 ms")
    for page in found:
        print(f"{'':8}{page.name:28} {len(page.took):7} {page.at(0.5):8.0f} {page.at(0.95):8.0f}")
        if page.took and page.at(0.95) >= P95_MS:
            missed.append(f"{page.name}: p95 {page.at(0.95):.0f} ms >= {P95_MS:.0f}")
    every = Page("all", [], took=[ms for page in found for ms in page.took])
    print(f"{'':8}{'all pages':28} {len(every.took):7} {every.at(0.5):8.0f} {every.at(0.95):8.0f}")
    if not alone:
        print(f"{'':8}processor of the panel {used * 1000 / max(1, len(every.took)):.1f} ms a page")
    if turns:
        words = ", ".join(f"{name} {value:.0f}" for name, value in turns.items())
        print(f"{'':8}{CALLS_A_SECOND} calls a second meanwhile: {words} ms")
        if turns["failed"] or turns["p95"] >= TURN_P95_MS:
            missed.append(f"calls' turns: {words}")
    print(f"{'':8}monthly report {report:.1f} s   panel's memory {memory:.0f} MB")
    if report >= REPORT_S:
        missed.append(f"the monthly report took {report:.1f} s >= {REPORT_S} s")
    if memory >= MEMORY_MB:
        missed.append(f"the panel had {memory:.0f} MB >= {MEMORY_MB:.0f} MB")
    return [f"{kind}: {what}" for what in missed]


def one_by_one(browsers: list[tuple[str, Browser]], found: list[Page]) -> None:
    """Each page alone: what it costs without a queue."""
    for page in found:
        browser = next(b for role, b in browsers if role in page.roles)
        for path in (page.paths * 5)[:12]:
            status, text, took = browser.get(path)
            assert status == 200, f"{path}: {status} {text[:200]}"
            page.took.append(took)
        page.took = page.took[1:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=SIZE[0])
    parser.add_argument("--cases", type=int, default=SIZE[1])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--alone", action="store_true", help="one request after the other, to see what a page costs")
    parser.add_argument("--at-work", action="store_true", help="people write, and 20 calls a second come in")
    parser.add_argument("--gate", action="store_true", help="fail when a figure is missed")
    options = parser.parse_args()
    plan = plan_of(options.calls, options.cases)
    missed = []
    if options.database in ("sqlite", "both"):
        with copied(*sqlite_year(plan)) if options.at_work else nullcontext(sqlite_year(plan)) as (url, data):
            missed += measure("SQLite", url, data, options.seconds, options.alone, options.at_work)
    if options.database in ("postgresql", "both"):
        with postgres_year(plan, copy=options.at_work) as (url, data):
            missed += measure("PostgreSQL", url, data, options.seconds, options.alone, options.at_work)
    for what in missed:
        print(f"missed: {what}")
    return int(options.gate and bool(missed))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parent.parent))
    sys.exit(main())
