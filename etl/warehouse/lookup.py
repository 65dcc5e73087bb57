"""What the pages of the console ask of a warehouse: small answers, read only, on connections that are kept open.

Every question is one statement, so that a page costs a few round trips whatever the size of the country.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import text

from etl.model import ComparisonKind, Fact, Issue, Obligation, Publication, Review, RuleOutcome, Submission
from etl.warehouse import accounts, compliance, judgements, queries, restatements, trace
from etl.warehouse.accounts import Account
from etl.warehouse.lookup_lines import Lines, page_of
from etl.warehouse.moment import pool
from etl.warehouse.trace import Trace


class LoadInForce(NamedTuple):
    """The newest load of a period that does not wait for a decision."""

    period: str
    id: int
    recorded_at: dt.datetime
    withheld: dict[str, int]


class FormOf(NamedTuple):
    """A form of a unit."""

    form: str
    unit: str


@lru_cache(maxsize=4)
def lookup(url: str) -> Lookup:
    """The one of this process for the warehouse at `url`, made when first asked for, so after any fork."""
    return Lookup(url)


_LOADS = text("""
SELECT DISTINCT ON (l.period) l.period, l.id, l.recorded_at, l.withheld FROM baocao.load l
WHERE NOT EXISTS (SELECT FROM baocao.waiting_load w WHERE w.load = l.id) ORDER BY l.period, l.recorded_at DESC
""")
_WITHHELD = text("""
SELECT reason, count(*) FROM (
    SELECT DISTINCT ON (unit, indicator, tier, field) value, reason, revision_reason FROM baocao.fact
    WHERE period = :period AND unit = ANY(:units) ORDER BY unit, indicator, tier, field, revision DESC) newest
WHERE value IS NULL AND revision_reason <> 'withdrawn' GROUP BY reason ORDER BY reason
""")
_FIGURES = text("""
SELECT DISTINCT ON (f.period, f.indicator) f.period, f.indicator, f.value, f.reason,
       baocao.shown_state(f.state, f.recorded_at, p.published_at) AS state, f.revision, f.revision_reason
FROM baocao.fact f LEFT JOIN baocao.publication p ON p.period = f.period
WHERE f.period = ANY(:periods) AND f.unit = :unit AND f.tier = :tier AND f.field = 'all' AND f.indicator = ANY(:wanted)
ORDER BY f.period, f.indicator, f.revision DESC
""")
_REVISIONS = text("""
SELECT r.indicator, r.tier, r.field, r.revision, r.value, r.reason, r.revision_reason, r.recorded_at,
       b.value AS before, b.reason AS reason_before, count(*) OVER () AS total
FROM baocao.fact r JOIN baocao.fact b
    ON (b.period, b.unit, b.indicator, b.tier, b.field) = (r.period, r.unit, r.indicator, r.tier, r.field)
    AND b.revision = r.revision - 1
WHERE r.period = :period AND r.unit = :unit AND r.revision > 1
ORDER BY r.recorded_at DESC, r.field = 'all' DESC, r.indicator, r.tier, r.field LIMIT :limit
""")
_ISSUES = text("""
SELECT form, unit, period, known_at, issued_at, sha256, uri FROM baocao.form_issue
WHERE period = :period AND form = :form AND unit = :unit ORDER BY id
""")
_ISSUED = text("""
SELECT form, unit, count(*) FROM baocao.form_issue WHERE period = :period GROUP BY form, unit
""")


class Lookup(Lines):
    """Read only; asked for many times a second by few processes."""

    def close(self) -> None:
        pool(self._url).dispose()

    def accounts(self, name: str) -> list[Account]:
        """The roles of the login of that name; usually one or none."""
        with self._connect() as connection:
            return accounts.accounts(connection, name)

    def loads(self) -> dict[str, LoadInForce]:
        """By period."""
        with self._connect() as connection:
            return {row[0]: LoadInForce(*row) for row in connection.execute(_LOADS)}

    def owed(self, period_keys: Collection[str]) -> tuple[list[Obligation], list[Submission]]:
        """The frozen obligations of the periods, and what was received."""
        with self._connect() as connection:
            return compliance.frozen(connection, period_keys), compliance.submissions(connection, period_keys)

    def publication(self, period_key: str) -> Publication | None:
        with self._connect() as connection:
            return restatements.publication(connection, period_key)

    def reviews(self) -> dict[tuple[str, str], Review]:
        """The last decision on each set of critical findings, by period and sha256."""
        with self._connect() as connection:
            return {(one.period, one.sha256): one for one in judgements.reviews(connection)}

    def outcomes(self, load: int, kind: ComparisonKind) -> list[RuleOutcome]:
        """What the rules of a kind said in a load."""
        with self._connect() as connection:
            return judgements.outcomes(connection, load, kind)

    def withheld(self, period_key: str, units: Collection[str]) -> dict[str, int]:
        """By reason, how many figures of the units have no value."""
        with self._connect() as connection:
            found = connection.execute(_WITHHELD, {"period": period_key, "units": sorted(units)})
            return {row[0]: row[1] for row in found}

    def figures(self, unit: str, tier: str, periods: Sequence[str], indicators: Collection[str]) -> list[Any]:
        """Of each period and indicator the newest figure over all fields, withdrawn ones left out."""
        given = {"unit": unit, "tier": tier, "periods": list(periods), "wanted": sorted(indicators)}
        with self._connect() as connection:
            found = connection.execute(_FIGURES, given).all()
        return [row for row in found if row.revision_reason != "withdrawn"]

    def revisions(self, period_key: str, unit: str, limit: int) -> tuple[list[Any], int]:
        """Each figure that was recorded again, newest first, with the one before it."""
        with self._connect() as connection:
            given = {"period": period_key, "unit": unit, "limit": limit}
            return page_of(connection.execute(_REVISIONS, given).all())

    def facts(
        self, period_key: str, units: Collection[str], indicators: Collection[str], at: dt.datetime
    ) -> list[Fact]:
        with self._connect() as connection:
            return queries.facts(connection, period_key, units, indicators, at)

    def issues(self, form: str, unit: str, period_key: str) -> list[Issue]:
        """First to last."""
        with self._connect() as connection:
            given = {"form": form, "unit": unit, "period": period_key}
            return [Issue(*row) for row in connection.execute(_ISSUES, given)]

    def issued(self, period_key: str) -> dict[FormOf, int]:
        """How many issues there are."""
        with self._connect() as connection:
            found = connection.execute(_ISSUED, {"period": period_key})
            return {FormOf(row[0], row[1]): row[2] for row in found}

    def trace(self, period_key: str, key: tuple[str, str, str, str], known_at: dt.datetime, limit: int) -> Trace:
        """See Warehouse.trace; key: indicator, unit, tier, field."""
        with self._connect() as connection:
            return trace.trace(connection, period_key, *key, known_at, limit)
