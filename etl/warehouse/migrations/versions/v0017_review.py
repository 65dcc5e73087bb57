"""What reviewers said of critical findings, sealed, and published for reviewers."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LOSES = (
    "quyết định soát xét các lỗi nghiêm trọng; các biểu đã lập vẫn ghi chúng / "
    "what reviewers decided on critical findings; the issued forms still say it"
)

_COLUMNS = {
    "id": ("so", "Số thứ tự / Number"),
    "period": ("ky", "Kỳ báo cáo / Reporting period"),
    "run": ("luot_chay", "Lượt chạy được soát xét / The run that was reviewed"),
    "sha256": ("sha256", "sha256 của các lỗi được soát xét / sha256 of the findings that were reviewed"),
    "findings": ("so_loi", "Số lỗi nghiêm trọng / Number of critical findings"),
    "sources": ("nguon", "Nguồn có lỗi / Sources of the findings"),
    "verdict": ("quyet_dinh", "approved chấp nhận phần không bị ảnh hưởng, rejected không chấp nhận / Verdict"),
    "decided_at": ("quyet_dinh_luc", "Thời điểm ghi quyết định / Moment at which the decision was recorded"),
    "decided_by": ("nguoi_quyet_dinh", "Người quyết định / Who decided"),
    "reason": ("ly_do", "Lý do, ý kiến / Reason, or comment"),
}
_TITLE = "Quyết định soát xét các lỗi nghiêm trọng / Decisions of reviewers on critical findings"
_KINDS = "'load', 'payload', 'issue', 'publication', 'decision', 'print'"
_TOLD = (
    "load - lần nạp, payload - tệp gốc, issue - biểu đã lập{vi} / load, payload - a landed answer, issue - a form{en}"
)
_DECIDED = (
    ", publication - khóa kỳ, decision - duyệt hay bác một thay đổi",
    ", publication - a lock, decision - a verdict",
)


def upgrade() -> None:
    op.execute("""
        CREATE TABLE baocao.review (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            period text COLLATE "C" NOT NULL,
            run text NOT NULL,
            sha256 text COLLATE "C" NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            findings integer NOT NULL CHECK (findings > 0),
            sources text[] NOT NULL CHECK (cardinality(sources) > 0),
            verdict text NOT NULL CHECK (verdict IN ('approved', 'rejected')),
            decided_at timestamptz NOT NULL,
            decided_by text NOT NULL CHECK (decided_by <> ''),
            reason text NOT NULL,
            CHECK (verdict <> 'rejected' OR reason <> '')
        )""")
    op.execute("CREATE INDEX ON baocao.review (period, sha256, id)")
    op.execute("CALL baocao.make_insert_only('baocao.review')")
    op.execute(f"COMMENT ON TABLE baocao.review IS '{_TITLE}'")
    columns = ", ".join(_COLUMNS)
    in_vietnamese = ", ".join(f"{name} AS {other}" for name, (other, _) in _COLUMNS.items())
    queries = {"reporting.review": f"SELECT {columns} FROM baocao.review"}
    queries["bao_cao.soat_xet"] = f"SELECT {in_vietnamese} FROM reporting.review"
    for view, query in queries.items():
        op.execute(f"CREATE VIEW {view} WITH (security_invoker = true) AS {query}")
        op.execute(f"COMMENT ON VIEW {view} IS '{_TITLE}'")
    vi, en = _TITLE.split(" / ")
    for function, view, query in (
        ("reporting.review_as_of", "reporting.review", f"{queries['reporting.review']} WHERE decided_at <= moment"),
        ("bao_cao.soat_xet_tai", "bao_cao.soat_xet", f"SELECT {columns} FROM reporting.review_as_of(moment)"),
    ):
        op.execute(
            f"CREATE FUNCTION {function}(moment timestamptz) RETURNS SETOF {view} LANGUAGE sql STABLE "
            f"BEGIN ATOMIC {query}; END"
        )
        told = f"{vi}, như kho đã biết lúc đó / {en}, as known at the moment"
        op.execute(f"COMMENT ON FUNCTION {function}(timestamptz) IS '{told}'")
    for name, (other, comment) in _COLUMNS.items():
        for column in (f"baocao.review.{name}", f"reporting.review.{name}", f"bao_cao.soat_xet.{other}"):
            op.execute(f"COMMENT ON COLUMN {column} IS '{comment}'")
    op.execute("""
        INSERT INTO baocao.access (relation, loader, reviewer, reader, unit) VALUES
            ('baocao.review', '', 'SELECT, INSERT', '', ''),
            ('reporting.review', '', 'SELECT', '', ''), ('bao_cao.soat_xet', '', 'SELECT', '', '')""")
    _kinds(f"{_KINDS}, 'review'", f"{_DECIDED[0]}, review - soát xét", f"{_DECIDED[1]}, review")
    op.execute("CALL baocao.grant_roles()")


def downgrade() -> None:
    op.execute("CALL baocao.revoke_roles()")
    op.execute("DELETE FROM baocao.access WHERE relation IN ('baocao.review', 'reporting.review', 'bao_cao.soat_xet')")
    op.execute("DROP FUNCTION bao_cao.soat_xet_tai(timestamptz); DROP FUNCTION reporting.review_as_of(timestamptz)")
    op.execute("DROP VIEW bao_cao.soat_xet; DROP VIEW reporting.review; DROP TABLE baocao.review")
    _kinds(_KINDS, *_DECIDED, " NOT VALID")
    op.execute("CALL baocao.grant_roles()")


def _kinds(kinds: str, vi: str, en: str, valid: str = "") -> None:
    op.execute("ALTER TABLE baocao.seal DROP CONSTRAINT seal_kind_check")
    op.execute(f"ALTER TABLE baocao.seal ADD CONSTRAINT seal_kind_check CHECK (kind IN ({kinds})){valid}")
    op.execute(f"COMMENT ON COLUMN baocao.seal.kind IS '{_TOLD.format(vi=vi, en=en)}'")
