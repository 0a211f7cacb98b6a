"""Hours counted beforehand, lists and figures that stay quick with a million calls, and what was pruned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PACKED = ("answered", "rings", "networks", "abandoned", "callback", "failed", "lines", "apologised", "test_lines")
COUNTS = ("test", "waiting", "clock_errors", "talked", "talk_ms", "cut", "lead_ms")
DROPPED = {
    "calls": ("ix_calls_arrived", "ix_calls_outcome", "ix_calls_arrived_outcome"),
    "cases": (
        "ix_cases_kind",
        "ix_cases_received",
        "ix_cases_due_ms",
        "ix_cases_status",
        "ix_cases_closed",
        "ix_cases_owner",
    ),
    "callbacks": ("ix_callbacks_case_id", "ix_callbacks_created", "ix_callbacks_open"),
    "inbox": ("ix_inbox_recipient",),
}
MADE: dict[str, dict[str, tuple[str, ...]]] = {
    "calls": {
        "ix_calls_arrived_id": ("arrived", "id"),
        "ix_calls_outcome_arrived": ("outcome", "arrived", "id"),
        "ix_calls_window_arrived": ("window", "arrived", "id"),
        "ix_calls_seat_arrived": ("seat", "arrived", "id"),
    },
    "cases": {
        "ix_cases_received_id": ("received", "id"),
        "ix_cases_kind_received": ("kind", "received", "id"),
        "ix_cases_status_received": ("status", "received", "id"),
        "ix_cases_owner_received": ("owner", "received", "id"),
        "ix_cases_open_received": ("replied", "received", "id"),
        "ix_cases_open_due": ("replied", "due_ms"),
        "ix_cases_due_figures": (
            "due_ms", "unrolled_ms", "kind", "replied", "test", "received", "arrived", "closed", "paused",
            "reopened", "span_from", "id",
        ),
        "ix_cases_closed_figures": ("closed", "id", "anonymous", "consent", "test"),
    },
    "callbacks": {
        "ix_callbacks_open": ("state", "kind", "created"),
        "ix_callbacks_case_figures": ("case_id", "kind", "created", "id", "outcome", "reached", "rating"),
        "ix_callbacks_kind_figures": ("kind", "created", "id", "closed", "outcome", "test", "party_id"),
    },
    "case_dues": {"ix_case_dues_cause": ("cause", "was_ms", "case_id")},
    "inbox": {"ix_inbox_recipient": ("recipient", "at", "id")},
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "call_hours",
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("window", sa.String(length=40), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in PACKED),
        sa.Column("quarters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "window", name=op.f("pk_call_hours")),
    )
    op.create_table(
        "prunings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("profile", sa.String(length=80), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prunings")),
    )
    op.create_index(op.f("ix_prunings_at"), "prunings", ["at"], unique=False)
    # What the columns hold is recomputed after the upgrade.
    op.add_column("cases", sa.Column("test", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("callbacks", sa.Column("reached", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("recordings", sa.Column("pruned", sa.BigInteger(), nullable=True))
    for table, names in DROPPED.items():
        for name in names:
            op.drop_index(name, table_name=table)
    for table, indexes in MADE.items():
        for name, columns in indexes.items():
            op.create_index(name, table, list(columns), unique=False)
    unread = sa.text("read IS NULL")
    recipient = ["recipient", "at", "id"]
    op.create_index("ix_inbox_unread", "inbox", recipient, unique=False, sqlite_where=unread, postgresql_where=unread)
