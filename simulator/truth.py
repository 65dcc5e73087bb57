"""What the reports must say: counted with DuckDB from the dossiers and documents, apart from every portal.

II.06a follows the source-level definitions of its columns: statuses 1 and 3 are left out, all comparisons
are by calendar date in Vietnam, and each of the eleven columns is counted by itself, so that the form's
identities are a property of the country and not of this code. Status 5 (waiting for supplements) is pending
in time, status 7 (withdrawn, returned) is resolved on time.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import astuple, fields
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from etl.model import ALL
from etl.periods import Period
from simulator.cache import Cache
from simulator.country import Country, Province
from simulator.documents import Documents, Post, organs
from simulator.dossiers import NO_DAY, Archive, Dossiers
from simulator.procedures import COMMUNAL, DISTRICT, PER_FIELD, PROVINCIAL, codes, register

COLUMNS = (
    "received_total", "received_online", "received_direct_postal", "carried_over", "resolved_total", "resolved_early",
    "resolved_on_time", "resolved_overdue", "pending_total", "pending_in_time", "pending_overdue",
)  # fmt: skip
EXCHANGE = ("sent", "received", "sent_signed", "received_signed", "sent_paper", "received_paper")
SCOPE = ("procedures", "one_stop", "processes")
_LEVELS = {PROVINCIAL: "province", DISTRICT: "district", COMMUNAL: "commune"}
Key = tuple[str, str, str]
"""Unit, tier, field."""
Figures = Counter[str]

_ONE_STOP = """
WITH life AS (
    SELECT agency, {split}, channel, outcome,
           CAST(make_timestamp(received * 1000000) + INTERVAL 7 HOURS AS DATE) AS received_on,
           CAST(make_timestamp(ended * 1000000) + INTERVAL 7 HOURS AS DATE) AS ended_on,
           CASE WHEN due <> $none THEN DATE '1970-01-01' + due END AS due_on,
           DATE '1970-01-01' + waits_from AS waits_from, DATE '1970-01-01' + waits_to AS waits_to
    FROM dossiers
    WHERE outcome NOT IN (1, 3)
), seen AS (
    SELECT *,
           CASE WHEN ended_on <= $last THEN outcome
                WHEN waits_from <= $last AND $last < waits_to THEN 5
                ELSE 4 END AS status
    FROM life
    WHERE received_on <= $last
), counted AS (
    SELECT *, status IN (7, 10) AND ended_on BETWEEN $first AND $last AS resolved, status IN (4, 5) AS pending
    FROM seen
)
SELECT agency, {split},
    count(*) FILTER (resolved OR pending) AS received_total,
    count(*) FILTER (received_on >= $first AND channel = 2) AS received_online,
    count(*) FILTER (received_on >= $first AND channel IN (1, 3)) AS received_direct_postal,
    count(*) FILTER (received_on < $first AND ended_on >= $first) AS carried_over,
    count(*) FILTER (resolved) AS resolved_total,
    count(*) FILTER (resolved AND status <> 7 AND ended_on < due_on) AS resolved_early,
    count(*) FILTER (resolved AND (status = 7 OR due_on IS NULL OR ended_on = due_on)) AS resolved_on_time,
    count(*) FILTER (resolved AND status <> 7 AND ended_on > due_on) AS resolved_overdue,
    count(*) FILTER (pending) AS pending_total,
    count(*) FILTER (pending AND (status = 5 OR due_on IS NULL OR due_on >= $last)) AS pending_in_time,
    count(*) FILTER (pending AND status <> 5 AND due_on < $last) AS pending_overdue
