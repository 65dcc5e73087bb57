"""Locked periods: what a load would change there waits, and a person decides (docs/decisions/0015-restatements.md)."""

from __future__ import annotations

import datetime as dt
from typing import Any, get_args

from sqlalchemy import Connection, insert, select, text

from etl.errors import RestatementError
from etl.model import Amendment, Publication, Restatement, RestatementCode
from etl.warehouse import queries, reasons, schema
from etl.warehouse.facts import DIFFERING, HELD, Difference
from etl.warehouse.queries import AsIf

_DIFFERENCE = text(f"""
CREATE TEMPORARY TABLE waiting_facts ON COMMIT DROP AS
WITH held AS (
{HELD})
SELECT
    unit, indicator, tier, field, coalesce(held.revision, 0) + 1 AS revision, given.value,
    CASE WHEN given.leaf IS NULL THEN 'withdrawn' ELSE given.reason END AS reason,
    coalesce(given.leaf, held.leaf) AS leaf,
    CASE WHEN given.moving THEN 'moving' WHEN held.revision IS NULL THEN 'preliminary' ELSE 'revised' END AS state,
    CASE WHEN held.revision IS NULL THEN 'first' WHEN given.leaf IS NULL THEN 'withdrawn' END AS revision_reason,
    held.reason AS held_reason
{DIFFERING}""")
_DIGEST = text("""
SELECT encode(sha256(convert_to(concat_ws(E'\\n',
    (SELECT string_agg(concat_ws('|', unit, indicator, tier, field, revision, value, reason, state), E'\\n'
        ORDER BY unit, indicator, tier, field) FROM waiting_facts),
    (SELECT string_agg(concat_ws('|', dataset, source, province, unit, tier, field, reason), E'\\n'
        ORDER BY dataset, source, province, unit, tier, field, reason) FROM baocao.hole WHERE load = :load),
    CAST(:days AS text)), 'UTF8')), 'hex')
""")
_SAME_HOLES = text("""
SELECT NOT EXISTS (
    (SELECT dataset, source, province, unit, tier, field, reason FROM baocao.hole WHERE load = :load
        EXCEPT SELECT dataset, source, province, unit, tier, field, reason FROM baocao.hole WHERE load = :base)
    UNION ALL
    (SELECT dataset, source, province, unit, tier, field, reason FROM baocao.hole WHERE load = :base
        EXCEPT SELECT dataset, source, province, unit, tier, field, reason FROM baocao.hole WHERE load = :load))
""")
_KNOWN = text("""
SELECT r.id FROM baocao.restatement r
LEFT JOIN baocao.restatement_decision d ON d.restatement = r.id
WHERE r.period = :period AND r.sha256 = :sha256
    AND (d.verdict = 'rejected' OR (d.verdict IS NULL AND EXISTS (
        SELECT FROM baocao.waiting_load w WHERE w.restatement = r.id
            AND w.load = (SELECT max(id) FROM baocao.load WHERE period = :period AND id < :load))))
    AND NOT EXISTS (
        SELECT FROM baocao.restatement later JOIN baocao.restatement_decision approved
            ON approved.restatement = later.id AND approved.verdict = 'approved'
        WHERE later.period = r.period AND later.id > r.id)
ORDER BY r.id DESC LIMIT 1
""")
_LIST = text("""
SELECT r.id, r.period, newest.load, r.base_load, l.recorded_at, l.catalog_version, l.rules_version, r.code,
    (SELECT coalesce(jsonb_object_agg(code, count), '{}') FROM (
        SELECT code, count(*) FROM baocao.restatement_fact f WHERE f.restatement = r.id GROUP BY code) counted),
    r.facts,
    coalesce(d.verdict, CASE
        WHEN EXISTS (SELECT FROM baocao.load later WHERE later.period = r.period AND later.id > newest.load)
            THEN 'superseded' ELSE 'waiting' END) AS state,
    d.decided_at, d.decided_by, d.reason AS decided_reason, d.code AS decided_code, d.load AS decided_load
FROM baocao.restatement r
JOIN LATERAL (SELECT max(w.load) AS load FROM baocao.waiting_load w WHERE w.restatement = r.id) newest ON true
JOIN baocao.load l ON l.id = newest.load
LEFT JOIN baocao.restatement_decision d ON d.restatement = r.id
WHERE (CAST(:period AS text) IS NULL OR r.period = :period) AND (CAST(:id AS bigint) IS NULL OR r.id = :id)
ORDER BY r.id
""")
_APPROVED_FACTS = text("""
WITH written AS (
    INSERT INTO baocao.fact (period, unit, indicator, tier, field, revision, value, reason, leaf, state,
                             revision_reason, recorded_at, load)
    SELECT :period, unit, indicator, tier, field, revision, value, reason, leaf, state,
        CASE WHEN revision_reason IN ('first', 'withdrawn') THEN revision_reason ELSE coalesce(:code, code) END,
        :recorded_at, :load
    FROM baocao.restatement_fact WHERE restatement = :id
    RETURNING revision_reason
)
SELECT count(*) FILTER (WHERE revision_reason = 'first'), count(*) FILTER (WHERE revision_reason <> 'first')
FROM written
""")


