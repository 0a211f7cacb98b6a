"""``hotline serve``: prepare, choose addresses, run the calls and the panel, say where they are."""

from __future__ import annotations

import asyncio
import secrets
import signal
import time
from collections.abc import Callable
from dataclasses import replace

from rich.cells import set_cell_size
from rich.console import Console

from hotline import private
from hotline.config.settings import Settings
from hotline.engines.choice import engine_of
from hotline.engines.plugin import Beside
from hotline.ports import web_answers
from hotline.process import factories, standby
from hotline.process.addresses import choose_addresses, panel_url
from hotline.process.supervisor import Child, Supervisor, python
from ivr.profile import retired
from services import users
from store.engine import Session, open_engine, reading
from store.people import accounts

FIRST_ACCOUNTS = ("admin", "supervisor")  # name and role of each
READY_POLL_S = 0.2
SLOW_START_S = 20.0  # then it says that it is still waiting


def first_accounts(settings: Settings) -> dict[str, str]:
    """Bring the database up to date; with no account yet, make the first two: name -> password.

    The administrator keeps accounts and sees no personal data (B10), so a supervisor is made beside.
    """
    from web.passwords import Argon2

    engine = open_engine(settings.database)
    try:
        factories.up_to_date(settings, engine)
        with Session(reading(engine)) as session:
            if accounts.any_account(session):
                return {}
        passwords = {name: "-".join(secrets.token_hex(2) for _ in range(4)) for name in FIRST_ACCOUNTS}
        hashes = {name: users.hashed(Argon2(), name, password) for name, password in passwords.items()}
        with Session(engine) as session, session.begin():
            if accounts.any_account(session):
                return {}
            now = time.time_ns() // 1_000_000
            for name in FIRST_ACCOUNTS:
                users.create_user(session, name=name, password=hashes[name], role=name, now=now, must_change=True)
                users.audit(session, at=now, user="hotline", action="user.add", target=name, detail="first")
            return passwords
    finally:
        engine.dispose()


def serve(settings: Settings, console: Console) -> int:
    """Run the whole hotline until SIGINT or SIGTERM. The exit code: 0, or 2/3 when it can never run."""
    plugin = engine_of(settings)
    found = plugin.beside(settings)
    chosen = choose_addresses(found.settings, own_program=found.ends_with_us)
    found = replace(found, settings=chosen.settings)
    mended = private.mend(found.settings)
    passwords = first_accounts(found.settings)
    for note in (*found.notes, *chosen.notes, *retired(settings.profile), *mended):
        console.print(f"Note: {note}.")
    return asyncio.run(_serve(found, console, passwords))


async def _serve(found: Beside, console: Console, passwords: dict[str, str]) -> int:
    def say(line: str) -> None:
        console.print(line, highlight=False)

    loop = asyncio.get_running_loop()
    supervisor = _supervisor(found, say)

    def end() -> None:
        console.print("Ending: no new calls, present ones may finish; Ctrl-C again ends at once.")
        supervisor.stop()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    async with found.running(say):
        return await _keep_running(found, supervisor, console, passwords)


def _supervisor(found: Beside, say: Callable[[str], None]) -> Supervisor:
    arguments = [*found.settings.arguments(), "--supervised"]
    # Calls on an engine's program that ends with us are drained; elsewhere they wait there for the next process.
    end = signal.SIGINT if found.ends_with_us else signal.SIGTERM
    children = [
        Child(name, python(name, *arguments), end if name == "calls" else signal.SIGTERM, found.environ)
        for name in ("calls", "panel", "sweep")
    ]
    if engine_of(found.settings).outlives:
        children[0].spare_command = standby.command("calls", *arguments)
    return Supervisor(children, say)


async def _keep_running(found: Beside, supervisor: Supervisor, console: Console, passwords: dict[str, str]) -> int:
    settings = found.settings
    running = asyncio.create_task(supervisor.run())
    ready = asyncio.create_task(_until_ready(settings, lambda text: console.print(text)))
    await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        ready.cancel()
    else:
        ready.result()
        _welcome(found, console, passwords)
    code = await running
    console.print("Ended." if code == 0 else "The hotline could not start; see above.")
    return code


async def _until_ready(settings: Settings, say: Callable[[str], None]) -> None:
    """Return when a call and a browser would be answered."""
    begun, told = time.monotonic(), False
    calls = panel = False
    while True:
        calls = calls or await asyncio.to_thread(engine_of(settings).ready, settings, settings.sip.listen)
        panel = panel or await asyncio.to_thread(web_answers, panel_url(settings))
        if calls and panel:
            return
        if not told and time.monotonic() - begun > SLOW_START_S:
            told = True
            say("Still starting; `hotline doctor` tells what is wrong if it stays so.")
        await asyncio.sleep(READY_POLL_S)


def _welcome(found: Beside, console: Console, passwords: dict[str, str]) -> None:
    settings = found.settings
    config = settings.config.name if settings.config else "hotline.toml"
    console.print(f"\n[bold]{settings.unit.name}[/bold] · {settings.unit.name_en}: the hotline answers.\n")
    rows = [
        ("call 来电", f"sip:hotline@{settings.sip.listen}", "try: hotline dial"),
        *found.said,
        ("panel 面板", panel_url(settings), ""),
        *_account_rows(passwords),
        ("seats 座席", f"{' '.join(settings.seats)}   secrets in {config}", "try: hotline dial --seat 101 --answer"),
        ("flow 流程", f"{settings.flow}, rules {settings.profile}", "try: hotline flow walk"),
        ("data 数据", str(settings.data.dir), ""),
    ]
    for label, value, hint in rows:
        console.print(f"  {set_cell_size(label, 14)}[bold]{value:<42}[/bold]  {hint}", highlight=False, soft_wrap=True)
    console.print("\nCtrl-C ends it.\n")


def _account_rows(passwords: dict[str, str]) -> list[tuple[str, str, str]]:
    hints = {"admin": "accounts; shown only now 仅显示一次", "supervisor": "hears recordings 可听录音"}
    labels = ("account 账号", "")
    return [
        (label, f"{name:10} {password}", hints.get(name, ""))
        for label, (name, password) in zip(labels, passwords.items(), strict=False)
    ]
