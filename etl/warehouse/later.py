"""Figures that became others after a moment at which somebody relied on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, text


class Later(NamedTuple):
    """A figure straight from rows. before: as known then; None there and in value: there was, or is, none. since: when
    it was first recorded otherwise; load: which brought `value`."""

    indicator: str
    unit: str
    tier: str
    field: str
    before: Decimal | None
    value: Decimal | None
    since: dt.datetime
    load: int


_LATER = text("""
WITH again AS (
    SELECT unit, indicator, tier, field, min(recorded_at) AS since FROM baocao.fact
    WHERE period = :period AND indicator = ANY(:indicators) AND recorded_at > :moment
    GROUP BY unit, indicator, tier, field
)
SELECT a.indicator, a.unit, a.tier, a.field, b.value AS before, n.value, a.since, n.load
FROM again a
CROSS JOIN LATERAL (
    SELECT f.value, f.load, f.leaf FROM baocao.fact f
    WHERE f.period = :period AND (f.unit, f.indicator, f.tier, f.field) = (a.unit, a.indicator, a.tier, a.field)
    ORDER BY f.revision DESC LIMIT 1
) n
LEFT JOIN LATERAL (
    SELECT f.value, f.leaf FROM baocao.fact f
    WHERE f.period = :period AND (f.unit, f.indicator, f.tier, f.field) = (a.unit, a.indicator, a.tier, a.field)
        AND f.recorded_at <= :moment
    ORDER BY f.revision DESC LIMIT 1
) b ON true
WHERE (n.leaf OR b.leaf) AND n.value IS DISTINCT FROM b.value
ORDER BY abs(coalesce(n.value, 0) - coalesce(b.value, 0)) DESC, a.unit, a.indicator, a.tier, a.field
""")


def later(connection: Connection, period_key: str, indicators: Collection[str], moment: dt.datetime) -> list[Later]:
    """Of these indicators, the biggest change first."""
    given = {"period": period_key, "indicators": sorted(indicators), "moment": moment}
    return [Later(*row) for row in connection.execute(_LATER, given)]