def lock_period(connection: Connection, period: str, moment: dt.datetime, by: str, reason: str) -> Publication:
    """The caller holds the period's lock, and knows that it is not locked."""
    found = Publication(period, moment, by, reason)
    connection.execute(insert(schema.publication), vars(found))
    return found


def publication(connection: Connection, period: str) -> Publication | None:
    table = schema.publication
    row = connection.execute(select(table).where(table.c.period == period)).one_or_none()
    return None if row is None else Publication(*row)


def difference(connection: Connection, period: str, count: int) -> Difference:
    """Find what differs of the `count` staged figures and keep it in waiting_facts; no figure is written."""
    connection.execute(_DIFFERENCE, {"period": period})
    gone, waiting = connection.execute(
        text("SELECT count(*) FILTER (WHERE reason = 'withdrawn'), count(*) FROM waiting_facts")
    ).one()
    return Difference(new=0, revised=0, same=count - (waiting - gone))


def keep_waiting(connection: Connection, period: str, load: int, base: int) -> int | None:
    """The restatement that the load brings, whose lineage is stored already; None where it changes nothing.

    What waits already, or was rejected and comes again, is the same restatement.
    """
    facts = connection.execute(text("SELECT count(*) FROM waiting_facts")).scalar_one()
    days = [queries.days_of_load(connection, one) for one in (load, base)]
    same = connection.execute(_SAME_HOLES, {"load": load, "base": base}).scalar_one()
    gaps = not same or days[0] != days[1]
    if facts == 0 and not gaps:
        return None
    sha256 = connection.execute(_DIGEST, {"load": load, "days": repr(days[0])}).scalar_one()
    known = connection.execute(_KNOWN, {"period": period, "sha256": sha256, "load": load}).scalar()
    found = _new(connection, period, load, base, facts, sha256, gaps) if known is None else known
    connection.execute(insert(schema.waiting_load), {"load": load, "restatement": found})
    return int(found)


def _new(connection: Connection, period: str, load: int, base: int, facts: int, sha256: str, gaps: bool) -> int:
    main = reasons.tell(connection, period, load, base)
    row = {"period": period, "load": load, "base_load": base, "facts": facts, "sha256": sha256, "gaps": gaps}
    table = schema.restatement
    number = connection.execute(insert(table).returning(table.c.id), {**row, "code": main}).scalar_one()
    connection.execute(
        text("""
        INSERT INTO baocao.restatement_fact (restatement, unit, indicator, tier, field, revision, value, reason, leaf,
                                             state, revision_reason, code)
        SELECT :id, unit, indicator, tier, field, revision, value, reason, leaf, state,
            coalesce(revision_reason, code), code
        FROM told_facts"""),
        {"id": number},
    )
    return int(number)


