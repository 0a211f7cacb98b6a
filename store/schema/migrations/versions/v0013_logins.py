"""Log-ins as rows, real names, and an end for every API token.

Tokens without an end get one in 90 days; the audit log says so of each, and supervisors find it in their inbox.
"""

from __future__ import annotations

import json
import time

import sqlalchemy as sa
from alembic import op

from store.ids import uuid7

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DAY_MS = 86_400_000
LEFT_DAYS = 90


def upgrade() -> None:
    op.create_table(
        "logins",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("remote", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logins")),
        sa.UniqueConstraint("hash", name=op.f("uq_logins_hash")),
    )
    op.create_index("ix_logins_user_id", "logins", ["user_id"], unique=False)
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("full_name", sa.String(length=80), nullable=False, server_default=""))
    _end_tokens(op.get_bind(), time.time_ns() // 1_000_000)
    with op.batch_alter_table("api_tokens") as tokens:
        tokens.alter_column("expires", existing_type=sa.BigInteger(), nullable=False)


def _end_tokens(connection: sa.Connection, now: int) -> None:
    endless = sa.text("SELECT id, name FROM api_tokens WHERE expires IS NULL AND revoked IS NULL")
    names = [row.name for row in connection.execute(endless)]
    end = sa.text("UPDATE api_tokens SET expires = :ends WHERE expires IS NULL")
    connection.execute(end, {"ends": now + LEFT_DAYS * DAY_MS})
    audit = sa.text(
        "INSERT INTO audit (at, \"user\", action, target, detail, remote) VALUES (:at, 'hotline', 'token.end', :name, "
        ":detail, '')"
    )
    for name in names:
        connection.execute(audit, {"at": now, "name": name, "detail": f"{LEFT_DAYS} days"})
    if names:
        _tell(connection, names, now)


def _tell(connection: sa.Connection, names: list[str], now: int) -> None:
    data = {"number": "", "kind": "", "due": "", "status": "", "account": "、".join(names)[:200]}
    row = {
        "id": uuid7(now), "key": "tokens_end:0013:role:supervisor", "event": "tokens_end:0013", "at": now,
        "recipient": "role:supervisor", "kind": "tokens_end", "data": json.dumps(data, ensure_ascii=False),
        "read_by": "",
    }  # fmt: skip
    columns = ", ".join(row)
    places = ", ".join(f":{name}" for name in row)
    connection.execute(sa.text(f"INSERT INTO inbox ({columns}) VALUES ({places})"), row)  # noqa: S608 - our own names
