"""The sweeper's process: what it is given, then run until SIGINT or SIGTERM."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
from datetime import time as local_time
from zoneinfo import ZoneInfo

from hotline import notify
from hotline.config.settings import Settings
from hotline.process import factories, reports, retention
from ivr.cases.deadlines import CasePolicy
from services.handing import HandedAround
from services.operators import LongPauses
from services.queue import QueueAlarm
from services.reporting import Reporting
from services.shifts import ShiftTest
from services.sweeper import PAUSE_S, Sweeper
from services.upkeep import Upkeep
from store import board
from store.engine import Engine


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def rules(settings: Settings) -> CasePolicy:
    """What decisions on cases need."""
    return CasePolicy(factories.profile(settings), factories.calendar(settings), ZoneInfo(settings.unit.zone))


def known_rules(settings: Settings) -> CasePolicy:
    """Return the policy with the years entered in the panel; for commands, which end before these change."""
    return CasePolicy(factories.profile(settings), factories.known_calendar(settings), ZoneInfo(settings.unit.zone))


def sweep_once(settings: Settings) -> tuple[int, int]:
    """Do everything that is due now; how much was done, and how much could not be."""
    with factories.database(settings) as engine:
        sweeper = _sweeper(settings, engine)
        return sweeper.once(), sweeper.problems


def run_sweep(settings: Settings) -> None:
    """Sweep until a signal. Raises ``DatabaseAway`` and the like with clear texts."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    factories.up_to_date(settings)  # whoever starts first brings it up to date
    with factories.database(settings) as engine:
        _sweeper(settings, engine, beat=True).run(stop, PAUSE_S)


def free_mb(settings: Settings) -> int:
    """How much room there is where recordings are kept, in MB."""
    here = settings.data.dir
    return shutil.disk_usage(here).free // 2**20 if here.exists() else 0


def _sweeper(settings: Settings, engine: Engine, beat: bool = False) -> Sweeper:
    started, owner = now_ms(), os.environ.get("HOSTNAME") or socket.gethostname()

    def alive() -> None:
        with engine.begin() as connection:
            board.heartbeat(connection, owner, "sweep", started, now_ms(), "{}")

    to, senders, house = notify.addresses(settings), notify.senders(settings, engine), rules(settings)
    reporting = Reporting(
        engine, house.zone, settings.reports.to, local_time.fromisoformat(settings.reports.at),
        lambda due: reports.make(settings, engine, house.profile, due), now_ms,
    )  # fmt: skip
    chores = [Upkeep(engine, house, now_ms).once, lambda: int(retention.daily(settings, engine)), reporting.once]
    seats = sorted({seat for window in settings.windows.values() for seat in window.seats})
    chores.append(ShiftTest(engine, house, seats, settings.operators.sign_in, lambda: free_mb(settings), now_ms).once)
    chores.append(LongPauses(engine, house.profile.pause_notice_min, now_ms).once)
    chores.append(HandedAround(engine, now_ms).once)
    chores.append(QueueAlarm(engine, house.profile.queue_alarm, now_ms).once)
    return Sweeper(engine, house, now_ms, to, senders, alive=alive if beat else None, chores=chores)
