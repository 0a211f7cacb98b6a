"""`hotline serve` for real: both processes, the summary, a crash, Ctrl-C, and a call by `hotline dial`."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import socket
import ssl
import subprocess
import sys
import termios
import urllib.request
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hotline import tls
from hotline.config.values import parse_address
from hotline.ports import sip_answers, web_answers
from hotline.process import runfile
from tests.support import warm
from tests.support.hotline import Hotline
from tests.support.need import need
from tests.support.waiting import gone, wait_until

pytestmark = pytest.mark.network
Start = Callable[..., Hotline]
ENDS_IT = "Ctrl-C ends it."


@pytest.fixture(scope="module")
def only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    """The one that most of these tests share, not started; what it asks for first, 5060 and 8080, is taken."""
    need("espeak")
    hotline = Hotline(Path(tmp_path_factory.mktemp("serve")) / "hotline", "serve", explicit=False, new=True)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as web,
    ):
        for taken, port in ((sip, 5060), (web, 8080)):
            with contextlib.suppress(OSError):  # somebody else has it, which serves as well
                taken.bind(("127.0.0.1", port))
        web.listen()
        try:
            yield hotline
        finally:
            hotline.close()


@pytest.fixture
def serving(only: Hotline) -> Hotline:
    """`hotline serve`; started again after a test that ended it."""
    if only.process is None or only.process.poll() is not None:
        starts = only.output().count(ENDS_IT)
        only.start()
        wait_until(lambda: only.output().count(ENDS_IT) > starts, what=only.output)
    return only


def command(hotline: Hotline, *arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    return warm.run(*arguments, "--config", str(hotline.config), folder=hotline.home, timeout=timeout)


def calls(hotline: Hotline) -> dict[str, dict[str, Any]]:
    """Those that are over, by their ids."""
    rows = json.loads(command(hotline, "show", "calls", "--json").stdout)
    return {row["id"]: row for row in rows if row["outcome"] != "live"}


def only_new(hotline: Hotline, before: dict[str, Any]) -> dict[str, Any]:
    """The one call since then, when it is over."""
    (row,) = wait_until(lambda: [row for key, row in calls(hotline).items() if key not in before])
    return row


def pids(hotline: Hotline) -> list[int]:
    return [int(part["pid"]) for part in runfile.read(hotline.data).values()]


def test_ctrl_c_ends_both_processes_cleanly(serving: Hotline) -> None:
    running = pids(serving)
    assert len(running) == 2
    text = serving.output()
    assert f"sip:hotline@{serving.sip}" in text and serving.url in text
    assert serving.stop(signal.SIGINT) == 0
    assert all(gone(pid) for pid in running)
    assert runfile.read(serving.data) == {}
    assert "Traceback" not in serving.output()


def test_the_first_accounts_are_shown_once(serving: Hotline) -> None:
    if serving.output().count(ENDS_IT) == 1:
        assert serving.output().count("shown only now") == 1
        assert serving.stop() == 0
        serving.start()
        wait_until(lambda: serving.output().count(ENDS_IT) == 2, what=serving.output)
    assert serving.output().count("shown only now") == 1
    names = [row["name"] for row in json.loads(command(serving, "user", "list", "--json").stdout)]
    assert names == ["admin", "supervisor"]


@pytest.mark.parametrize("part", ["calls", "panel"])
def test_a_crashed_process_is_started_again(serving: Hotline, part: str) -> None:
    first = int(runfile.read(serving.data)[part]["pid"])
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: f"{part} ended unexpectedly (signal SIGKILL)" in serving.output(), what=serving.output)
    wait_until(lambda: runfile.read(serving.data).get(part, {}).get("pid") not in (None, first), 90, serving.output)
    wait_until(lambda: sip_answers(parse_address(serving.sip)) and web_answers(serving.url), 90, serving.output)


def test_when_default_ports_are_taken_the_next_ones_are_used_and_told(serving: Hotline) -> None:
    assert parse_address(serving.sip).port > 5060
    assert f"port 5060 is taken, so the sip address is {serving.sip}" in serving.output()
    assert "port 8080 is taken" in serving.output() and f"sip:hotline@{serving.sip}" in serving.output()


def test_a_given_port_that_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    hotline = Hotline(tmp_path / "hotline", "serve")
    hotline.prepare()
    address = hotline.settings.sip.listen
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(tuple(address))
        assert hotline.spawn().wait(60) == 3
    assert f"Error: {address} is taken" in hotline.output() and "--sip HOST:PORT" in hotline.output()


def test_a_second_hotline_for_the_same_folder_is_kept_out(serving: Hotline) -> None:
    second = command(serving, "serve", timeout=60)
    assert second.returncode == 3 and "a hotline runs already" in second.stderr
    assert all(str(pid) in second.stderr for pid in pids(serving))


def test_a_flow_that_fails_the_check_is_not_served(tmp_path: Path) -> None:
    """Wrong settings end the supervisor with a reason; it does not try for ever."""
    flow = tmp_path / "bad.yaml"
    flow.write_text("flow: bad\nstart: here\nsteps:\n  here: {say: [no.such.phrase], next: here}\n")
    hotline = Hotline(tmp_path / "hotline", "serve", changes={"flow": str(flow)})
    hotline.prepare()
    assert hotline.spawn().wait(90) == 3
    assert "bad.yaml" in hotline.output() and "no.such.phrase" in hotline.output()


def test_dial_hears_the_hotline_presses_a_key_and_the_call_is_shown(serving: Hotline, tmp_path: Path) -> None:
    before, heard = calls(serving), tmp_path / "heard.wav"
    done = command(
        serving, "dial", "--from", "13800001111", "--keys", "step:main,3,step:complaint,hangup", "--wav", str(heard)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "answered" in done.stdout and "step main" in done.stdout and "step complaint" in done.stdout
    with wave.open(str(heard)) as file:
        assert file.getframerate() == 8000 and file.getnframes() > 8000
    row = only_new(serving, before)
    assert (row["keys"], row["last_step"], row["released_by"]) == ("3", "complaint", "caller")
    assert "13800001111" not in json.dumps(row)


def test_stf_1_a_caller_presses_0_and_speaks_with_a_seat_in_a_terminal(serving: Hotline, tmp_path: Path) -> None:
    before, operator_heard, said = calls(serving), tmp_path / "operator.wav", tmp_path / "said"
    options = ("--seat", "101", "--answer", "--once", "--wav", str(operator_heard), "--config", str(serving.config))
    with said.open("wb") as output:
        seat = warm.start(["dial", *options], output, output, os.environ | {"PYTHONUNBUFFERED": "1"}, tmp_path)
    try:
        wait_until(lambda: "is registered" in said.read_text() or seat.poll() is not None, what=said.read_text)
        caller = command(serving, "dial", "--keys", "step:main,0,step:person,wait:12,hangup")
        assert caller.returncode == 0, caller.stdout + caller.stderr
        assert seat.wait(90) == 0
        assert "rings" in said.read_text() and "answered; you are connected" in said.read_text(), said.read_text()
    finally:
        if seat.poll() is None:
            seat.kill()
            seat.wait()
    row = only_new(serving, before)
    assert (row["outcome"], row["seat"]) == ("answered", "101")
    with wave.open(str(operator_heard)) as file:
        assert file.getnframes() > 8000


def test_the_doctor_examines_a_running_hotline_by_a_real_call(serving: Hotline) -> None:
    before = calls(serving)
    serving.config.chmod(0o600)
    done = command(serving, "doctor", "--json")
    lines = {line["what"]: line for line in json.loads(done.stdout)}
    assert lines["test call"]["level"] == "ok", lines["test call"]
    assert "the running hotline" in lines["test call"]["text"]
    assert lines["calls"]["text"] == f"answers at {serving.sip}"
    assert done.returncode == 0, done.stdout
    row = only_new(serving, before)
    assert row["test"] is True and row["cases"] == 0


def test_the_doctor_starts_a_temporary_hotline_when_none_runs(tmp_path: Path) -> None:
    need("espeak")
    hotline = Hotline(tmp_path / "hotline", "calls")
    hotline.config.chmod(0o600)
    hotline.prepare()
    done = command(hotline, "doctor", "--json")
    lines = {line["what"]: line for line in json.loads(done.stdout)}
    assert lines["test call"]["level"] == "ok", lines["test call"]
    assert "a temporary hotline" in lines["test call"]["text"]
    assert json.loads(command(hotline, "show", "calls", "--json").stdout) == []


def test_keys_typed_in_a_terminal_reach_the_hotline(serving: Hotline) -> None:
    """With a real terminal (a pty): a status line, typed keys, q hangs up, the terminal left as it was."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        [sys.executable, "-m", "hotline", "dial", "--config", str(serving.config)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )
    seen = bytearray()

    def shows(text: str) -> Callable[[], bool]:
        def look() -> bool:
            while select.select([ours], [], [], 0)[0]:
                seen.extend(os.read(ours, 65536))
            return text.encode() in seen

        return look

    try:
        wait_until(shows("step main"), 90, lambda: seen.decode(errors="replace"))
        os.write(ours, b"3")
        wait_until(shows("step complaint"), 60, lambda: seen.decode(errors="replace"))
        os.write(ours, b"q")
        wait_until(shows("ended after"), 60, lambda: seen.decode(errors="replace"))
        assert process.wait(30) == 0
        assert termios.tcgetattr(theirs)[3] == before[3]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
        os.close(theirs)


def test_with_a_certificate_the_panel_speaks_https_only(start_hotline: Start, tmp_path: Path) -> None:
    made = tls.make(tmp_path / "tls")
    hotline = start_hotline("panel", changes={"panel": {"tls_cert": str(made.certificate), "tls_key": str(made.key)}})
    assert hotline.url.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=str(made.ca))
    with urllib.request.urlopen(hotline.url, context=trusting, timeout=30) as answer:
        assert answer.status == 200 and answer.url.startswith("https://")
    assert hotline.stop(signal.SIGINT) == 0
