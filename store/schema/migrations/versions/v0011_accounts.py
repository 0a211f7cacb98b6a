"""Accounts: a password that must be changed, since when an account is what it is, and who confirmed a custodian."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
        users.add_column(sa.Column("since", sa.BigInteger(), nullable=False, server_default="0"))
        users.add_column(sa.Column("confirmed", sa.BigInteger(), nullable=True))
        users.add_column(sa.Column("confirmed_by", sa.String(length=80), nullable=False, server_default=""))
    # Who is custodian already stays it; whoever becomes one from now on needs a supervisor's word.
    op.execute("UPDATE users SET confirmed = created, since = created WHERE role = 'custodian'")
