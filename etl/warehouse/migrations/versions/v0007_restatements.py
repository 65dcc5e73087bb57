"""Locked periods, and the changes that wait for a person's decision there."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LOSES = (
    "kỳ nào đã khóa, thay đổi nào đang chờ, ai đã duyệt hay bác: sau đó lần nạp mới nhất có hiệu lực / "
    "which periods are locked, what waits, who approved or rejected: the newest load is in force then"
)

_REASONS = "('first', 'late', 'correction', 'withdrawn')"


def upgrade() -> None:
    # The driver's own cursor: SQLAlchemy would read a colon of the text as a parameter.
    op.get_bind().exec_driver_sql(Path(__file__).with_name("v0007_restatements.sql").read_text("utf-8"))


def downgrade() -> None:
    """Facts are never changed, so those of an approved restatement keep their reason. What waited is lost, and no
    period is locked any more: the newest load of each is in force."""
    op.execute("""
        CREATE OR REPLACE VIEW baocao.fact_current AS
        SELECT f.* FROM baocao.fact_history f
        WHERE f.revision_reason <> 'withdrawn' AND NOT EXISTS (
            SELECT FROM baocao.fact later
            WHERE later.period = f.period AND later.unit = f.unit AND later.indicator = f.indicator
                AND later.tier = f.tier AND later.field = f.field AND later.revision > f.revision)""")
    op.execute("DROP FUNCTION baocao.shown_state")
    for table in ("restatement_decision", "restatement_fact", "waiting_load", "restatement", "publication"):
        op.execute(f"DROP TABLE baocao.{table}")
    op.execute("ALTER TABLE baocao.load DROP COLUMN units_sha256")
    op.execute("ALTER TABLE baocao.fact DROP CONSTRAINT fact_revision_reason_check")
    op.execute(
        "ALTER TABLE baocao.fact ADD CONSTRAINT fact_revision_reason_check "
        f"CHECK (revision_reason IN {_REASONS}) NOT VALID"
    )
