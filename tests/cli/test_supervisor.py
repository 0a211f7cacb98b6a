"""The supervisor: what crashes is started again, what ends ends cleanly, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hotline.process.supervisor import Child, Supervisor
from tests.support.waiting import gone

WAIT = "import time\nwhile True: time.sleep(0.05)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - a process tells no event
            await asyncio.sleep(0.02)


def test_a_crashed_child_is_started_again_and_it_is_said() -> None:
    async def story() -> None:
        said: list[str] = []
        child = Child("calls", python(WAIT))
        supervisor = Supervisor([child], said.append, first_pause_s=0.05)
        running = asyncio.create_task(supervisor.run())
        await until(lambda: child.process is not None)
        assert child.process is not None
        child.process.kill()
        await until(lambda: child.started == 2 and child.process is not None)
        assert said == ["calls ended unexpectedly (signal SIGKILL); it starts again in 0.05 s."]
        supervisor.stop()
        assert await running == 0

    asyncio.run(story())


def test_the_pause_grows_while_a_child_keeps_crashing() -> None:
    async def story() -> None:
        said: list[str] = []
        supervisor = Supervisor([Child("calls", python("raise SystemExit(1)"))], said.append, first_pause_s=0.01)
        running = asyncio.create_task(supervisor.run())
        await until(lambda: len(said) >= 4)
        supervisor.stop()
        await running
        assert [line.rsplit(" ", 2)[1] for line in said[:4]] == ["0.01", "0.02", "0.04", "0.08"]

    asyncio.run(story())


@pytest.mark.parametrize("code", [2, 3])
def test_a_child_that_can_never_run_ends_everything_with_its_code(code: int) -> None:
    async def story() -> int:
        other = Child("panel", python(WAIT))
        supervisor = Supervisor([Child("calls", python(f"raise SystemExit({code})")), other], lambda _: None)
        async with asyncio.timeout(60):
            result = await supervisor.run()
        assert other.process is None
        return result

    assert asyncio.run(story()) == code


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    """Killed, the supervisor cannot end its children: they see the end of their pipe."""
    pid_file = tmp_path / "pid"
    child = (
        "import os, signal, sys, time, pathlib\nfrom hotline.process.supervisor import stop_with_parent\n"
        f"stop_with_parent(); pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\n{WAIT}"
    )
    parent = (
        "import asyncio, sys\nfrom hotline.process.supervisor import Child, Supervisor\n"
        f"asyncio.run(Supervisor([Child('calls', [sys.executable, '-c', {child!r}])], print).run())"
    )

    async def story() -> None:
        process = await asyncio.create_subprocess_exec(*python(parent))
        await until(lambda: pid_file.exists() and pid_file.read_text() != "")
        pid = int(pid_file.read_text())
        process.kill()
        await process.wait()
        await until(lambda: gone(pid))

    asyncio.run(story())


def test_asked_twice_it_does_not_wait_for_a_child_that_hangs() -> None:
    async def story() -> None:
        said: list[str] = []
        stubborn = (
            "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\n" + WAIT
        )
        child = Child("calls", python(stubborn))
        supervisor = Supervisor([child], said.append)
        running = asyncio.create_task(supervisor.run())
        await until(lambda: child.process is not None)
        await asyncio.sleep(0.5)  # time enough to ignore the signal; too little would only end it sooner
        supervisor.stop()
        await asyncio.sleep(0.05)
        supervisor.stop()
        async with asyncio.timeout(20):
            assert await running == 0

    asyncio.run(story())


def test_a_child_that_ran_well_is_started_again_at_once() -> None:
    async def story() -> None:
        said: list[str] = []
        child = Child("calls", python(WAIT))
        supervisor = Supervisor([child], said.append, steady_s=0.0, first_pause_s=60)
        running = asyncio.create_task(supervisor.run())
        await until(lambda: child.process is not None)
        assert child.process is not None
        child.process.kill()
        await until(lambda: child.started == 2 and child.process is not None)
        assert said == ["calls ended unexpectedly (signal SIGKILL); it starts again at once."]
        supervisor.stop()
        assert await running == 0

    asyncio.run(story())


def test_a_spare_waits_takes_the_place_of_a_crashed_child_and_ends_with_the_rest(tmp_path: Path) -> None:
    told = tmp_path / "told"
    spare = (
        "from hotline.process import standby\nimport pathlib, sys\n"
        f"came = standby.wait(['json'])\npathlib.Path({str(told)!r}).write_text(str(came))\n"
        f"if came:\n    {WAIT.replace(chr(10), chr(10) + '    ')}"
    )

    async def story() -> None:
        child = Child("calls", python(WAIT), spare_command=python(spare))
        supervisor = Supervisor([child], lambda _: None, steady_s=0.0, spare_after_s=0.05)
        running = asyncio.create_task(supervisor.run())
        await until(lambda: child.spare is not None)
        first = child.spare
        assert first is not None and child.process is not None and not told.exists()
        child.process.kill()
        await until(lambda: told.exists() and told.read_text() == "True")
        assert child.process is first
        await until(lambda: child.spare is not None)  # and there is a spare again
        next_one = child.spare
        supervisor.stop()
        assert await running == 0
        assert next_one is not None and gone(next_one.pid) and gone(first.pid)

    asyncio.run(story())


def test_a_spare_that_died_is_not_waited_for() -> None:
    async def story() -> None:
        child = Child("calls", python(WAIT), spare_command=python("raise SystemExit(1)"))
        supervisor = Supervisor([child], lambda _: None, steady_s=0.0, spare_after_s=0.05)
        running = asyncio.create_task(supervisor.run())
        await until(lambda: child.spare is not None and child.spare.returncode == 1)
        assert child.process is not None
        child.process.kill()
        await until(lambda: child.started == 2 and child.process is not None and child.process.returncode is None)
        supervisor.stop()
        assert await running == 0

    asyncio.run(story())


def test_a_spare_ends_when_nobody_needs_it_any_more() -> None:
    async def story() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hotline.process.standby", "calls", stdin=asyncio.subprocess.PIPE
        )
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(60):
            assert await process.wait() == 0

    asyncio.run(story())


def test_calls_are_put_before_everything_else_where_that_is_allowed() -> None:
    """A process of its own session, as the supervisor makes them: its session's share grows, too."""
    code = "import os\nfrom hotline.process.priority import GROUP, sound_first\nsound_first()\n"
    code += "print(os.nice(0), end=' ')\n"
    code += "print(GROUP.read_text().split()[-1] if GROUP.exists() else '-')"
    told = subprocess.run(python(code), capture_output=True, text=True, timeout=60, start_new_session=True, check=True)
    own, group = told.stdout.split()
    switch = Path("/proc/sys/kernel/sched_autogroup_enabled")
    grouped = switch.exists() and switch.read_text().strip() == "1"
    assert own == ("-10" if os.geteuid() == 0 else str(os.nice(0)))
    assert not grouped or os.geteuid() != 0 or group == "-10"
