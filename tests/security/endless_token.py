"""A token of the API that was made without an end and forgotten reads cases for ever.

Before: ``hotline user token`` made such tokens unless told otherwise. Now none can be made, the schema takes none, and
the upgrade gives those of before an end of 90 days, in the audit log and the supervisors' inbox.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from alembic import command
from sqlalchemy import text

from services.users import UserError, create_token
from store.engine import open_engine
from store.upgrade import _config, upgrade
from tests.web.demo import World

DAY_MS = 86_400_000


def main() -> int:
    """0: the attack fails."""
    now = time.time_ns() // 1_000_000
    with tempfile.TemporaryDirectory() as home:
        engine = open_engine(Path(home))
        with engine.begin() as connection:
            command.upgrade(_config(connection), "0012")
            connection.execute(
                text("INSERT INTO api_tokens VALUES ('t1', 'old wall', 'hash', 'cases:read', 1, NULL, NULL)")
            )
        upgrade(engine)
        with engine.begin() as connection:
            ends = connection.scalar(text("SELECT expires FROM api_tokens"))
            told = connection.scalar(text("SELECT count(*) FROM inbox WHERE kind = 'tokens_end'"))
            audited = connection.scalar(text("SELECT target FROM audit WHERE action = 'token.end'"))
        engine.dispose()
    with tempfile.TemporaryDirectory() as home:
        world, refused = World(Path(home)), ""
        with world.engine.begin() as connection:
            from sqlalchemy.orm import Session

            try:
                create_token(Session(connection), name="x", scopes=["cases:read"], now=now, expires=now + 4000 * DAY_MS)
            except UserError as error:
                refused = error.code
        world.close()
    days = (ends - now) / DAY_MS if ends else None
    print(
        f"the token of before ends in {days} days, told {told}, audited {audited}; a new one for 4000 days: {refused}"
    )
    return 0 if days and 89 < days < 91 and (told, audited, refused) == (1, "old wall", "long_expiry") else 1


if __name__ == "__main__":
    sys.exit(main())
