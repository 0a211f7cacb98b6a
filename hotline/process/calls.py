"""The calls process: everything built once, passed in, started and stopped in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hotline.config.settings import Settings
from hotline.engines.choice import engine_of
from hotline.engines.plugin import Watching
from hotline.errors import CannotRun
from hotline.process import door, factories
from hotline.process.budgeted import BudgetedScheduler
from hotline.process.callbacks import Callbacks
from hotline.process.duty import DutyPhones
from hotline.process.flows import serve_flows
from hotline.process.lags import Behind
from hotline.process.operators import OperatorsAtSeats
from hotline.process.seat_codes import CodesAtSeats
from hotline.process.speaker import VoiceSpeaker
from ivr.calendar.hours import in_break
from ivr.calendar.tables import WorkCalendar
from ivr.call.commands import OpenCase
from ivr.call.state import CallState
from ivr.call_services import CallServices
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import case_number
from ivr.cases.promise import case_request
from ivr.clock import SystemClock
from ivr.conductor import Conductor
from ivr.desk.codes import SeatCodes
from ivr.desk.desk import Desk, WindowSeats
from ivr.facts.of_call import system_fact
from ivr.ledger import CaseRequest
from ivr.messages import take_in
from ivr.profile import Profile
from ivr.queue.expected import in_local_time
from ivr.resuming import ResumableEngine
from ivr.takeover import take_over
from ivr.telephony import Engine, EngineEvent, Incoming
from recordings.vault import Vault, VaultError
from services.calendars import Added
from store.engine import Engine as SqlEngine
from store.engine import open_engine
from store.figures.line_quality import door_set
from store.ids import uuid7
from store.journal.queue import SqlQueue
from store.journal.sql_ledger import LEASE_MS, SqlLedger
from store.read.unfinished import unfinished

log = logging.getLogger(__name__)

BEAT_S = 5.0  # heart-beat and lease, a third of the lease
SETTLE_S = 0.5  # after calls were taken back: their next prompts begin
CALENDAR_S = 10.0  # how soon a year added in the panel counts
DRAIN_S = 15.0  # how long running calls may go on after Ctrl-C


class DeadlineCasebook:
    """Implements :class:`ivr.call_services.Casebook` with the profile's deadlines and the calendar."""

    def __init__(self, profile: Profile, calendar: WorkCalendar, zone: ZoneInfo) -> None:
        self._profile, self._calendar, self._zone = profile, calendar, zone

    def request(self, command: OpenCase, received: int) -> CaseRequest:
        """The case with its due date; the query code of an anonymous one is the store's."""
        return case_request(
            command_id="",
            kind=command.kind,
            received_ms=received,
            profile=self._profile,
            calendar=self._calendar,
            zone=self._zone,
            category=command.category,
            anonymous=command.anonymous,
            confirmed=command.confirmed,
            complete=command.complete,
        )


class VaultKeeper:
    """Implements :class:`ivr.call_services.Keeper`: encrypts on a worker thread."""

    def __init__(
        self, vault: Vault, worker: ThreadPoolExecutor, call_soon: Callable[[Callable[[], None]], object]
    ) -> None:
        self._vault, self._worker, self._call_soon = vault, worker, call_soon

    def keep(self, recording_id: str, path: Path, done: Callable[[dict[str, Any] | None], None]) -> None:
        """Put the WAV into the vault; when that fails the clear file stays in the spool and None is told.

        One that is in the vault already (the process before died before it was told) is found there.
        """

        def put() -> None:
            data: dict[str, Any] | None = None
            try:
                item = self._vault.put(path, recording_id) if path.exists() else self._vault.item(recording_id)
                data = {"path": item.path.name, "bytes": item.bytes, "sha256": item.sha256, "ms": item.ms}
            except (VaultError, OSError) as error:
                if path.exists():
                    log.error("recording %s stays in the spool: %s", recording_id, error)
                else:  # its caller left before it began
                    log.info("recording %s: nothing was recorded", recording_id)
            self._call_soon(lambda: done(data))

        self._worker.submit(put)


