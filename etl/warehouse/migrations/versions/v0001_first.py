"""First schema of the warehouse: tables, triggers, views, the readers' role, and a comment on everything."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LOSES = (
    "mọi số liệu, lần nạp, dòng nguồn, biên nhận, bản phát hành biểu: toàn bộ kho / "
    "every figure, load, source row, receipt and issue of a form: the whole warehouse"
)


def upgrade() -> None:
    for part in ("v0001_first.sql", "v0001_comments.sql"):
        # The driver's own cursor: SQLAlchemy would read the colons and percent signs of the SQL as parameters.
        op.get_bind().exec_driver_sql(Path(__file__).with_name(part).read_text("utf-8").replace("%", "%%"))


def downgrade() -> None:
    """Drops every figure. The role stays: other databases of the server may have granted it rights."""
    for view in ("fact_current", "fact_history"):
        op.execute(f"DROP VIEW baocao.{view}")
    for table in (
        "form_issue",
        "hole",
        "finding",
        "quarantine",
        "standard_row",
        "load_source",
        "payload",
        "receipt",
        "fact",
        "load",
        "indicator",
        "unit",
    ):
        op.execute(f"DROP TABLE baocao.{table}")
    op.execute("DROP FUNCTION baocao.fact_partition(text)")
    op.execute("DROP PROCEDURE baocao.make_insert_only(regclass)")
    op.execute("DROP FUNCTION baocao.refuse_change()")
