"""Figures that are withheld because a rule of their dataset could not run."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

LOSES = "không mất gì / nothing"
_REASONS = "'missing_source', 'missing_unit', 'quarantined'"


def upgrade() -> None:
    _allow(f"{_REASONS}, 'unchecked'")
    _comment("missing_source, missing_unit, quarantined, unchecked")


def downgrade() -> None:
    """What was withheld so stays as it is recorded."""
    _allow(_REASONS, "NOT VALID")
    _comment("missing_source, missing_unit, quarantined")


def _allow(reasons: str, valid: str = "") -> None:
    op.execute("ALTER TABLE baocao.hole DROP CONSTRAINT hole_reason_check")
    op.execute(f"ALTER TABLE baocao.hole ADD CONSTRAINT hole_reason_check CHECK (reason IN ({reasons})) {valid}")


def _comment(reasons: str) -> None:
    op.execute(f"COMMENT ON COLUMN baocao.hole.reason IS 'Lý do: {reasons} / Reason'")