def desk_of(settings: Settings, queue: SqlQueue, calendar: WorkCalendar) -> Desk:
    """The windows and their seats; at lunch those on duty."""
    windows = {n: WindowSeats(n, w.seats, w.group, w.name, w.overflow, w.lunch) for n, w in settings.windows.items()}
    zone = ZoneInfo(settings.unit.zone)

    def at_lunch() -> bool:
        return any(in_break(hours, datetime.now(UTC), calendar, zone) for hours in settings.hours.values())

    return Desk(windows, queue, at_lunch)


def owner() -> str:
    """This node's name: calls of an ended process of the same node are closed at the next start."""
    return os.environ.get("HOSTNAME") or socket.gethostname()


async def run_calls(settings: Settings, stop: asyncio.Event, drain: asyncio.Event | None = None) -> None:
    """Answer calls until ``stop`` is set. ``drain``: also calls an engine could keep end then.

    Raises ``CannotRun``, ``DatabaseAway``, ``OSError``.
    """
    loop = asyncio.get_running_loop()
    plugin = engine_of(settings)
    plugin.starting()
    # Short turns between threads: the media loop shares the interpreter with the ledger's thread.
    sys.setswitchinterval(0.0005)
    budgeted = BudgetedScheduler(loop)
    clock, zone, data = SystemClock(loop, budgeted), ZoneInfo(settings.unit.zone), settings.data.dir
    profile, calendar, phrases = factories.profile(settings), factories.calendar(settings), factories.phrases(settings)
    flow_for = serve_flows(settings, phrases, calendar)
    factories.up_to_date(settings)
    database = open_engine(settings.database)
    keys = factories.keys(settings)
    ledger = SqlLedger(
        database,
        keys,
        owner=owner(),
        spool=data / "spool.jsonl",
        number_for=lambda day, seq: case_number(date.fromisoformat(day), seq),
        plan=factories.plan(settings),
        responsible={name: window.responsible for name, window in settings.windows.items()},
        operators=settings.operators.rules,
        call_soon=budgeted,
    )
    _say_who_may_call(settings, ledger, clock.now_ms())
    worker = ThreadPoolExecutor(max_workers=2, thread_name_prefix="voices")
    voices = factories.voices(settings)
    spool = data / "recording"
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)

    title = factories.window_title(settings)
    speaker = VoiceSpeaker(
        voices, phrases, title, partial(factories.hours, settings), factories.music(settings),
        lambda: datetime.now(UTC).astimezone(zone).date(), worker, loop.call_soon_threadsafe,
    )  # fmt: skip

    def warm() -> None:
        speaker.warm([(line.text, line.lang, line.phrase_key) for line in factories.prompt_lines(settings, phrases)])

    fatal: list[str] = []

    def give_up(text: str) -> None:
        fatal.append(text)
        stop.set()

    behind = Behind(loop, lambda: ledger.lag_s)
    engine = plugin.build(settings, give_up, behind)
    queue = SqlQueue(ledger.ask, owner(), LEASE_MS, clock.now_ms, settings.operators.rules)
    house = CallServices(
        engine=engine,
        ledger=ledger,
        clock=clock,
        desk=desk_of(settings, queue, calendar),
        speaker=speaker,
        keeper=VaultKeeper(Vault(data / "vault", keys), worker, loop.call_soon_threadsafe),
        casebook=DeadlineCasebook(profile, calendar, zone),
        flow_for=flow_for,
        new_id=lambda: str(uuid7()),
        spool=spool,
        profile=profile.name,
        queue_rules=factories.queue_rules(profile),
        promised=partial(in_local_time, zone=zone),
    )
    callbacks = Callbacks(settings, keys, CasePolicy(profile, calendar, zone), database, house, owner())
    conductor = Conductor(house, callbacks.in_turn)
    duty = DutyPhones(settings, CasePolicy(profile, calendar, zone), database, house)
    at_seats = OperatorsAtSeats(database, owner(), clock.now_ms, conductor.seat_asked)
    dialled_codes = CodesAtSeats(
        database, settings.operators.rules, list(settings.seats), clock.now_ms, worker, loop.call_soon_threadsafe
    )  # fmt: skip
    codes = SeatCodes(house, dialled_codes.act)
    interrupted = ledger.interrupted(clock.now_ms(), CallState.from_json)

    def take_back() -> None:
        take_over(conductor, house, interrupted, lambda call_id: unfinished(database, call_id))
        callbacks.take_back()

    def happened(event: EngineEvent) -> None:
        if codes.happened(event):
            return
        if isinstance(event, Incoming):
            event = replace(event, called=flow_for.which(event.called, event.also))
        if not (duty.alerting.happened(event) or callbacks.placing.happened(event)):
            conductor.happened(event)

    surviving = isinstance(engine, ResumableEngine)
    try:
        if not surviving:
            await loop.run_in_executor(worker, warm)
            take_back()
        await engine.start(happened)
        if surviving:  # before the loop turns: until then the engine keeps what it found
            take_back()
            await asyncio.sleep(SETTLE_S)  # who was interrupted hears us before the processor is busy with the rest
            await loop.run_in_executor(worker, warm)
        loop.run_in_executor(worker, voices.warm)
        plugin.started()
        # The collector's long pauses are audible; what lives for ever is taken out of its sight.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 1000)  # what is left is looked through when no call is up (see _beat)
        watch = plugin.watcher(settings, conductor.happened, clock.now_ms)
        tasks = [
            asyncio.create_task(_beat(ledger, clock, engine, conductor, watch)),
            asyncio.create_task(_working_days(Added(database, calendar))),
            asyncio.create_task(callbacks.run()),
            asyncio.create_task(duty.run()),
            asyncio.create_task(at_seats.run()),
        ]
        if watch:
            tasks.append(asyncio.create_task(watch.run()))
        if left := plugin.messages(settings):
            tasks.append(asyncio.create_task(_messages(conductor, house, left, database)))
        await stop.wait()
        for task in tasks:
            task.cancel()
        if isinstance(engine, ResumableEngine) and drain is not None and drain.is_set():
            engine.leave_calls = surviving = False
        log.info("no new calls; %d are given up to %.0f s", conductor.calls, DRAIN_S)
        await engine.stop(0 if fatal else DRAIN_S)
        if not surviving:
            await _settled(conductor)
        if fatal:
            raise CannotRun(fatal[0])
    finally:
        behind.close()
        await loop.run_in_executor(None, ledger.close)
        worker.shutdown(wait=True)
        voices.close()
        database.dispose()


