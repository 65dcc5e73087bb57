"""Rules over two figures side by side: where the other figure of a finding stands, and how much could not be judged."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

LOSES = (
    "số đối chiếu của mỗi phát hiện nằm ở câu trả lời nào, và kết quả của các quy tắc đối chiếu / "
    "in which answer the other figure of each finding stands, and what the rules over two figures said"
)

_COMMENTS = {
    "other_source": "Nguồn của số đối chiếu / Source of the other figure",
    "other_period": "Kỳ của số đối chiếu / Period of the other figure",
    "other_payload": "sha256 của câu trả lời có số đối chiếu / sha256 of the answer with the other figure",
    "other_row": "Vị trí của số đối chiếu trong câu trả lời / Place of the other figure in that answer",
}
_KINDS = ("row", "table")
_MORE = ("chain", "sources", "mirror", "jump")
_KIND = "row - từng dòng, table - cả bộ{} / row - each row, table - the whole{}"


def upgrade() -> None:
    for column, comment in _COMMENTS.items():
        op.execute(f'ALTER TABLE baocao.finding ADD COLUMN {column} text COLLATE "C"')
        op.execute(f"COMMENT ON COLUMN baocao.finding.{column} IS '{comment}'")
    op.execute("ALTER TABLE baocao.rule_outcome ADD COLUMN unknown bigint NOT NULL DEFAULT 0")
    op.execute(
        "COMMENT ON COLUMN baocao.rule_outcome.unknown IS 'Số chỗ không so được vì thiếu một trong hai số / "
        "What could not be judged, since one of two figures is not known'"
    )
    _allow((*_KINDS, *_MORE), _KIND.format(", còn lại: đặt hai số cạnh nhau", ", any other - two figures side by side"))


def downgrade() -> None:
    for column in _COMMENTS:
        op.execute(f"ALTER TABLE baocao.finding DROP COLUMN {column}")
    op.execute("ALTER TABLE baocao.rule_outcome DROP COLUMN unknown")
    # What is there stays: the table is insert-only, and its rows are sealed.
    _allow(_KINDS, _KIND.format("", ""), "NOT VALID")


def _allow(kinds: tuple[str, ...], comment: str, valid: str = "") -> None:
    op.execute("ALTER TABLE baocao.rule_outcome DROP CONSTRAINT rule_outcome_kind_check")
    op.execute(
        f"ALTER TABLE baocao.rule_outcome ADD CONSTRAINT rule_outcome_kind_check CHECK (kind IN {kinds}) {valid}"
    )
    op.execute(f"COMMENT ON COLUMN baocao.rule_outcome.kind IS '{comment}'")
