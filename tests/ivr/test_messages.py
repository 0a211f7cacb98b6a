"""A message left while no hotline was connected (没有接通时的留言) becomes a call and a case like any other."""

import json
import os
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ivr.messages import QUIET_S, take_in
from tests.support.world import FileKeeper, World


def left(folder: Path, at_s: int, caller: str = "13800001111") -> Path:
    """A message as Asterisk's dialplan leaves it, long finished."""
    path = folder / f"{at_s}_{caller}_95598_abc.1.wav"
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