def _say_who_may_call(settings: Settings, ledger: SqlLedger, now: int) -> None:
    """Journal whose calls are taken when that is new, and tell people once."""
    with factories.looking(settings) as session:
        last = door_set(session)
    rule = door.as_set(settings, now)
    if door.differs(rule, last):
        ledger.note(system_fact(rule))
        if text := door.notice(settings):
            log.warning("%s", text)


async def _working_days(added: Added) -> None:
    """Years added in the panel count for the next call."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            tables = await loop.run_in_executor(None, added.look)
            if tables is not None:
                added.calendar.take(tables)
        except Exception as error:  # the database is away, or older: calls go on with the days that are known
            log.debug("working days: %s", error)
        await asyncio.sleep(CALENDAR_S)


async def _beat(
    ledger: SqlLedger, clock: SystemClock, engine: Engine, conductor: Conductor, watch: Watching | None
) -> None:
    while True:
        now = clock.now_ms()
        ledger.renew(now)
        watched = watch.beat() if watch else {}
        # A registration is known from AMI; that the provider answers, from the engine.
        trunk = watched.get("registration") or engine.trunk_state
        ledger.heartbeat("calls", now, {**watched, "trunk": trunk, "calls": conductor.calls})
        if conductor.calls == 0:
            gc.collect()
        await asyncio.sleep(BEAT_S)


async def _messages(conductor: Conductor, house: CallServices, folder: Path, database: SqlEngine) -> None:
    """Look for messages of callers whom no hotline answered."""
    while True:
        try:
            take_in(conductor, house, folder, lambda call_id: unfinished(database, call_id).known)
        except Exception:
            log.exception("messages in %s", folder)
        if conductor.calls == 0:
            gc.collect()
        await asyncio.sleep(BEAT_S)


async def _settled(conductor: Conductor) -> None:
    """Let the last turns be written (recordings into the vault, cases of callers who just left)."""
    for _ in range(100):
        if conductor.calls == 0:
            return
        await asyncio.sleep(0.05)
