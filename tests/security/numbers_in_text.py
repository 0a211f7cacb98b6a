"""Citizens' numbers are typed into texts that are kept for ever; who reads journal and audit log looks for them.

Before: the mask asked for a word boundary, and Chinese characters are word characters, so a number between them stayed.
Now: digits are found by digits, whatever stands beside them.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from sqlalchemy import select

from services import users
from store.engine import Session, open_engine
from store.journal import entries
from store.sql import table
from store.upgrade import upgrade
from tests.support.facts import fact

BEFORE = re.compile(  # as it was
    r"(?<![\w-])(?:\+?86[- ]?)?(?:1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}|\d{17}[\dXx])(?![\w-])"
)
SECRETS = ("13800001111", "410101199001011234", "0396-2812345", "１３９００００２２２２")
TEXT = "来电{}再次反映"


def main() -> int:
    """0: nothing is found."""
    stayed = [secret for secret in SECRETS if secret in BEFORE.sub("•••", TEXT.format(secret))]
    print(f"with the mask of before, these stay in the journal: {', '.join(stayed)}")
    with tempfile.TemporaryDirectory() as home:
        upgrade(Path(home))
        engine = open_engine(Path(home))
        with Session(engine) as session, session.begin():
            for secret in SECRETS:
                noted = fact(1, "case_noted", {"who": "李强", "set": {}}, TEXT.format(secret))
                entries.append_facts(session.connection(), [noted], case_id="c1")
                users.audit(session, at=1, user="李强", action="number.show", target="c1", detail=TEXT.format(secret))
        with engine.connect() as connection:
            kept = repr([connection.execute(select(table(name))).all() for name in ("journal", "audit")])
        engine.dispose()
    found = [secret for secret in SECRETS if secret in kept]
    print(f"now the journal and the audit log show: {', '.join(found) or 'nothing'}")
    return 0 if stayed and not found and "再次反映" in kept else 1


if __name__ == "__main__":
    sys.exit(main())
