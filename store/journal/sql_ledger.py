"""The ledger over SQL: one writer thread, everything queued goes into one transaction (group commit).

    ledger = SqlLedger(open_engine(data), keys, owner="node1", spool=data / "spool.jsonl",
                       call_soon=loop.call_soon_threadsafe)
    ledger.commit(turn, done)     # returns at once; done(None) on the loop, once it is on the disk

While the database is away, turns go to the :class:`Spool` (and ``done(None)`` follows: they are safe); when
it is back the spool is written first, in order, and nothing twice.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ivr.cases.numbers import spoken_number
from ivr.desk.states import OperatorRules
from ivr.ledger import CallTransaction, CaseRequest, Fact, Interrupted, Progress, StoredCase
from ivr.numbers import HOME, Plan
from store import aside, board
from store.engine import explain, impatient, is_away, reading
from store.journal import case_status_by_phone, ratings, write_batch
from store.journal.entries import new_row
from store.journal.forgetting import Forgetting
from store.journal.jobs import AWAY, Job, Result, deliver
from store.journal.live import LiveCalls, seats_changed
from store.journal.responsible import Responsible
from store.journal.spool import Spool
from store.journal.write_batch import WriteBatch
from store.journal.writer import NumberFor, Writer
from store.keys import Keys
from store.people.parties import query_code_of

LOG = logging.getLogger(__name__)
BATCH = 256  # works in one transaction at most
REPLAY = 300  # spooled works in one transaction; above BATCH, so that replaying always gains on what arrives
LEASE_MS = 15_000
REPLAY_WAIT_S = 30  # a process that starts waits this long for the spool of the last one
PATIENCE_S = 1.0  # how long a turn waits for a database that is away before it goes to the spool
REST_S = 0.003  # of a ledger that has more to write (SQLite): others try every 2 ms, and would never come to write
RETRY_S = (0.05, 0.15, 0.3, 0.5)
PROBE_S = 1.0  # how often a database that is away is tried again
SPOOL_FIRST = 9001  # first sequence of a day in the spool's range: the counter must never get there


class SqlLedger:
    """Implements :class:`ivr.ledger.Ledger`, and what starting and stopping a calls process needs.

    ``call_soon``: how call-backs reach the conductor's thread (``loop.call_soon_threadsafe``).
    ``inline``: no thread; everything is written before the call returns (tests, tools).
    ``relaxed``: inline, but turns are answered at once and written many at a time; :meth:`flush` writes the
    rest. A turn that is unfit raises there. For the simulator only: a day of calls in seconds.
    ``number_for``: the spoken case number for (local day, sequence of that day). ``plan``: how numbers are
    read. ``responsible``: by window, who is told of new cases. ``operators``: how states end. ``spool_first``: where
    the sequences given out while the database is away begin; each node that shares a database has its own.
    """

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        *,
        owner: str,
        spool: Path,
        number_for: NumberFor = spoken_number,
        plan: Plan = HOME,
        responsible: Responsible | None = None,
        operators: OperatorRules = board.USUAL,
        spool_first: int = SPOOL_FIRST,
        call_soon: Callable[[Callable[[], None]], Any] = lambda call: call(),
        inline: bool = False,
        relaxed: bool = False,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        lease_ms: int = LEASE_MS,
        patience_s: float = PATIENCE_S,
        probe_s: float = PROBE_S,
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._owner = owner
        self._number_for = number_for
        self._spool_first = spool_first
        self._call_soon = call_soon
        self._now_ms = now_ms
        self._patience_s = patience_s
        self._operators = operators
        self._probe_s = probe_s
        self._live = LiveCalls(keys, owner, lease_ms)
        self._writer = Writer(keys, self._live, number_for, plan, responsible)
        self._spool = Spool(spool, keys)
        self._spoken = {w.case.request.command_id: self._told(w) for w in self._spool.waiting() if w.case}
        self._connection: Connection | None = None
        self._forgetting = Forgetting()
        self._next_probe = 0.0
        self._mine: set[str] = set()
        self._started = now_ms()
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._unwritten: list[Job] | None = [] if relaxed else None
        self._begun: deque[float] = deque()  # when each turn was handed over whose answer is not there yet
        if not (inline or relaxed):
            self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
            self._thread.start()

    # --- the Ledger protocol -------------------------------------------------------------------

    def commit(self, turn: CallTransaction, done: Callable[[Exception | None], None]) -> None:
        """Write a turn durably, then ``done(None)`` through ``call_soon``; ``done(error)`` if it is unfit."""
        (self._mine.discard if turn.live is None else self._mine.add)(turn.call_id)
        self._begun.append(time.monotonic())
        self._put(Job(write_batch.of_turn(turn), reply=partial(self._answered, done)))

    @property
    def lag_s(self) -> float:
        """For how long the oldest turn has waited for its answer, in seconds; 0: none waits."""
        return time.monotonic() - self._begun[0] if self._begun else 0.0

    def open_case(self, request: CaseRequest, done: Callable[[StoredCase | Exception], None]) -> None:
        """Number and store a case durably, then ``done(StoredCase)``. One ``command_id`` is one case."""
        self._put(Job(write_batch.of_case(request, self._keys), reply=done))

    def invite(self, call_id: str, at: int, done: Callable[[bool | Exception], None]) -> None:
        """May the caller of this call be asked for a rating? If so the invitation is noted: ``done(True)``."""
        self._put(Job(ask=lambda c: ratings.invite(c, call_id, at), reply=done))

    def find_case(self, call_id: str, typed: str, at: int, done: Callable[[Progress | Exception], None]) -> None:
        """How the case of a query code or number stands, for the caller of this call."""
        ask = partial(case_status_by_phone.ask, keys=self._keys, call_id=call_id, typed=typed, at=at)
        self._put(Job(ask=ask, reply=done, may_destroy=True))

    def note(self, fact: Fact) -> None:
        """Write a fact that belongs to no call."""
        self._put(Job(WriteBatch([new_row(fact)])))

    def seat_changed(
        self, seat: str, at: int, *, reachable: bool | None = None, call_id: str | None = "", answered: bool = False,
        missed: bool = False,
    ) -> None:  # fmt: skip
        """Write down what became of a seat (best effort). ``call_id`` "": as it was; None: in no call."""
        self._put(Job(seat=board.SeatChange(seat, at, reachable, call_id, answered, missed)))

    def ask(self, question: Callable[[Connection], Any], done: Callable[[Any], None]) -> None:
        """Ask (and change) something in the ledger's own order; ``done`` gets the answer or the error."""
        self._put(Job(ask=question, reply=done))

    # --- the process ---------------------------------------------------------------------------

    def renew(self, now: int) -> None:
        """Keep the lease on our calls; to be called well within ``lease_ms``."""
        self._put(Job(side=lambda c: self._live.renew(c, now)))

    def heartbeat(self, kind: str, now: int, detail: dict[str, Any] | None = None) -> None:
        """Show that this process (``kind``: calls, panel) lives."""
        text = json.dumps({**(detail or {}), "spooled": len(self._spool)}, ensure_ascii=False)
        self._put(Job(side=lambda c: board.heartbeat(c, self._owner, kind, self._started, now, text)))

    def interrupted(self, now: int, readable: Callable[[str], object] = lambda state: None) -> list[Interrupted]:
        """Calls whose process ended: ours from before a restart, others' when their lease ran out.

        First waits until what the last process spooled is written: some of them may have ended there. One whose
        state is not ``readable`` (it raises) is closed and set aside, so that the others go on.
        """
        end = time.monotonic() + REPLAY_WAIT_S
        while len(self._spool) and time.monotonic() < end:
            if self._thread is None:
                self._catch_up()
            time.sleep(0.02)
        with reading(self._engine).connect() as connection:
            found, broken = self._live.interrupted(connection, now, self._mine, readable)
        for one in broken:
            with self._engine.begin() as connection:
                self._live.set_aside(connection, one, now)
        return found

    @property
    def spooled(self) -> int:
        """Turns that wait for the database to come back."""
        return len(self._spool)

    def flush(self, timeout_s: float = 30.0) -> bool:
        """Wait until everything handed over so far is written or spooled; False when that took too long."""
        if self._thread is None:
            self._write_rest()
            return True
        reached = threading.Event()
        self._queue.put(Job(reached=reached))
        return reached.wait(timeout_s)

    def close(self, timeout_s: float = 30.0) -> None:
        """Write what is queued, then let go of the database."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout_s)
            self._thread = None
        self._write_rest()
        self._forgetting.look(self._connection)
        self._let_go()

    def _answered(self, done: Callable[[Exception | None], None], error: Exception | None) -> None:
        if self._begun:
            self._begun.popleft()  # answers come in order
        done(error)

    # --- the writer ----------------------------------------------------------------------------

    def _put(self, job: Job) -> None:
        if self._thread is not None:
            self._queue.put(job)
        elif self._unwritten is None:
            self._handle([job])
        else:
            self._unwritten.append(job)
            waits = job.ask is not None or (job.work is not None and job.work.case is not None)
            if waits or len(self._unwritten) >= BATCH:
                self._write_rest()
            else:
                self._answer([job], [None])
                job.reply = None

    def _write_rest(self) -> None:
        jobs, self._unwritten = self._unwritten or [], [] if self._unwritten is not None else None
        if not jobs:
            return
        results = self._to_database(jobs)
        self._answer(jobs, results)
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, Exception) and job.reply is None:
                raise result

    def _run(self) -> None:
        while True:
            jobs, stop = self._take()
            try:
                self._handle(jobs)
            except Exception:  # a bug here must not end the thread every call depends on
                LOG.exception("the ledger could not handle %d jobs", len(jobs))
                self._call_soon(self._begun.clear)  # there may be no answer to them
            if stop:
                return
            if not self._queue.empty() and self._engine.dialect.name == "sqlite":
                time.sleep(REST_S)

    def _take(self) -> tuple[list[Job], bool]:
        """Everything queued (at most a batch); waits for the first, or until a probe is due."""
        jobs: list[Job] = []
        try:
            wait = max(0.0, self._next_probe - time.monotonic()) if len(self._spool) else self._forgetting.wait_s
            job = self._queue.get(timeout=wait) if wait != 0.0 else self._queue.get_nowait()
            while job is not None:
                jobs.append(job)
                if len(jobs) == BATCH:
                    return jobs, False
                job = self._queue.get_nowait()
        except queue.Empty:
            return jobs, False
        return jobs, True

    def _handle(self, jobs: Sequence[Job]) -> None:
        if jobs:
            self._answer(jobs, self._to_spool(jobs) if len(self._spool) else self._to_database(jobs))
        else:
            self._forgetting.look(self._connection)
        if len(self._spool):
            self._catch_up()

    def _to_database(self, jobs: Sequence[Job]) -> list[Result]:
        try:
            return self._patiently(jobs)
        except Exception as error:
            LOG.error("%s", explain(error, self._engine.url))
            self._next_probe = time.monotonic() + self._probe_s
            return self._to_spool(jobs)

    def _patiently(self, jobs: Sequence[Job]) -> list[Result]:
        """Write, trying again for a bounded time; raises when the database stays away."""
        end = time.monotonic() + self._patience_s
        tries = 0
        while True:
            try:
                return self._write(jobs, again=tries > 0)
            except Exception as error:
                pause = RETRY_S[min(tries, len(RETRY_S) - 1)]
                if time.monotonic() + pause > end:
                    raise
                LOG.warning("%s; trying again", explain(error, self._engine.url))
                time.sleep(pause)
                tries += 1

    def _write(self, jobs: Sequence[Job], *, again: bool) -> list[Result]:
        """One transaction; if something in it is unfit, each job alone, so that it harms no other."""
        try:
            return self._transaction(jobs, again)
        except Exception as error:
            if is_away(error):
                raise
            if len(jobs) == 1:
                LOG.exception("a turn could not be written")
                return [error]
        return [result for job in jobs for result in self._write([job], again=True)]

    def _transaction(self, jobs: Sequence[Job], again: bool) -> list[Result]:
        works = [job.work for job in jobs if job.work is not None]
        try:
            if self._connection is None:
                self._connection = impatient(self._engine.connect())
            with self._connection.begin():
                stored = iter(self._writer.write(self._connection, works, self._now_ms(), again=again))
                seats_changed(self._connection, [job.seat for job in jobs if job.seat is not None], self._operators)
                for job in jobs:
                    if job.side is not None:
                        job.side(self._connection)
                answers = {id(job): job.ask(self._connection) for job in jobs if job.ask is not None}
        except SQLAlchemyError:
            self._let_go()
            raise
        self._forgetting.look(self._connection, jobs)
        return [next(stored) if job.work is not None else answers.get(id(job)) for job in jobs]

    def _catch_up(self) -> None:
        """Write the next piece of the spool, if it is time to."""
        if time.monotonic() < self._next_probe:
            return
        works = self._spool.peek(REPLAY)
        jobs = [Job(item if item is not None else WriteBatch()) for item in works]
        try:
            results = self._write(jobs, again=True)
        except Exception:
            self._next_probe = time.monotonic() + self._probe_s
            return
        unfit = [i for i, r in enumerate(results) if works[i] is None or isinstance(r, Exception)]
        bad, kept = self._spool.drop(len(jobs), unfit), str(self._spool.aside)
        self._write([Job(side=aside.spooled(line, kept, self._now_ms())) for line in bad], again=False)
        if not len(self._spool):
            self._spoken.clear()
            LOG.warning("the database is back; the spool is written")

    def _to_spool(self, jobs: Sequence[Job]) -> list[Result]:
        results: list[Result] = []
        waiting: list[WriteBatch] = []
        for job in jobs:
            case = job.work.case if job.work is not None else None
            if job.ask is not None:
                results.append(AWAY)
                continue
            known = self._spoken.get(case.request.command_id) if case is not None else None
            if job.work is not None and known is None:
                if case is not None:
                    case.sequence = self._spool.next_sequence(case.request.day, self._spool_first)
                    case.number = self._number_for(case.request.day, case.sequence)
                    known = self._spoken[case.request.command_id] = self._told(job.work)
                waiting.append(job.work)
            results.append(known)
        try:
            if waiting:
                self._spool.append(waiting)
        except OSError as error:
            LOG.critical("neither the database nor the spool can be written: %s", error)
            for item in waiting:
                if item.case is not None:
                    self._spoken.pop(item.case.request.command_id, None)
            return [error for _ in jobs]
        return results

    def _told(self, item: WriteBatch) -> StoredCase:
        """Return the number, due date and query code of a case that is still in the offline spool."""
        assert item.case is not None
        case = item.case
        code = query_code_of(self._keys, case.request.command_id) if case.own_code else case.code
        return StoredCase(case.id, case.number, case.request.due, code)

    def _answer(self, jobs: Sequence[Job], results: Sequence[Result]) -> None:
        for job in jobs:
            if job.reached is not None:
                job.reached.set()
        for job, result in zip(jobs, results, strict=True):
            if job.reply is None:
                continue
            try:  # one by one, so that the loop may do other things in between
                self._call_soon(partial(deliver, job.reply, result))
            except RuntimeError:  # the loop is closed: nobody waits for the answer any more
                LOG.warning("an answer of the ledger came after the end")

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # never back to the pool: it may be broken, and it is impatient
            connection.close()
