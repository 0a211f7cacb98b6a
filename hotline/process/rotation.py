"""New keys in the place of the old ones while the hotline runs: ``hotline keys rotate``.

    rotation = Rotation(settings, engine, ring, progress)
    rotation.run({"data", "index", "session"})        # killed at any moment, the next run goes on

1. A new key is made beside the old one. Every process sees it at its next use and seals with it (recordings/keys.py).
2. What is sealed or found by the old one is done anew, look after look, until a look finds nothing.
3. When all that was begun before the new key must long be written, a last look; then the old key is removed.

Nothing remembers how far it came: files and rows say by which key they are, so there is nothing that can disagree. An
old key is never removed while anything is known to need it.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import factories
from recordings.keys import INDEX_OLD, SESSION_OLD, KeyProblem, KeyRing
from recordings.vault import Vault, VaultError
from services import users
from store.engine import Engine, Session
from store.journal.forgetting import truncate
from store.journal.spool import reseal_aside, waiting_by
from store.upkeep import querycodes, rekeying, resealing

KINDS = ("data", "index", "session")
SETTLE_S = 10.0  # by then whatever was begun with the old key is written
LOOKS = 20  # the hotline would have to seal by the old key for ever
TRUNCATE_S = 20.0

Step = Callable[[str, int], None]


class RotationUnfinished(CannotRun):
    """The old key is still needed; the text says by what, and what to do."""


@dataclass
class Rotation:
    """``step``: told what was looked at, and how many. ``pause``: waits so many seconds."""

    settings: Settings
    engine: Engine
    ring: KeyRing
    by: str
    step: Step = lambda what, n: None
    settle_s: float = field(default_factory=lambda: SETTLE_S)
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    pause: Callable[[float], None] = time.sleep
    done: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _unknown: int = field(default=0, init=False)  # query codes only the former look-up key can check

    def run(self, kinds: Collection[str]) -> None:
        """Rotate these, and finish what was begun. Raises :class:`RotationUnfinished`, ``KeyProblem``."""
        begun = self.ring.unfinished
        for kind in (kind for kind in KINDS if kind in kinds and kind not in begun):
            self._begin(kind)
        begun = self.ring.unfinished
        self._look(begun)
        self.pause(self.settle_s)
        self._look_until_nothing(begun)
        for kind in begun:
            self._end(kind)

    def _begin(self, kind: str) -> None:
        if kind == "data":
            self.ring.rotate()
        elif kind == "index":
            self.ring.begin_index()
        else:
            self.ring.begin_session()
        self._audit("begin", kind)

    def _look(self, kinds: Collection[str]) -> int:
        """Look after everything once; how much was done anew."""
        return (self._data() if "data" in kinds else 0) + (self._index() if "index" in kinds else 0)

    def _look_until_nothing(self, kinds: Collection[str]) -> None:
        for _look in range(LOOKS):
            if not self._look(kinds):
                return
        raise RotationUnfinished("something still seals by the old key; end processes of older versions, then go on")

    def _data(self) -> int:
        found = resealing.reseal(self.engine, self.ring, self.step)
        self.done["rows"] = self.done.get("rows", 0) + found.done
        self._note(found.unreadable, "rows are opened by no key and stay as they are")
        return found.done + self._recordings() + reseal_aside(self._spool.with_suffix(".bad"), self._anew)

    def _recordings(self) -> int:
        vault, done, spoiled = self._vault, 0, 0
        for left in vault.folder.glob("*/*.anew"):  # of a run that was killed
            left.unlink(missing_ok=True)
        for one in vault.ids():
            try:
                done += vault.rewrap(one)
            except FileNotFoundError:  # deleted just now
                continue
            except (VaultError, KeyProblem):
                spoiled += 1
            self.step("recordings", 1)
        self.done["recordings"] = self.done.get("recordings", 0) + done
        self._note(spoiled, "recordings are opened by no key and stay as they are")
        return done

    def _index(self) -> int:
        former = self.ring.former
        if former is None:
            return 0
        people = rekeying.rekey(self.engine, lambda: self.ring, factories.plan(self.settings), self.now(), self.step)
        codes, self._unknown = querycodes.rehash(self.engine, self.ring, former, self.now, self.step)
        for name, n in (("people", people), ("codes", codes)):
            self.done[name] = self.done.get(name, 0) + n
        return people + codes

    def _end(self, kind: str) -> None:
        """Remove the old key, when nothing needs it."""
        if kind == "session":
            self._remove(kind, (SESSION_OLD,), self.ring.end_session)
        elif self._spooled(kind):
            raise RotationUnfinished(
                "calls still wait in the spool to be written to the database: see that it can be reached, then go on"
            )
        elif kind == "index":
            if self._unknown:
                why = "are of an early version and need the old look-up key, which stays"
                self._note(self._unknown, f"query codes {why}")
            else:
                self._remove(kind, (INDEX_OLD,), self.ring.end_index)
        else:
            old = self.ring.ids[:-1]
            self._remove(kind, old, lambda: self.ring.retire(old))

    def _remove(self, kind: str, names: Collection[str], remove: Callable[[], None]) -> None:
        if self.ring.folder is None:
            kept = "; the first key stays, as look-ups are made from it" if self.ring.index_follows else ""
            self.notes.append(f"take {', '.join(names)} out of HOTLINE_KEY and restart{kept}")
            return
        truncate(self.engine, TRUNCATE_S)
        remove()
        self._audit("end", kind)

    def _spooled(self, kind: str) -> bool:
        """Does anything in the spool need the old key? What waits may hold a hash by the old look-up key."""
        lines = waiting_by(self._spool)
        if kind == "index":
            return bool(lines)
        return any(self.ring.outdated(base64.b64decode(line)) for line in lines)

    def _anew(self, token: bytes) -> bytes | None:
        """Sealed by the newest key; None: it is, or no key opens it."""
        try:
            return self.ring.encrypt(self.ring.decrypt(token)) if self.ring.outdated(token) else None
        except KeyProblem:
            return None

    def _note(self, n: int, text: str) -> None:
        self.notes = [one for one in self.notes if not one.endswith(text)]
        if n:
            self.notes.append(f"{n} {text}")

    def _audit(self, what: str, kind: str) -> None:
        with Session(self.engine) as session, session.begin():
            users.audit(session, at=self.now(), user=self.by, action=f"keys.{what}", target=kind)

    @property
    def _spool(self) -> Path:
        return self.settings.data.dir / "spool.jsonl"

    @property
    def _vault(self) -> Vault:
        return factories.vault(self.settings, self.ring)
