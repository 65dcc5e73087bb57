"""Seals of what waits for a decision: which load brought which restatement, from the moment it waits."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

LOSES = (
    "không mất gì đã niêm phong; thay đổi chờ duyệt từ đó không được niêm phong cho tới khi có quyết định / "
    "nothing that was sealed; what waits from then on has no seal until it is decided"
)

_KINDS = (
    "load - lần nạp, payload - tệp gốc, issue - biểu đã lập, publication - khóa kỳ, decision - {vi}, review - soát xét"
    " / load, payload - a landed answer, issue - a form, publication - a lock, decision - {en}, review"
)

# Those of before are sealed now, once: what they were until now nobody can say, but they change unnoticed no more.
_SEAL_WHAT_WAITS = """
DO $$
DECLARE
    one record;
    told text;
    last record;
BEGIN
    PERFORM set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true);
    FOR one IN
        SELECT 'load ' || w.load AS of, ROW(w.load, r.id, r.period, r.load, r.base_load, r.code, r.facts, r.sha256,
            r.gaps)::text AS told
        FROM baocao.waiting_load w JOIN baocao.restatement r ON r.id = w.restatement
        WHERE NOT EXISTS (SELECT FROM baocao.seal s WHERE s.kind = 'decision' AND s.of = 'load ' || w.load)
        ORDER BY w.load
    LOOP
        SELECT coalesce(max(number), 0) + 1 AS number,
            coalesce((SELECT sha256 FROM baocao.seal ORDER BY number DESC LIMIT 1), repeat('0', 64)) AS sha256
        INTO last FROM baocao.seal;
        told := encode(sha256(convert_to(one.told, 'UTF8')), 'hex');
        INSERT INTO baocao.seal (number, kind, of, content, previous, sha256) VALUES (
            last.number, 'decision', one.of, told, last.sha256,
            encode(sha256(convert_to(
                concat_ws(E'\\n', last.number, 'decision', one.of, told, last.sha256, ''), 'UTF8')),
                'hex'));
    END LOOP;
END $$"""


def upgrade() -> None:
    _comment("duyệt hay bác một thay đổi, hoặc thay đổi đang chờ (load N)", "a verdict, or what waits (load N)")
    op.get_bind().exec_driver_sql(_SEAL_WHAT_WAITS)


def downgrade() -> None:
    _comment("duyệt hay bác một thay đổi", "a verdict")


def _comment(vi: str, en: str) -> None:
    op.execute(f"COMMENT ON COLUMN baocao.seal.kind IS '{_KINDS.format(vi=vi, en=en)}'")
