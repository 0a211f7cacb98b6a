"""What the hotline keeps is its user's alone (安全): what is made, what was made before, and Asterisk's group."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hotline import private
from hotline.config.settings import Settings
from hotline.doctor.checks import private_files
from ivr.telephony import Clip
from recordings.cache import Disk
from sip.asterisk.media import MediaFolder

STRANGER = 54321  # a user and a group nobody here has
OUTSIDE = frozenset({STRANGER})


def settings_with(tmp_path: Path, **more: object) -> Settings:
    return Settings.model_validate({"data": {"dir": str(tmp_path / "data")}, **more})


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A data folder as `make run` of the version before left it."""
    data = tmp_path / "data"
    for folder in ("", "log", "voices", "voices/ab", "vault"):
        (data / folder).mkdir(parents=True, exist_ok=True)
        (data / folder).chmod(0o755)
    for name in ("hotline.db", "hotline.db-wal", "hotline.db-shm", "log/calls.log", "run.json", "voices/ab/ab1.wav"):
        (data / name).write_bytes(b"13800001111")
        (data / name).chmod(0o644)
    return data


def test_whoever_comes_from_the_version_before_is_told_what_was_open_and_it_is_closed(
    tmp_path: Path, before: Path
) -> None:
    settings = settings_with(tmp_path)
    (word,) = private.mend(settings)
    assert "11 folders and files could be read by others" in word and str(before) in word
    assert not any(mode & 0o077 for mode in modes(before).values())
    assert modes(before)["hotline.db"] == 0o600 and modes(before)["log"] == 0o700
    assert private.mend(settings) == [], "said once"


def test_the_doctor_fails_on_what_others_can_read_and_says_how_to_close_it(tmp_path: Path, before: Path) -> None:
    settings = settings_with(tmp_path)
    private.mend(settings)
    assert [line.level for line in private_files(settings)] == ["ok"]
    (before / "log" / "calls.log").chmod(0o640)
    (line,) = private_files(settings)
    assert line.level == "FAIL" and "calls.log is open to others (0640)" in line.text and "chmod 600" in line.todo


def test_a_link_in_the_data_folder_changes_nothing_outside_of_it(tmp_path: Path, before: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("somebody's")
    outside.chmod(0o644)
    (before / "link").symlink_to(outside)
    private.mend(settings_with(tmp_path))
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_whatever_a_command_makes_is_its_users_alone(tmp_path: Path) -> None:
    config = tmp_path / "hotline.toml"
    config.write_text(f'[data]\ndir = "{tmp_path / "data"}"\n')
    command = [sys.executable, "-m", "hotline", "db", "upgrade", "--config", str(config)]
    subprocess.run(command, check=True, capture_output=True, timeout=120, umask=0o022)
    made = modes(tmp_path / "data")
    assert made["hotline.db"] == 0o600 and made["."] == 0o700
    assert not any(mode & 0o077 for mode in made.values()), made


def shared(tmp_path: Path) -> Settings:
    """Set up with an Asterisk under another user: both write recordings into a folder of a common group."""
    spool = tmp_path / "spool" / "recording"
    spool.mkdir(parents=True)
    spool.chmod(0o770)
    return settings_with(tmp_path, engine="asterisk", asterisk={"secret": "of-a-test", "spool": str(spool)})


def test_an_asterisk_under_another_user_reads_prompts_and_personal_ones_by_the_group_and_nothing_else(
    tmp_path: Path, before: Path
) -> None:
    settings, group = shared(tmp_path), os.getegid()
    private.mend(settings)
    media = MediaFolder(settings.data.dir / "media")
    media.open()
    clips = [Clip("beep", b"\0\0" * 80, ""), Clip("number", b"\0\0" * 80, "13800001111")]
    spoken = [Path(uri.removeprefix("sound:") + ".wav") for uri in media.uris(clips, "p1")]
    made = Disk(settings.data.dir / "voices").store("cd" * 20, "ef" * 20, "text", "espeak", bytes(100), bytes(100))
    assert made.path8 is not None
    for path in [*spoken, made.path8, before / "voices/ab/ab1.wav"]:
        way = [step for step in (path, *path.parents) if step.is_relative_to(before)]  # pytest's own folders are closed
        for step in way:
            found = step.stat()
            assert found.st_gid == group and found.st_mode & (0o040 if step == path else 0o010), step
            assert not found.st_mode & 0o007, step
    for name in ("hotline.db", "log/calls.log", "vault"):
        assert modes(before)[name] & 0o077 == 0, name
    assert modes(before)["."] == 0o710, "its names are not listed"
    assert [line.level for line in private_files(settings)] == ["ok"]


def test_an_asterisk_that_runs_as_we_do_opens_nothing(tmp_path: Path, before: Path) -> None:
    settings = shared(tmp_path)
    settings.asterisk.spool.chmod(0o700)
    private.mend(settings)
    assert not any(mode & 0o077 for mode in modes(before).values())


def test_who_reads_a_file_is_told_by_the_modes_on_the_whole_way(tmp_path: Path) -> None:
    assert private.may_read(Path("/etc/passwd"), STRANGER, OUTSIDE)
    file = tmp_path / "a" / "b.wav"
    file.parent.mkdir()
    file.write_bytes(b"")
    file.chmod(0o644)
    file.parent.chmod(0o700)
    assert not private.may_read(file, STRANGER, OUTSIDE), "the folder lets nobody through"
    assert not private.may_read(tmp_path / "absent.wav", 0, OUTSIDE)
