"""The role of a source at a load: rows of a source for comparison stand under no figure."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LOSES = (
    "nguồn nào chỉ để đối chiếu: sau khi nâng lại, mọi nguồn của các lần nạp cũ thành nguồn báo cáo / "
    "which sources were only compared: after going up again, every source of earlier loads counts as reporting"
)


def upgrade() -> None:
    op.execute(
        "ALTER TABLE baocao.load_source ADD COLUMN role text NOT NULL DEFAULT 'reporting' "
        "CHECK (role IN ('reporting', 'comparison'))"
    )
    op.execute(
        "COMMENT ON COLUMN baocao.load_source.role IS 'reporting - số liệu được tính từ các dòng, comparison - chỉ để "
        "đối chiếu / reporting - figures are made of the rows, comparison - compared only'"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE baocao.load_source DROP COLUMN role")
