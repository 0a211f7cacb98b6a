"""Callers who wait for a person, and the states of operators."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

EMPTY: dict[str, Any] = {"server_default": "", "nullable": False}


def upgrade() -> None:
    op.add_column("seats", sa.Column("owner", sa.String(80), **EMPTY))
    op.add_column("seats", sa.Column("operator", sa.String(64), **EMPTY))
    op.add_column("seats", sa.Column("state", sa.String(16), **EMPTY))
    op.add_column("seats", sa.Column("state_since", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("seats", sa.Column("reason", sa.String(80), **EMPTY))
    op.add_column("seats", sa.Column("where_to", sa.String(120), **EMPTY))
    op.add_column("seats", sa.Column("until", sa.BigInteger(), nullable=True))
    op.create_table(
        "waiting",
        sa.Column("call_id", sa.String(36), primary_key=True),
        sa.Column("window", sa.String(40), nullable=False, index=True),
        sa.Column("entered", sa.BigInteger(), nullable=False),
        sa.Column("bonus_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("callback_id", sa.String(36), nullable=False),
        sa.Column("seat", sa.String(40), nullable=False),
        sa.Column("offered", sa.BigInteger(), nullable=True),
        sa.Column("tried", sa.String(400), nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
    )
