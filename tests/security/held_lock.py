"""Somebody types wrong passwords, so that the calls process finds the database "away".

Before: Argon2 ran inside the write transaction, so wrong log-ins at once held the journal up for longer than a call
waits. Now it runs outside: whoever writes the journal gets his turn in the midst of each hash. How long the journal
waits beside many attackers is measured by `bench/journal_waits.py`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from store.engine import DatabaseError, Engine, open_engine
from tests.web.conftest import Auth
from tests.web.demo import World
from web import create_app
from web.passwords import Argon2

PATIENCE_MS = 1000  # for who else writes for a moment; a transaction around the hash lasts until the hash is made


class Overheard(Argon2):
    """Argon2 that tries, in the midst of each hash, whether the journal can be written."""

    def __init__(self, journal: Engine) -> None:
        super().__init__()
        self.journal, self.written, self.held = journal, 0, 0

    def _try(self) -> None:
        try:
            with self.journal.begin():
                self.written += 1
        except DatabaseError:
            self.held += 1

    def hash(self, password: str) -> str:
        self._try()
        return super().hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        self._try()
        return super().verify(hashed, password)


def main() -> int:
    """0: the attack fails."""
    with tempfile.TemporaryDirectory() as home:
        world = World(Path(home))
        world.people()
        journal = open_engine(world.folder, busy_ms=PATIENCE_MS)
        before = Overheard(journal)
        with world.engine.begin():  # as it was: the hash is made while the log-in is being written
            before.hash("wrong-password")
        hasher = Overheard(journal)
        browser = Auth(create_app(world.config(hasher=hasher)).test_client())
        for name in ("operator", "supervisor", "nobody"):  # known and unknown names
            browser.login(name, "wrong-password")
        journal.dispose()
        world.close()
    print(f"before: the journal was held in {before.held} of 1 hashes")
    print(f"now: the journal was held in {hasher.held} of {hasher.held + hasher.written} hashes")
    return 0 if before.held == 1 and hasher.held == 0 and hasher.written >= 3 else 1


if __name__ == "__main__":
    sys.exit(main())
