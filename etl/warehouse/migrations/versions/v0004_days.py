"""Which days a row counts, and for which days an answer was asked; empty for what was recorded before."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LOSES = (
    "mỗi dòng nguồn thống kê những ngày nào, và đã hỏi những ngày nào / "
    "which days each source row counts, and which were asked for"
)

_COMMENTS = {
    "standard_row": ("Ngày đầu mà dòng này thống kê / First day the row counts", "Ngày cuối / Last day the row counts"),
    "payload": (
        "Ngày đầu đã hỏi, khi hỏi từng phần của kỳ / First day asked for, when a period is asked in parts",
        "Ngày cuối đã hỏi / Last day asked for",
    ),
}


def upgrade() -> None:
    for table, comments in _COMMENTS.items():
        for column, comment in zip(("first_day", "last_day"), comments, strict=True):
            op.execute(f"ALTER TABLE baocao.{table} ADD COLUMN {column} date")
            op.execute(f"COMMENT ON COLUMN baocao.{table}.{column} IS '{comment}'")


def downgrade() -> None:
    for table in _COMMENTS:
        op.execute(f"ALTER TABLE baocao.{table} DROP COLUMN first_day, DROP COLUMN last_day")
