"""Who was written to on which day, so that nobody is written to twice."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LOSES = (
    "đã nhắc ai ngày nào: có thể nhắc lại trong cùng ngày / who was reminded on which day: a day may be reminded again"
)

_COMMENTS = {
    "day": "Ngày mà thư nói tới, giờ Hà Nội / The day that the letter is of, Hanoi time",
    "unit": "Mã đơn vị được nhắc; VN: đơn vị tổng hợp / Code of the unit; VN: the office that gathers the reports",
    "address": "Hộp thư nhận / Mailbox it went to",
    "subject": "Tiêu đề thư / Subject",
    "html": "Nội dung thư / What it said",
    "sent_at": "Thời điểm máy chủ thư đã nhận / When the mail server had taken it",
}


def upgrade() -> None:
    op.execute("""
        CREATE TABLE baocao.reminder (
            day date NOT NULL,
            unit text COLLATE "C" NOT NULL,
            address text NOT NULL,
            subject text NOT NULL,
            html text NOT NULL,
            sent_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (day, unit)
        )""")
    op.execute("CALL baocao.make_insert_only('baocao.reminder')")
    op.execute("COMMENT ON TABLE baocao.reminder IS 'Thư nhắc đã gửi / Reminders that were sent'")
    for column, comment in _COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN baocao.reminder.{column} IS '{comment}'")


def downgrade() -> None:
    op.execute("DROP TABLE baocao.reminder")
