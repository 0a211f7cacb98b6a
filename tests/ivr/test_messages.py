"""A message left while no hotline was connected (没有接通时的留言) becomes a call and a case like any other."""

import json
import os
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ivr.messages import LONE_S, QUIET_S, take_in
from sip.asterisk.config import AsteriskConfig, Site
from sip.asterisk.files import dialplan
from tests.support.world import FileKeeper, World


def left(folder: Path, at_s: int, caller: str = "13800001111") -> Path:
    """A message as Asterisk's dialplan leaves it, long finished."""
    path = folder / f"{at_s}_abc.1.wav"
    path.with_suffix(".who").write_text(f"{caller}_95598\n", encoding="ascii")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16_000 * 4))
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - QUIET_S - 1))
    return path


def offered(world: World) -> dict[str, object]:
    """What the last call's first fact says."""
    return json.loads([row.data for row in world.journal() if row.name == "offered"][-1])


class Measured(FileKeeper):
    """Says how long a recording is, as the vault does."""

    def keep(self, recording_id: str, path: Path, done: Callable[[dict[str, Any] | None], None]) -> None:
        with wave.open(str(path), "rb") as file:
            ms = file.getnframes() // 8
        super().keep(recording_id, path, lambda data: done({**(data or {}), "ms": ms}))


def test_a_message_is_told_in_the_journal_like_a_call_that_was_answered(tmp_path: Path) -> None:
    world = World(tmp_path, keeper=Measured())
    world.call()
    answered = offered(world)
    folder = tmp_path / "messages"
    folder.mkdir()
    (tmp_path / "recording").mkdir(exist_ok=True)
    path = left(folder, world.clock.now_ms() // 1000 - 600)
    assert take_in(world.conductor, world.services, folder, lambda call_id: False) == 1
    world.run(20)
    told = offered(world)
    assert told.keys() == answered.keys(), "one piece of code says what a call's first fact holds"
    same = ("called", "flow", "version", "profile", "caller_known", "test")
    assert [told[name] for name in same] == [answered[name] for name in same]
    assert not path.exists()
    (case,) = world.cases()
    assert case.kind == "message" and case.party_id == told["party_id"]


def test_the_number_of_who_left_a_message_stands_in_no_name_of_a_file(tmp_path: Path) -> None:
    lines = dialplan(Site(home=tmp_path, engine=AsteriskConfig())).splitlines()
    (record,) = [line for line in lines if "Record(" in line]
    (name,) = [line for line in lines if "Set(MESSAGE=" in line]
    assert "${MESSAGE}.wav" in record
    assert "WHO" not in record + name and "CALLERID" not in record + name


def test_a_message_left_under_the_version_before_is_taken_in_with_the_number_of_its_name(tmp_path: Path) -> None:
    world = World(tmp_path, keeper=Measured())
    folder = tmp_path / "messages"
    folder.mkdir()
    (tmp_path / "recording").mkdir(exist_ok=True)
    path = left(folder, world.clock.now_ms() // 1000 - 600)
    path.with_suffix(".who").unlink()
    path.rename(folder / f"{path.stem.split('_')[0]}_13800001111_95598_abc.1.wav")
    assert take_in(world.conductor, world.services, folder, lambda call_id: False) == 1
    world.run(20)
    assert offered(world)["called"] == "95598" and offered(world)["caller_known"] and not list(folder.iterdir())


def test_who_left_without_speaking_leaves_no_number_behind(tmp_path: Path) -> None:
    world = World(tmp_path)
    folder = tmp_path / "messages"
    folder.mkdir()
    path = left(folder, world.clock.now_ms() // 1000)
    path.unlink()
    note = path.with_suffix(".who")
    assert take_in(world.conductor, world.services, folder, lambda call_id: False) == 0 and note.exists()
    os.utime(note, (note.stat().st_atime, note.stat().st_mtime - LONE_S - 1))
    take_in(world.conductor, world.services, folder, lambda call_id: False)
    assert not note.exists()
