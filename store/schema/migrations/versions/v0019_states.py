"""Acts in a talk that are asked for; operators' states are found by time; one operator has one seat."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

EMPTY: dict[str, Any] = {"server_default": "", "nullable": False}


def upgrade() -> None:
    op.create_table(
        "seat_acts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("seat", sa.String(40), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("target", sa.String(80), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_acts")),
    )
    op.create_index("ix_seat_acts_state", "seat_acts", ["state"], unique=False)
    seat, signed_in = sa.text("kind = 'seat'"), sa.text("operator <> ''")
    op.create_index("ix_journal_seat", "journal", ["at"], sqlite_where=seat, postgresql_where=seat)
    op.create_index(
        "uq_seats_operator", "seats", ["operator"], unique=True, sqlite_where=signed_in, postgresql_where=signed_in
    )
    op.add_column("users", sa.Column("pin", sa.String(255), **EMPTY))
