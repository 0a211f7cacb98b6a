"""In which version of its form a fact stands in the journal; what was written before is version 1."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A constant default is a change of the catalogue alone, on both databases: the journal is not rewritten.
    op.add_column("journal", sa.Column("version", sa.SmallInteger(), server_default=sa.text("1"), nullable=False))
