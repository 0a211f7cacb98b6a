"""How long the journal waits for a panel that writes: each turn of a call, from handed over to on the disk.

    python bench/journal_waits.py            # SQLite in a temporary folder, 10 s
    python bench/journal_waits.py --gate     # exit 1 when a limit is missed

Beside a ledger that writes 20 turns a second, as four calls do, five people work at a panel in a process of its own, by
its pages, without a pause: two type wrong passwords (Argon2 as installed), one changes a password again and again, two
take letters down.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.history import Caller
from tests.web.conftest import Auth
from tests.web.demo import PASSWORD, World
from web import create_app
from web.passwords import Argon2

SECONDS, PAUSE_S = 10.0, 0.05
LIMITS = {
    "p95_ms": 200.0,
    "longest_ms": 1000.0,
}  # a call's turn waits for the database for a second, then it is spooled


def main() -> int:
    """Measure; how many limits were missed decides the exit code."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--gate", action="store_true", help="exit 1 when a limit is missed")
    options.add_argument("--people", metavar="DIR", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.people:
        work(World(Path(chosen.people)))
    with tempfile.TemporaryDirectory() as home:
        world = World(Path(home))
        world.people()
        alone = measure(world)
        people = subprocess.Popen([sys.executable, __file__, "--people", home], stdout=subprocess.PIPE, text=True)
        assert people.stdout is not None
        try:
            people.stdout.readline()
            beside = measure(world)
        finally:
            people.kill()
            people.wait()
        world.close()
    _print("alone", alone)
    _print("beside people", beside)
    missed = [name for name, limit in LIMITS.items() if _figures(beside)[name] > limit]
    print("missed: " + ", ".join(missed) if missed else "within the limits")
    return bool(missed) if chosen.gate else 0


def measure(world: World) -> list[float]:
    """Milliseconds each turn took."""
    waits, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        caller = Caller(world.ledger)
        for tell in (caller.arrives, caller.asks_for_a_person, partial(caller.rings, "101"), caller.ends):
            began = time.monotonic()
            tell()
            waits.append((time.monotonic() - began) * 1000)
            time.sleep(PAUSE_S)
    return waits


def work(world: World) -> NoReturn:
    """The people at the panel, until somebody ends the process."""
    app = create_app(world.config(hasher=Argon2()))

    def guesses(browser: Auth) -> None:
        browser.login(f"nobody{time.monotonic_ns()}", "wrong-password")

    passwords = [PASSWORD]

    def changes(browser: Auth) -> None:
        passwords.append(f"another horse {len(passwords)}, another battery")
        browser.send("/password", old=passwords[-2], new=passwords[-1], again=passwords[-1])

    def writes(browser: Auth) -> None:
        browser.send("/cases/new", kind="complaint", channel="letter", text="来信反映窗口人员态度生硬")

    def for_ever(name: str, act: Callable[[Auth], None]) -> None:
        browser = Auth(app.test_client())
        browser.login(name)
        while True:
            act(browser)

    for name, act in (("", guesses), ("", guesses), ("lead", changes), ("operator", writes), ("supervisor", writes)):
        threading.Thread(target=for_ever, args=(name, act), daemon=True).start()
    print("at work", flush=True)
    while True:
        time.sleep(60)


def _figures(waits: list[float]) -> dict[str, float]:
    ordered = sorted(waits)
    return {"p95_ms": ordered[int(len(ordered) * 0.95)], "longest_ms": ordered[-1]}


def _print(name: str, waits: list[float]) -> None:
    told = ", ".join(f"{key} {value:.1f}" for key, value in _figures(waits).items())
    print(f"{name:<14} {len(waits)} turns: {told}")


if __name__ == "__main__":
    sys.exit(main())
