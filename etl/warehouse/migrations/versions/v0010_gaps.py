"""Whether a restatement changes holes or days: where it does not, only forms with a figure of it can be touched."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LOSES = (
    "thay đổi nào của kỳ đã công bố có đổi chỗ trống hoặc khoảng ngày / "
    "which changes of published periods touch what is missing, or days"
)


def upgrade() -> None:
    # Of what was recorded before nobody knows, so every form is looked at.
    op.execute("ALTER TABLE baocao.restatement ADD COLUMN gaps boolean NOT NULL DEFAULT true")
    op.execute(
        "COMMENT ON COLUMN baocao.restatement.gaps IS 'Có đổi chỗ trống hoặc khoảng ngày của nguồn / "
        "It changes what is missing, or which days a source counts'"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE baocao.restatement DROP COLUMN gaps")
