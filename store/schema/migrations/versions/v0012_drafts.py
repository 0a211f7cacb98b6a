"""What is being typed and was not sent: encrypted, by account and form."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("account", sa.String(length=36), nullable=False),
        sa.Column("form", sa.String(length=120), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "form", name=op.f("pk_drafts")),
    )
    op.create_index("ix_drafts_at", "drafts", ["at"], unique=False)
