"""Notes about a case: encrypted, named by id in the journal, erasable without touching it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select

from store.ids import uuid7
from store.keys import Keys
from store.sql import table

NOTES = table("case_notes")


class Notes:
    """Write, read and erase texts, inside the caller's transaction."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def write(self, connection: Connection, case_id: str, text: str, at: int) -> str:
        """Keep a text; its id."""
        note = uuid7()
        connection.execute(insert(NOTES), self.sealed(note, case_id, text, at))
        return note

    def sealed(self, note: str, case_id: str, text: str, at: int) -> dict[str, object]:
        """The row of a text."""
        kept = self._keys.encrypt(text.encode(), place(note, case_id))
        return {"id": note, "case_id": case_id, "created": at, "sealed": kept}

    def read(self, connection: Connection, case_id: str) -> dict[str, str]:
        """The texts of a case by id; erased ones are not there."""
        rows = connection.execute(select(NOTES.c.id, NOTES.c.sealed).where(NOTES.c.case_id == case_id))
        return {note: self._keys.decrypt(sealed, place(note, case_id)).decode() for note, sealed in rows}

    def erase(self, connection: Connection, case_ids: Collection[str]) -> int:
        """Destroy everything written about these cases; how many texts."""
        return connection.execute(delete(NOTES).where(NOTES.c.case_id.in_(list(case_ids)))).rowcount


def place(note: str, case_id: str) -> bytes:
    """Where the seal of a text belongs."""
    return f"note:{case_id}:{note}".encode()
