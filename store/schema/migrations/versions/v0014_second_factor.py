"""The second factor: a sealed secret for each account, the last code that was used, and recovery codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("totp", sa.LargeBinary(), nullable=True))
        users.add_column(sa.Column("totp_new", sa.LargeBinary(), nullable=True))
        users.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"))
        users.add_column(sa.Column("totp_since", sa.BigInteger(), nullable=True))
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "hash", name=op.f("pk_recovery_codes")),
    )
