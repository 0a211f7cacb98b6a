"""A real test call with a key press: over SIP and RTP, into the running hotline or a temporary one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hotline.config.file import to_toml
from hotline.config.settings import Settings
from hotline.config.values import Address
from hotline.errors import CannotRun
from hotline.ports import any_free, phone_host, reachable, sip_answers
from hotline.process.flows import CHECKED
from hotline.process.supervisor import python
from sip.embedded.phone import CallFailed, Phone
from store.engine import Session, open_engine, reading
from store.read import by_ref

KEY = "*"  # chooses nothing in any menu, so that a test rings no operator and opens no case
ANSWER_S = 15.0
HEAR_S = 10.0
KEY_S = 10.0
START_S = 60.0
STOP_S = 30.0
LOUD = 500  # of 32767: speech, not line noise


@dataclass(frozen=True, slots=True)
class TestCall:
    """What the call came to; ``trouble`` is empty when everything worked."""

    __test__ = False  # not a pytest class

    trouble: str = ""
    answered_ms: int = 0
    heard_ms: int = 0


async def place(target: Address, database: str | Path, from_user: str) -> TestCall:
    """Call, hear speech, press a key, find the key in the journal, hang up."""
    phone = await Phone.open(phone_host(target))
    try:
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_S):
                await phone.call(f"sip:hotline@{target}", from_user)
        except CallFailed as error:
            return TestCall(f"the call was not answered: {error}")
        except TimeoutError:
            return TestCall(f"the call was not answered within {ANSWER_S:g} s")
        answered = round((time.monotonic() - began) * 1000)
        if not await _until(lambda: _loud(bytes(phone.heard)), HEAR_S):
            return TestCall(f"no voice was heard within {HEAR_S:g} s", answered)
        call_id = phone.call_id
        await phone.send_keys(KEY)
        pressed = await _until(lambda: _key_arrived(database, call_id), KEY_S)
        trouble = "" if pressed else f"the key press did not arrive within {KEY_S:g} s"
        return TestCall(trouble, answered, len(phone.heard) // 16)
    finally:
        await phone.close()


@contextmanager
def temporary(settings: Settings) -> Iterator[tuple[Address, Path]]:
    """Run this hotline on free ports with its own data folder and no trunk; give its address and that folder."""
    with tempfile.TemporaryDirectory(prefix="hotline-doctor-") as folder:
        home = Path(folder)
        address = any_free("127.0.0.1")
        # Not the real one's things: a second registration at the provider would take its calls.
        tree = settings.model_dump(mode="json", exclude_none=True, exclude={"trunk", "engine", "asterisk"})
        tree["sip"]["listen"] = str(address)
        tree["data"] = {"dir": str(home / "data")}
        _proofs(settings.data.dir, home / "data")
        config = home / "hotline.toml"
        config.touch(0o600)
        config.write_text(to_toml(tree), encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
        log = home / "log.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own module by our own interpreter
                python("calls", "--config", str(config)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environ,
                cwd=home,
                start_new_session=True,
            )
        try:
            end = time.monotonic() + START_S
            while not sip_answers(address):
                if process.poll() is not None or time.monotonic() > end:
                    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                    raise CannotRun(f"it does not start: {lines[-1] if lines else 'no reason given'}")
            yield address, home / "data"
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            process.kill()
            process.wait()


def _proofs(known: Path, data: Path) -> None:
    """What was proved of the flows holds for the temporary one: the same flows, rules and program."""
    data.mkdir(mode=0o700)
    with contextlib.suppress(OSError):
        shutil.copy(known / CHECKED, data / CHECKED)


def run(settings: Settings, running: Address | None) -> TestCall:
    """A test call into the running hotline, or into a temporary one. Raises :class:`CannotRun`."""
    from_user = settings.test.callers[0] if settings.test.callers else "hotline-test"
    if running is not None:
        return asyncio.run(place(reachable(running), settings.database, from_user))
    with temporary(settings) as (address, data):
        return asyncio.run(place(address, data, from_user))


async def _until(condition: Callable[[], bool], within_s: float) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if await asyncio.to_thread(condition):
            return True
        await asyncio.sleep(0.1)
    return False


def _loud(pcm: bytes) -> bool:
    samples = np.frombuffer(pcm, dtype="<i2")
    return bool(samples.size and np.abs(samples.astype(np.int32)).max() > LOUD)


def _key_arrived(database: str | Path, call_id: str) -> bool:
    engine = open_engine(database)
    try:
        with Session(reading(engine)) as session:
            return by_ref.key_arrived(session, call_id, KEY)
    finally:
        engine.dispose()
