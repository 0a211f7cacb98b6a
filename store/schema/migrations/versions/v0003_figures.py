"""What figures ask for by period: cases by their closing, callbacks by their making."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_cases_closed", "cases", ["closed"], unique=False)
    op.create_index("ix_callbacks_created", "callbacks", ["created"], unique=False)
