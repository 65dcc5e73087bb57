"""Why a published figure would change, by the evidence of the two loads: what each source gave, versions, units.

late: the source had been missing. correction: its bytes changed. restructuring: the unit tree is another one. method:
the same bytes, read or computed by another catalog or other rules.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from etl.periods import Period

# Of every source that is new or gives other bytes, the units of its rows and those above them.
_EVIDENCE = text("""
CREATE TEMPORARY TABLE touched_units ON COMMIT DROP AS
WITH RECURSIVE given AS (
    SELECT s.load, s.source, s.rows_load, (
        SELECT string_agg(p.sha256, ' ' ORDER BY p.position) FROM baocao.payload p WHERE p.receipt = s.receipt) AS bytes
    FROM baocao.load_source s WHERE s.load IN (:load, :base) AND s.role = 'reporting'
), changed AS (
    SELECT source, CASE WHEN before.rows_load IS NULL THEN 'late' ELSE 'correction' END AS code
    FROM (SELECT * FROM given WHERE load = :load) now
    FULL JOIN (SELECT * FROM given WHERE load = :base) before USING (source)
    WHERE (now.rows_load IS NULL) <> (before.rows_load IS NULL)
        OR (now.rows_load IS NOT NULL AND now.bytes IS DISTINCT FROM before.bytes)
), touched AS (
    SELECT DISTINCT changed.code, row.unit
    FROM changed
    JOIN given USING (source)
    JOIN baocao.standard_row row ON row.load = given.rows_load AND row.source = given.source
    WHERE row.unit IS NOT NULL
    UNION
    SELECT touched.code, above.parent
    FROM touched
    JOIN baocao.unit above ON above.code = touched.unit
        AND above.valid_from <= :day AND (above.valid_to IS NULL OR :day < above.valid_to)
    WHERE above.parent IS NOT NULL
)
SELECT code, unit FROM touched UNION SELECT code, NULL FROM changed
""")
_VERSIONS = text("""
SELECT now.units_sha256 <> before.units_sha256,
    (now.catalog_version, now.rules_version) <> (before.catalog_version, before.rules_version)
FROM baocao.load now, baocao.load before WHERE now.id = :load AND before.id = :base
""")
_TELL = text("""
CREATE TEMPORARY TABLE told_facts ON COMMIT DROP AS
SELECT w.*, CASE
    WHEN w.held_reason = 'missing_source' AND coalesce(w.reason, '') NOT IN ('missing_source', 'withdrawn') THEN 'late'
    ELSE coalesce((SELECT min(t.code) FROM touched_units t WHERE t.unit = w.unit), :rest) END AS code
FROM waiting_facts w
""")


def tell(connection: Connection, period: str, load: int, base: int) -> str:
    """told_facts: waiting_facts, each with its code. Gives that of most of them, or of the load where there is none.

    A figure has the code of a changed source below its unit; else of the units, the versions, or of what came at all.
    """
    asked = {"load": load, "base": base}
    connection.execute(_EVIDENCE, {**asked, "day": Period.parse(period).last_day})
    units, versions = connection.execute(_VERSIONS, asked).one()
    changed = connection.execute(text("SELECT min(code) FROM touched_units")).scalar()
    if units or versions:
        rest = "restructuring" if units else "method"
    else:
        rest = changed or _of_quarters(connection, period, base)
    connection.execute(_TELL, {"rest": rest})
    most = connection.execute(text("SELECT code FROM told_facts GROUP BY code ORDER BY count(*) DESC, code LIMIT 1"))
    return str(most.scalar() or changed or rest)


def _of_quarters(connection: Connection, period: str, base: int) -> str:
    """The reason of a longer period's change: that of the quarter approved last since; else nobody knows better."""
    parts = [part.key for part in Period.parse(period).parts()]
    found = connection.execute(
        text("""
        SELECT coalesce(d.code, r.code) FROM baocao.restatement r
        JOIN baocao.restatement_decision d ON d.restatement = r.id AND d.verdict = 'approved'
        WHERE r.period = ANY(:parts) AND r.period <> :period
            AND d.decided_at > (SELECT recorded_at FROM baocao.load WHERE id = :base)
        ORDER BY d.decided_at DESC LIMIT 1"""),
        {"parts": parts, "period": period, "base": base},
    ).scalar()
    return str(found or "correction")