FROM counted GROUP BY agency, {split} ORDER BY agency, {split}
"""

_SCOPE = """
SELECT level, count(*) AS procedures, count(*) FILTER (one_stop) AS one_stop, sum(processes) AS processes
FROM register GROUP BY level
"""

_EXCHANGE = """
WITH windowed AS (
    SELECT number, sender, signed FROM documents
    WHERE CAST(make_timestamp(sent * 1000000) + INTERVAL 7 HOURS AS DATE) BETWEEN $first AND $last
)
SELECT organ, sum(sent) AS sent, sum(received) AS received, sum(sent_signed), sum(received_signed) FROM (
    SELECT sender AS organ, count(*) AS sent, 0 AS received, count(*) FILTER (signed) AS sent_signed,
        0 AS received_signed
    FROM windowed WHERE sender >= 0 GROUP BY ALL
    UNION ALL
    SELECT recipient, 0, count(*), 0, count(*) FILTER (signed)
    FROM deliveries JOIN windowed ON document = number GROUP BY ALL
) GROUP BY organ
"""


class Days(NamedTuple):
    """Any interval of local days, both counted, such as a calendar quarter."""

    first_day: dt.date
    last_day: dt.date


class Truth:
    """The figures of any unit and period, those of dossiers also of any days; a province is counted once."""

    def __init__(self, archive: Archive, post: Post) -> None:
        self.country: Country = archive.country
        self._archive, self._post = archive, post
        self._onestop: Cache[dict[Key, Figures]] = Cache(200)
        self._procedures = codes(self.country)
        self._edoc: Cache[dict[tuple[str, str], Figures]] = Cache(200)

    def onestop(self, province: Province, period: Period | Days) -> dict[Key, Figures]:
        """II.06a of a province by (unit, tier, field) where any dossier was seen: departments stand under
        the province's code with tier "province", districts and communes under their own code and tier."""
        return self._onestop.get((province.portal, period), lambda: self._count_onestop(province, period, "field"))

    def procedures(self, province: Province, period: Period | Days) -> dict[Key, Figures]:
        """The same by (unit, tier, code of the procedure)."""
        return self._onestop.get(
            (province.portal, period, "procedure"), lambda: self._count_onestop(province, period, "field, procedure")
        )

    def edoc(self, province: Province, period: Period) -> dict[tuple[str, str], Figures]:
        """Documents sent and received, signed, and on paper, by (unit, tier); the Party bloc is outside the report."""
        return self._edoc.get((province.portal, period), lambda: self._count_edoc(province, period))

    def form(self, unit: str, period: Period | Days) -> list[dict[str, int | str]]:
        """Every row of II.06a for a unit, zeros included: each tier it has and "all", each field and "all"."""
        rows: dict[tuple[str, str], Figures] = {}
        for tier in self.country.tiers(unit, period.last_day):
            for field in (*self.country.field_codes, ALL):
                rows[tier, field] = Figures()
        for province in self.country.holding(unit, period.last_day):
            _add_up(rows, unit, province, self.onestop(province, period))
        return _shown(rows)

    def by_procedure(self, unit: str, period: Period | Days) -> list[dict[str, int | str]]:
        """A row for each tier and procedure that any dossier was seen of, "field" holding the procedure's code."""
        rows: dict[tuple[str, str], Figures] = {
            (tier, ALL): Figures() for tier in self.country.tiers(unit, period.last_day)
        }
        for province in self.country.holding(unit, period.last_day):
            _add_up(rows, unit, province, self.procedures(province, period))
        return _shown(rows)

    def scope(self, unit: str, period: Period) -> list[dict[str, int | str]]:
        """II.07b of a province as it stands at the period's end, or of the nation: the sum over its provinces."""
        quarter, row = Period.containing(period.last_day, "quarter"), Figures()
        for province in self.country.holding(unit, period.last_day):
            tables = {"register": pa.table(vars(register(self.country, province, quarter)))}
            for level, *figures in _query(_SCOPE, tables, period):
                for name, figure in zip(SCOPE, figures, strict=True):
                    row.update({f"{name}_{_LEVELS[level]}": int(figure), f"{name}_total": int(figure)})
        names = [f"{name}_{part}" for name in SCOPE for part in ("total", *_LEVELS.values())]
        return [{"tier": tier, **{name: row[name] for name in names}} for tier in ("province", ALL)]

    def exchange(self, unit: str, period: Period) -> list[dict[str, int | str]]:
        """Documents of a unit: each tier it has and "all"."""
        rows: dict[str, Figures] = {tier: Figures() for tier in self.country.tiers(unit, period.last_day)}
        for province in self.country.holding(unit, period.last_day):
            for (code, tier), figures in self.edoc(province, period).items():
                if province.holds(unit, code):
                    rows[tier].update(figures)
                    rows[ALL].update(figures)
        return [
            {"tier": tier, "exchanged": row["sent"] + row["received"], **{name: row[name] for name in EXCHANGE}}
            for tier, row in rows.items()
        ]

    def _count_onestop(self, province: Province, period: Period | Days, split: str) -> dict[Key, Figures]:
        dossiers = self._archive.touching(province, period.first_day, period.last_day)
        names = [item.name for item in fields(Dossiers)]
        table = pa.table({name: getattr(dossiers, name) for name in names})
        found: dict[Key, Figures] = {}
        width = len(split.split(","))
        sql = _ONE_STOP.replace("{split}", split)
        for agency, *counted in _query(sql, {"dossiers": table}, period, none=NO_DAY):
            place, figures = counted[:width], counted[width:]
            if not figures[0]:
                continue
            code = province.agencies[agency]
            tier = province.tier(agency)
            unit = province.code if tier == "province" else code
            field = self.country.field_codes[place[0]]
            key = (unit, tier, field if width == 1 else self._procedures[place[0] * PER_FIELD + place[1]])
            found.setdefault(key, Figures()).update(dict(zip(COLUMNS, figures, strict=True)))
        return found

    def _count_edoc(self, province: Province, period: Period) -> dict[tuple[str, str], Figures]:
        here, found = organs(province), dict[tuple[str, str], Figures]()
        for names in (EXCHANGE[:4], EXCHANGE[4:]):
            post: Documents = self._post.touching(
                province, period.first_day, period.last_day, paper="sent_paper" in names
            )
            sender, sent, signed, document, recipient = astuple(post)
            tables = {
                "documents": pa.table(
                    {"number": np.arange(len(sender)), "sender": sender, "sent": sent, "signed": signed}
                ),
                "deliveries": pa.table({"document": document, "recipient": recipient}),
            }
            for organ, *figures in _query(_EXCHANGE, tables, period):
                at = here[organ]
                if at.kind != "party":
                    key = (at.agency, at.kind) if at.kind in ("commune", "district") else (province.code, "province")
                    counted = dict(zip(names, map(int, figures), strict=False))
                    found.setdefault(key, Figures()).update(counted)
        return found


def _add_up(rows: dict[tuple[str, str], Figures], unit: str, province: Province, found: dict[Key, Figures]) -> None:
    """To each tier, field and their sums what the unit has of a province."""
    for (code, tier, field), figures in found.items():
        if province.holds(unit, code):
            for key in ((tier, field), (tier, ALL), (ALL, field), (ALL, ALL)):
                rows.setdefault(key, Figures()).update(figures)


def _shown(rows: dict[tuple[str, str], Figures]) -> list[dict[str, int | str]]:
    return [{"tier": t, "field": f, **{name: row[name] for name in COLUMNS}} for (t, f), row in rows.items()]


def _query(sql: str, tables: dict[str, pa.Table], period: Period | Days, **more: int) -> list[tuple[int, ...]]:
    parameters: dict[str, dt.date | int] = {"first": period.first_day, "last": period.last_day, **more}
    with duckdb.connect(config={"threads": 2}) as database:
        for name, table in tables.items():
            database.register(name, table)
        used = {name: value for name, value in parameters.items() if f"${name}" in sql}
        return list(database.execute(sql, used).fetchall())
