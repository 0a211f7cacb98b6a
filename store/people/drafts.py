"""What somebody is typing and has not sent yet: one encrypted row for each account and form, outside the journal.

A draft is nobody else's to read, is deleted when its form is saved, and after seven days at the latest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from store.keys import Keys
from store.sql import table, upsert

DRAFTS = table("drafts")
KEPT_MS = 7 * 86_400_000
AGAIN_MS = 1000  # of one form at most one write in so long
FORMS_MAX = 50  # of one account; the oldest make room
BYTES_MAX = 64_000


@dataclass(frozen=True, slots=True)
class FormDraft:
    """The fields of a form as they were left at ``at`` (UTC ms)."""

    at: int
    fields: Mapping[str, str]


class Drafts:
    """Works inside the caller's transaction."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def save(self, connection: Connection, account: str, form: str, fields: Mapping[str, str], at: int) -> bool:
        """Keep it in the place of the one before; False: too soon, or too long."""
        text = json.dumps(dict(fields), ensure_ascii=False).encode()
        mine = (DRAFTS.c.account == account, DRAFTS.c.form == form)
        last = connection.scalar(select(DRAFTS.c.at).where(*mine))
        if len(text) > BYTES_MAX or (last is not None and 0 <= at - last < AGAIN_MS):
            return False
        sealed = self._keys.encrypt(text, place(account, form))
        upsert(connection, "drafts", [{"account": account, "form": form, "at": at, "sealed": sealed}])
        kept = select(DRAFTS.c.form).where(DRAFTS.c.account == account).order_by(DRAFTS.c.at.desc(), DRAFTS.c.form)
        for old in connection.scalars(kept.offset(FORMS_MAX)).all():
            self.drop(connection, account, old)
        self.prune(connection, at)
        return True

    def of(self, connection: Connection, account: str, now: int) -> dict[str, FormDraft]:
        """Every draft of an account by its form; what no key opens any more is none."""
        mine = select(DRAFTS).where(DRAFTS.c.account == account, DRAFTS.c.at > now - KEPT_MS)
        found = {}
        for row in connection.execute(mine).mappings():
            try:
                text = self._keys.decrypt(row["sealed"], place(account, row["form"]))
            except Exception:  # noqa: S112 - every kind of key ring has errors of its own; a draft is no record
                continue
            found[row["form"]] = FormDraft(row["at"], json.loads(text))
        return found

    def drop(self, connection: Connection, account: str, form: str) -> None:
        """It was saved, or is not wanted."""
        connection.execute(delete(DRAFTS).where(DRAFTS.c.account == account, DRAFTS.c.form == form))

    def prune(self, connection: Connection, now: int) -> None:
        """Delete what is older than seven days."""
        connection.execute(delete(DRAFTS).where(DRAFTS.c.at <= now - KEPT_MS))


def place(account: str, form: str) -> bytes:
    """Where the seal of a draft belongs."""
    return f"draft:{account}:{form}".encode()
