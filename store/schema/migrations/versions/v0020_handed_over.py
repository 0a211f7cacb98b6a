"""How often a call was handed over (K23)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("handed_over", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
