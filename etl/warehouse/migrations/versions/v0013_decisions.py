"""Seals of what people decide (locks of periods, approved and rejected restatements), and of prints."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

LOSES = (
    "không mất gì đã niêm phong; khóa kỳ, duyệt, bác và bản in từ đó không được niêm phong / "
    "nothing that was sealed; what is locked, approved, rejected and printed from then on has no seal"
)

# Those of before are sealed now: what they were until now nobody can say, but they change unnoticed no more.
_SEAL_WHAT_IS_THERE = """
DO $$
DECLARE
    one record;
    told text;
    last record;
BEGIN
    PERFORM set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true);
    FOR one IN
        SELECT published_at AS moment, 'publication' AS kind, period AS of,
            ROW(period, published_at, published_by, reason)::text AS told
        FROM baocao.publication
        UNION ALL
        SELECT d.decided_at, 'decision', d.restatement::text,
            ROW(d.restatement, d.verdict, d.decided_at, d.decided_by, d.reason, d.code, d.load, r.period, r.load,
                r.base_load, r.code, r.facts, r.sha256)::text
        FROM baocao.restatement_decision d JOIN baocao.restatement r ON r.id = d.restatement
        ORDER BY moment
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM baocao.seal s WHERE s.kind = one.kind AND s.of = one.of);
        SELECT coalesce(max(number), 0) + 1 AS number,
            coalesce((SELECT sha256 FROM baocao.seal ORDER BY number DESC LIMIT 1), repeat('0', 64)) AS sha256
        INTO last FROM baocao.seal;
        told := encode(sha256(convert_to(one.told, 'UTF8')), 'hex');
        INSERT INTO baocao.seal (number, kind, of, content, previous, sha256) VALUES (
            last.number, one.kind, one.of, told, last.sha256,
            encode(sha256(convert_to(concat_ws(E'\\n', last.number, one.kind, one.of, told, last.sha256, ''), 'UTF8')),
                'hex'));
    END LOOP;
END $$"""


def upgrade() -> None:
    op.execute("ALTER TABLE baocao.seal DROP CONSTRAINT seal_kind_check")
    op.execute(
        "ALTER TABLE baocao.seal ADD CONSTRAINT seal_kind_check "
        "CHECK (kind IN ('load', 'payload', 'issue', 'publication', 'decision', 'print'))"
    )
    _comment(
        "publication - khóa kỳ, decision - duyệt hay bác một thay đổi", "publication - a lock, decision - a verdict"
    )
    op.get_bind().exec_driver_sql(_SEAL_WHAT_IS_THERE)


def downgrade() -> None:
    op.execute("ALTER TABLE baocao.seal DROP CONSTRAINT seal_kind_check")
    op.execute(
        "ALTER TABLE baocao.seal ADD CONSTRAINT seal_kind_check CHECK (kind IN ('load', 'payload', 'issue')) NOT VALID"
    )
    _comment("", "")


def _comment(vi: str, en: str) -> None:
    told = "load - lần nạp, payload - tệp gốc, issue - biểu đã lập", "load, payload - a landed answer, issue - a form"
    both = " / ".join(", ".join(filter(None, pair)) for pair in zip(told, (vi, en), strict=True))
    op.execute(f"COMMENT ON COLUMN baocao.seal.kind IS '{both}'")
