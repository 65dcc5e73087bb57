"""Reviewers who approve a change copy the waivers of its load, which the findings of the load name."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

LOSES = "không mất gì / nothing"


def upgrade() -> None:
    _give("SELECT, INSERT")


def downgrade() -> None:
    _give("SELECT")


def _give(rights: str) -> None:
    op.execute(f"UPDATE baocao.access SET reviewer = '{rights}' WHERE relation = 'baocao.waiver'")
    op.execute("CALL baocao.grant_roles()")
