"""What the line itself tells: how legs sounded; the system's own facts are found by time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    numbers = ("at", "received", "lost", "jitter_us", "sent", "far_lost", "far_jitter_us", "rtt_us")
    op.create_table(
        "line_quality",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("leg_id", sa.String(length=80), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in numbers),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_quality")),
    )
    op.create_index(op.f("ix_line_quality_call_id"), "line_quality", ["call_id"], unique=False)
    system = sa.text("kind = 'system'")
    op.create_index("ix_journal_system", "journal", ["at"], sqlite_where=system, postgresql_where=system)
