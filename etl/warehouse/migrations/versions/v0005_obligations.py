"""Who owes which form, frozen when the due date has passed; and what was received."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LOSES = (
    "đơn vị nào phải gửi biểu nào đã chốt, và mọi lần gửi đã nhận / "
    "frozen obligations, and everything that was received"
)


def upgrade() -> None:
    # The driver's own cursor: SQLAlchemy would read a colon of the text as a parameter.
    op.get_bind().exec_driver_sql(Path(__file__).with_name("v0005_obligations.sql").read_text("utf-8"))


def downgrade() -> None:
    op.execute("DROP TABLE baocao.submission")
    op.execute("DROP TABLE baocao.obligation")
