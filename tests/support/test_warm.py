"""A process out of the one that has loaded is a process like any other."""

import os
import signal
from pathlib import Path

from tests.support import warm
from tests.support.hotline import Hotline
from tests.support.waiting import gone


def test_a_command_has_its_output_its_errors_and_its_exit_code(tmp_path: Path) -> None:
    assert warm.run("--version").stdout.startswith("hotline, version ")
    done = warm.run("show", "calls", "--config", str(tmp_path / "none.toml"))
    assert (done.returncode, done.stdout) == (2, "") and "none.toml" in done.stderr


def test_a_command_sees_the_environment_and_the_folder_it_is_given(tmp_path: Path) -> None:
    done = warm.run("init", environ={**os.environ, "HOTLINE_CONFIG": "mine.toml"}, folder=tmp_path)
    assert done.returncode == 0 and (tmp_path / "mine.toml").is_file(), done.stderr


def test_it_is_a_child_of_the_test_in_a_session_of_its_own_and_a_kill_ends_it(tmp_path: Path) -> None:
    hotline = Hotline(tmp_path / "hotline", "sweep")
    hotline.prepare()
    process = hotline.spawn()
    assert os.getsid(process.pid) == process.pid and process.poll() is None
    assert int(Path(f"/proc/{process.pid}/stat").read_text().split()[3]) == os.getpid()
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL and gone(process.pid)
