"""An object in a process of its own: it answers, its errors arrive, its death costs one question at most."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from hotline.process.worker import WorkerFailed, WorkerProcess
from ivr.profile import Profile
from store.engine import is_away
from store.figures.counting import FigureCounter
from tests.cli.adder import Adder
from tests.support.ports import free_address
from tests.support.waiting import gone, wait_until


@pytest.fixture
def adder() -> Iterator[WorkerProcess[Adder]]:
    with WorkerProcess(Adder, 40) as adder:
        yield adder


def test_it_answers_from_a_process_of_its_own_which_begins_with_the_first_question(adder: WorkerProcess[Adder]) -> None:
    assert adder.pid is None
    assert adder.ask(Adder.add, 1) == 41
    assert adder.ask(Adder.add, n=1) == 42, "it is the same one"
    assert adder.ask(Adder.pid) == adder.pid != os.getpid()


def test_what_it_raises_is_raised_here_and_it_lives_on(adder: WorkerProcess[Adder]) -> None:
    with pytest.raises(ZeroDivisionError):
        adder.ask(Adder.divide, 0)
    with pytest.raises(RuntimeError, match="Told: that cannot be unpacked"):
        adder.ask(Adder.tell)
    assert adder.ask(Adder.add, 2) == 42


def test_who_was_killed_is_begun_anew_and_the_question_answered(adder: WorkerProcess[Adder]) -> None:
    adder.ask(Adder.add, 1)
    assert adder.pid is not None
    os.kill(adder.pid, signal.SIGKILL)
    assert adder.ask(Adder.add, 2) == 42


def test_a_question_it_dies_over_is_given_up_after_the_second_time(adder: WorkerProcess[Adder]) -> None:
    with pytest.raises(WorkerFailed, match=r"Adder\.die ended \(exit 7\)"):
        adder.ask(Adder.die)
    assert adder.ask(Adder.add, 2) == 42


def test_a_database_that_is_away_is_told_as_what_it_is(tmp_path: Path) -> None:
    """So the panel's page says what to do, whoever asked the database."""
    nowhere = f"postgresql://nobody@{free_address()}/none"
    with WorkerProcess(FigureCounter.of, tmp_path) as empty, WorkerProcess(FigureCounter.of, nowhere) as silent:
        for beside in (empty, silent):
            with pytest.raises(OperationalError) as told:
                beside.ask(FigureCounter.figures, 0, 3_600_000, "", Profile.load(), 7_200_000)
            assert is_away(told.value)


def test_who_has_become_large_ends_after_the_answer(adder: WorkerProcess[Adder]) -> None:
    adder.ask(Adder.add, 1)
    small, same = adder.pid, adder.ask(Adder.fill, 10)
    assert adder.pid == small and same == 41
    assert adder.ask(Adder.fill, 300) == 41
    assert adder.pid is None and small is not None and gone(small)
    assert adder.ask(Adder.add, 2) == 42, "a new one"


def test_closing_does_not_wait_for_what_it_computes() -> None:
    adder, failed = WorkerProcess(Adder, 40), threading.Event()
    adder.ask(Adder.add, 1)

    def ask() -> None:
        with pytest.raises(WorkerFailed):
            adder.ask(Adder.compute)
        failed.set()

    asking = threading.Thread(target=ask)
    asking.start()
    pid = adder.pid
    adder.close()
    asking.join(60)
    assert failed.is_set() and pid is not None and gone(pid)


def test_it_does_not_outlive_who_asks_not_even_one_who_was_killed() -> None:
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time\nfrom hotline.process.worker import WorkerProcess\nfrom tests.cli.adder import Adder\n"
            "adder = WorkerProcess(Adder, 1)\nprint(adder.ask(Adder.pid), flush=True)\ntime.sleep(300)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait(60)
    wait_until(lambda: gone(pid))
