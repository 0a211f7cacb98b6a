"""Calls the hotline places: to operators, then to citizens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_commands",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("seat", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("callback_id", sa.String(length=36), nullable=False),
        sa.Column("number_hmac", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("noted", sa.BigInteger(), nullable=True),
        sa.Column("live_number", sa.String(length=64), nullable=True),
        sa.Column("live_seat", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_commands")),
        sa.UniqueConstraint("live_number", name=op.f("uq_desk_commands_live_number")),
        sa.UniqueConstraint("live_seat", name=op.f("uq_desk_commands_live_seat")),
    )
    for column in ("at", "callback_id", "number_hmac", "state"):
        op.create_index(op.f(f"ix_desk_commands_{column}"), "desk_commands", [column], unique=False)
    op.create_table(
        "outgoing_calls",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("callback_id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=True),
        sa.Column("party_id", sa.String(length=36), nullable=True),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("seat", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("seat_ringing", sa.BigInteger(), nullable=True),
        sa.Column("seat_answered", sa.BigInteger(), nullable=True),
        sa.Column("dialled", sa.BigInteger(), nullable=True),
        sa.Column("ringing", sa.BigInteger(), nullable=True),
        sa.Column("answered", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("code", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_calls")),
    )
    for column in ("callback_id", "case_id", "party_id", "started"):
        op.create_index(op.f(f"ix_outgoing_calls_{column}"), "outgoing_calls", [column], unique=False)
