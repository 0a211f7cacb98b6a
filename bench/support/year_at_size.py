"""A database with a year of 1,000,000 calls and 100,000 cases, made once and kept in ``build/size`` (git-ignored).

    url, data = sqlite_year(plan)             # database URL, data folder (keys)
    with postgres_year(plan) as (url, data):  # a PostgreSQL of its own, stopped at the end

Kept by version of the generator, schema, plan and day: the panel shows *today*, so the year ends now.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from bench.synthetic.filling import VERSION, fill
from bench.synthetic.lives import ROLES
from bench.synthetic.plan import Plan
from ivr.calendar.tables import WorkCalendar
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import spoken_number
from ivr.outages.notice import By, NoticeDraft
from ivr.profile import Profile
from recordings.keys import KeyRing
from services import outages, users
from services.callbacks import CALL_BACK
from services.identities import Identities
from store.engine import open_engine
from store.ids import uuid7
from store.journal import rebuild
from store.sql import table
from store.upgrade import newest, upgrade
from web.passwords import Argon2

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build" / "size"
PASSWORD = "a year of calls"
PEOPLE = {**ROLES, "管理员": "admin", "保管员": "custodian"}
JOURNAL_DAYS = 7  # so many days the journal is there, too: the pages of a call and of a case read it
SIZE = (1_000_000, 100_000)
FEW = 30
OUTAGES = 1000


def plan_of(calls: int, cases: int) -> Plan:
    """The year that ends now."""
    plan = Plan(datetime.now().date(), 365, calls, cases)
    now = datetime.now(plan.zone)
    first = now.date() - timedelta(days=364)
    return replace(plan, first=first, until_ms=round(now.timestamp() * 1000))


def rules_of(plan: Plan) -> CasePolicy:
    return CasePolicy(Profile.load(), WorkCalendar.load(), plan.zone)


def name_of(plan: Plan) -> str:
    return f"{plan.first}-{plan.calls}-{plan.cases}-v{VERSION}-{newest()}"


def make(target: str, keys: Path, plan: Plan) -> None:
    """Schema, year, counted hours, accounts."""
    upgrade(target)
    engine = open_engine(target, relaxed=True)
    began, shown = time.monotonic(), [0.0]

    def progress(done: int, total: int) -> None:
        now = time.monotonic()
        if now - shown[0] > 5 or done == total:
            shown[0] = now
            print(f"\r  {done:>9,} of {total:,} calls, {now - began:4.0f} s", end="", file=sys.stderr, flush=True)

    journal_from = (plan.until_ms or plan.to_ms) - JOURNAL_DAYS * 86_400_000
    fill(
        engine, KeyRing.open(keys), plan, rules_of(plan), spoken_number, journal_from_ms=journal_from, progress=progress
    )
    with engine.connect() as connection:
        while not rebuild.count_hours(connection):
            pass
    hashed = users.hashed(Argon2(), "", PASSWORD)
    with Session(engine) as session, session.begin():
        for name, role in PEOPLE.items():
            users.create_user(session, name=name, password=hashed, role=role, now=plan.from_ms)
        of_the_desk(session.connection(), KeyRing.open(keys))
        cut_off(session.connection(), plan)
    engine.dispose()
    print(f"\n  made in {time.monotonic() - began:.0f} s", file=sys.stderr)


def of_the_desk(connection: Connection, keys: KeyRing) -> None:
    """What the generator does not tell: calls placed by one click, and sealed identities that are asked for."""
    commands, callbacks, cases = table("desk_commands"), table("callbacks"), table("cases")
    recent = (
        select(callbacks)
        .where(callbacks.c.kind == "followup", callbacks.c.because != "rating")
        .order_by(callbacks.c.id.desc())
        .limit(FEW)
    )
    for row in connection.execute(recent).mappings().all():
        at = row["created"] + 60_000
        connection.execute(
            insert(commands),
            {
                "id": uuid7(), "at": at, "who": "李强", "role": "operator", "seat": "101", "kind": CALL_BACK,
                "callback_id": row["id"], "number_hmac": "", "state": "done", "reason": "", "owner": "", "taken": at,
                "ended": at + 90_000, "result": "reached", "noted": at + 120_000, "live_number": None,
                "live_seat": None,
            },
        )  # fmt: skip
    identities = Identities(keys)
    anonymous = select(cases).where(cases.c.anonymous).order_by(cases.c.id.desc()).limit(FEW)
    for case in connection.execute(anonymous).mappings().all():
        at = case["received"] + 60_000
        identities.seal(connection, case, "李强", "operator", "某公司职工王某", at)
        identities.ask(connection, case, "王芳", "lead", "来函核实举报人身份", at)


def cut_off(connection: Connection, plan: Plan) -> None:
    """Outage notices of a year: three a day, some too late, one in ten still to come."""
    dice, until = random.Random(plan.seed), plan.until_ms or plan.to_ms
    days = Profile.load().outage_notice_days
    for number in range(OUTAGES):
        starts = until - (number - OUTAGES // 10) * 86_400_000 * 365 // OUTAGES
        told = min(starts - dice.choice((8, 9, 12, 6)) * 86_400_000, until)
        boss, by = By("陈总", "supervisor", told), By("陈总", "supervisor", starts + 4 * 3_600_000)
        draft = NoticeDraft(
            f"10千伏{number % 90}号线", f"人民路 {number} 号一带", "planned", starts, starts + 9 * 3_600_000,
            "更换设备", customers=("市第一医院", "城东水厂"), confirmed="设备隐患",
        )  # fmt: skip
        outage_id = uuid7()
        outages.announce(connection, outage_id, draft, boss, days, plan.zone)
        outages.tell(connection, outage_id, 1, "phone", "told", None, boss)
        if by.at < until:
            outages.restore(connection, outage_id, None, by)


def sqlite_year(plan: Plan) -> tuple[str, Path]:
    """The year in SQLite: URL and data folder."""
    folder = FOLDER / f"sqlite-{name_of(plan)}"
    if not folder.exists():
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        print(f"making a year of {plan.calls:,} calls and {plan.cases:,} cases in SQLite", file=sys.stderr)
        make(str(part), part / "keys", plan)
        part.rename(folder)
    return f"sqlite:///{folder / 'hotline.db'}", folder


@contextmanager
def copied(_url: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """A copy of the year in SQLite, to write into; deleted afterwards."""
    copy = folder.with_name(folder.name + ".copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    os.sync()  # else the first fsync of whoever writes into it waits for gigabytes of the copy
    try:
        yield f"sqlite:///{copy / 'hotline.db'}", copy
    finally:
        shutil.rmtree(copy)


@contextmanager
def postgres_year(plan: Plan, *, copy: bool = False) -> Iterator[tuple[str, Path]]:
    """The year in a PostgreSQL of its own: URL and data folder. ``copy``: one to write into, deleted afterwards."""
    sys.path.insert(0, str(ROOT))
    from tests.support.postgres import Cluster, binaries

    programs = binaries()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed (apt-get install postgresql)")
    home = FOLDER / f"postgres-{name_of(plan)}"
    data = home / "data"  # a hotline makes it its user's alone, so the cluster is beside it
    # The postgres user may not be able to come to where this repository is.
    cluster = home / "cluster" if _reachable(FOLDER) else Path("/tmp") / f"open-hotline-{os.getuid()}-{home.name}"
    ready = home / "ready"
    if not ready.exists():
        for folder in (home, cluster):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        Cluster(cluster, programs)
    server = Cluster(cluster, programs, is_there=True)
    server.start()
    try:
        url = server.url("t1")
        if not ready.exists():
            server.new_database()
            print(f"making a year of {plan.calls:,} calls and {plan.cases:,} cases in PostgreSQL", file=sys.stderr)
            make(url, data / "keys", plan)
            ready.touch()
        with _copy(server) if copy else nullcontext(url) as found:
            yield found, data
    finally:
        server.stop()


@contextmanager
def _copy(server: Cluster) -> Iterator[str]:
    """A second database with all that is in the first."""
    server.query("DROP DATABASE IF EXISTS copy")
    assert server.query("CREATE DATABASE copy TEMPLATE t1") == 0
    try:
        yield server.url("copy")
    finally:
        server.query("DROP DATABASE copy")


def _reachable(folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))
