"""A case that is 归档 has the status ``archived``: ``closed`` is 办结, as the column and the action say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The journal needs no change: its facts say what happened, not which status followed.
    for table, column in (("cases", "status"), ("case_steps", "was"), ("case_steps", "status")):
        changed = sa.table(table, sa.column(column))
        op.execute(changed.update().where(changed.c[column] == "closed").values({column: "archived"}))
    inbox = sa.table("inbox", sa.column("data"))
    was, now = '"status": "closed"', '"status": "archived"'
    op.execute(inbox.update().where(inbox.c.data.contains(was)).values(data=sa.func.replace(inbox.c.data, was, now)))
