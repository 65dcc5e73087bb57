"""A receipt says by name how its pull ended, and what proved it.

The names are those of PullState in etl/model: a list here as well would refuse the next one.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LOSES = (
    "điều chứng minh mỗi lượt lấy trọn vẹn; lượt lấy cũ không nhận lại được / "
    "what proved each pull complete; earlier pulls do not get it back"
)

_OLD = "('complete', 'unavailable', 'refused', 'broken')"


def upgrade() -> None:
    op.execute("ALTER TABLE baocao.receipt DROP CONSTRAINT receipt_state_check")
    op.execute("ALTER TABLE baocao.receipt ADD CONSTRAINT receipt_state_check CHECK (state ~ '^[a-z]+(_[a-z]+)*$')")
    op.execute("ALTER TABLE baocao.receipt ADD COLUMN proof text[] NOT NULL DEFAULT '{}'")
    _comment("state", "Kết quả, ví dụ complete, timed_out, expired / Outcome: PullState")
    _comment("proof", "Điều chứng minh lượt lấy trọn vẹn / What proved the pull: Proof")


def downgrade() -> None:
    """Receipts are never changed, so those with newer names keep them."""
    op.execute("ALTER TABLE baocao.receipt DROP COLUMN proof")
    op.execute("ALTER TABLE baocao.receipt DROP CONSTRAINT receipt_state_check")
    op.execute(f"ALTER TABLE baocao.receipt ADD CONSTRAINT receipt_state_check CHECK (state IN {_OLD}) NOT VALID")
    _comment("state", "Kết quả: complete, unavailable, refused, broken / Outcome")


def _comment(column: str, text: str) -> None:
    op.execute(f"COMMENT ON COLUMN baocao.receipt.{column} IS '{text}'")