def restatements(connection: Connection, period: str | None, number: int | None = None) -> list[Restatement]:
    return [Restatement(*row) for row in connection.execute(_LIST, {"period": period, "id": number}).all()]


def waiting(connection: Connection, number: int) -> Restatement:
    """Raises RestatementError when there is none of that number, or it no longer waits."""
    found = restatements(connection, None, number)
    if not found:
        raise RestatementError(f"không có thay đổi số {number} (there is no restatement {number})")
    if found[0].state != "waiting":
        raise RestatementError(
            f"thay đổi số {number} của kỳ {found[0].period} không còn chờ duyệt: {found[0].state}"
            f"{f', {found[0].decided_by}' if found[0].decided_by else ''} (it no longer waits)"
        )
    return found[0]


def approve(
    connection: Connection,
    one: Restatement,
    load: int,
    moment: dt.datetime,
    by: str,
    code: RestatementCode | None,
    reason: str,
) -> None:
    """Write the waiting facts as a load of their own, with the lineage of the load that brought them."""
    given = {"period": one.period, "id": one.id, "code": code, "recorded_at": moment, "load": load}
    if code is not None and code not in get_args(RestatementCode):
        raise ValueError(f"{code} is no reason code")
    new, revised = connection.execute(_APPROVED_FACTS, given).one()
    brought: dict[str, Any] = dict(
        connection.execute(select(schema.load).where(schema.load.c.id == one.load)).mappings().one()
    )
    counts = {"facts_new": new, "facts_revised": revised}
    connection.execute(
        insert(schema.load), {**brought, "id": load, "recorded_at": moment, "run": f"restatement {one.id}", **counts}
    )
    of_load = (schema.load_source, schema.quarantine, schema.waiver, schema.finding, schema.hole)
    for table in (*of_load, schema.rule_outcome, schema.validation):
        kept = [column for column in table.c if column.name != "load"]
        rows = select(text(":load"), *kept).where(table.c.load == one.load).params(load=load)
        connection.execute(insert(table).from_select([table.c.load, *kept], rows))
    _decide(connection, one.id, "approved", moment, by, reason, code, load)


def reject(connection: Connection, one: Restatement, moment: dt.datetime, by: str, reason: str) -> None:
    _decide(connection, one.id, "rejected", moment, by, reason, None, None)


def _decide(
    connection: Connection,
    number: int,
    verdict: str,
    moment: dt.datetime,
    by: str,
    reason: str,
    code: str | None,
    load: int | None,
) -> None:
    row = {"restatement": number, "verdict": verdict, "decided_at": moment, "decided_by": by, "reason": reason}
    connection.execute(insert(schema.restatement_decision), {**row, "code": code, "load": load})


def amendments(
    connection: Connection, period: str, known_at: dt.datetime | None, as_if: AsIf | None
) -> list[Amendment]:
    """Approved restatements, first to last, as known then."""
    asked = {"period": period, "as_if": as_if and as_if.restatement, "moment": as_if and as_if.moment}
    rows = connection.execute(
        text("""
        SELECT r.id, row_number() OVER (ORDER BY d.decided_at),
            coalesce(d.decided_at, CAST(:moment AS timestamptz)), coalesce(d.code, r.code), r.gaps,
            (SELECT jsonb_agg(DISTINCT jsonb_build_array(i.dataset, f.unit))
                FROM baocao.restatement_fact f JOIN baocao.indicator i ON i.code = f.indicator
                WHERE f.restatement = r.id)
        FROM baocao.restatement r LEFT JOIN baocao.restatement_decision d ON d.restatement = r.id
        WHERE r.period = :period AND (d.verdict = 'approved' OR r.id = CAST(:as_if AS bigint))
        ORDER BY d.decided_at"""),
        asked,
    ).all()
    found = [
        Amendment(number, place, moment, code, frozenset(map(tuple, units or ())), gaps)
        for number, place, moment, code, gaps, units in rows
    ]
    return [one for one in found if known_at is None or one.approved_at <= known_at]
