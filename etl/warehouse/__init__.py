"""The reporting warehouse: insert-only figures with their revisions, and what each rests on.

Why it is built so: docs/decisions/0002-warehouse.md. Each call opens its own connection, so that a
Warehouse may be shared by processes that fork; each that writes is one transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from etl.model import (
    Fact,
    Field,
    Finding,
    Form,
    Hole,
    Indicator,
    Obligation,
    Receipt,
    Reminder,
    RuleOutcome,
    SourceDays,
    Submission,
    Unit,
    Validation,
    WaiverUse,
)
from etl.warehouse import compliance, dimensions, queries
from etl.warehouse import export as exporting
from etl.warehouse import record as recording
from etl.warehouse import titles as naming
from etl.warehouse import trace as tracing
from etl.warehouse.accounts import Account, Role
from etl.warehouse.issuing import IssuedForms, NewIssue
from etl.warehouse.judgements import RowTold
from etl.warehouse.quality_history import LoadedSource, LoadQuality, QualityHistory
from etl.warehouse.record import Recorded
from etl.warehouse.revisions import Revision
from etl.warehouse.rows import Rows
from etl.warehouse.trace import Trace, TraceRow

__all__ = [
    "Account",
    "LoadQuality",
    "LoadedSource",
    "NewIssue",
    "Recorded",
    "Revision",
    "Role",
    "RowTold",
    "Trace",
    "TraceRow",
    "Warehouse",
]


class Warehouse(IssuedForms, QualityHistory, Rows):
    """A PostgreSQL database reached by `url` (postgresql+psycopg://...), schema `baocao`.

    Periods are keys such as "2026-Q3". `known_at`, an aware datetime, asks for the state as it stood
    at that moment, inclusive; None for the state now.
    """

    def sync_units(self, units: Iterable[Unit]) -> None:
        """Insert units not yet known by code and first day, update the others (a unit's end, a corrected name).

        What is known and not given stays, unless the same code is given for one of its days.
        """
        with self._engine.begin() as connection:
            dimensions.sync_units(connection, units)

    def sync_indicators(self, indicators: Iterable[Indicator]) -> None:
        """Insert or update indicators; `trace` needs them to know whose rows to look for."""
        with self._engine.begin() as connection:
            dimensions.sync_indicators(connection, indicators)

    def sync_words(self, fields: Iterable[Field], forms: Iterable[Form]) -> None:
        """Insert or update fields and forms, which the published views name."""
        with self._engine.begin() as connection:
            dimensions.sync_words(connection, fields, forms)

    def record(
        self,
        period_key: str,
        *,
        run: str,
        catalog_version: str,
        rules_version: str,
        facts: pa.Table,
        rows: Mapping[str, pa.Table],
        quarantine: Mapping[str, pa.Table],
        findings: Sequence[Finding],
        holes: Sequence[Hole],
        receipts: Sequence[Receipt],
        compared: Collection[str] = (),
        outcomes: Sequence[RuleOutcome] = (),
        validations: Sequence[Validation] = (),
        waivers: Sequence[WaiverUse] = (),
        read: Collection[str] = (),
        catalog_revision: str | None = None,
    ) -> Recorded:
        """Load a period: what differs from the current figures becomes a revision, all of it or nothing.

        facts: the period's whole set, schema FACTS; a current figure that is not in it is withdrawn.
        rows, quarantine: by dataset, standard rows used and set aside. receipts: those the rows came
        by, and the newest attempt of each source. compared: the sources whose rows stand under no figure.
        outcomes, validations: what each rule said of the rows, and the validation results that it rests on.
        waivers: those about the period, and what became of them; each that a finding names is one of them.
        read: the sources whose attempts were looked for; where a load knew of a later one, this one is refused.
        catalog_revision: the git commit of the catalog, where it is known.
        Loads of one period wait for each other.
        Raises ValueError for facts that contradict themselves, TraceError for rows without a receipt, OutdatedError
        for answers older than those that are loaded.
        """
        with self._engine.begin() as connection:
            return recording.record(
                connection,
                period_key,
                run=run,
                catalog_version=catalog_version,
                rules_version=rules_version,
                facts=facts,
                rows=rows,
                quarantine=quarantine,
                findings=findings,
                holes=holes,
                receipts=receipts,
                compared=compared,
                outcomes=outcomes,
                validations=validations,
                waivers=waivers,
                read=read,
                catalog_revision=catalog_revision,
            )

    def facts(
        self,
        period_key: str,
        *,
        unit: str | None = None,
        units: Collection[str] | None = None,
        indicators: Collection[str] | None = None,
        known_at: dt.datetime | None = None,
    ) -> list[Fact]:
        """Figures of the period, of one unit or some units, ordered by unit, indicator, tier, field.

        Withdrawn figures are left out; withheld ones are there, with value None and their reason.
        """
        wanted = units if unit is None else [unit]
        with self._snapshot() as connection:
            return queries.facts(connection, period_key, wanted, indicators, known_at, self._as_if)

    def facts_table(
        self,
        period_key: str,
        *,
        indicators: Collection[str] | None = None,
        known_at: dt.datetime | None = None,
    ) -> pa.Table:
        """Every figure of the period, or of some indicators, as an Arrow table, schema FACTS: what `record` takes."""
        with self._snapshot() as connection:
            return queries.facts_table(connection, period_key, indicators, known_at, self._as_if)

    def export(self, target: Path, period_key: str, known_at: dt.datetime, structure: str | None = None) -> int:
        """Write the period's figures as CSV, or as SDMX-CSV of the dataflow `structure`; gives their number."""
        with self._snapshot() as connection, target.open("wb") as file:
            if structure is None:
                return exporting.export_csv(connection, file, period_key, known_at)
            return exporting.export_sdmx(connection, file, period_key, known_at, structure)

    def figures_at(self, period_key: str, known_at: dt.datetime | None = None) -> dt.datetime | None:
        """The moment to state on a form: of the last load that changed a figure; None before the first.

        Any later load has a later moment, so a form filled as known then can be filled again.
        """
        with self._snapshot() as connection:
            return queries.figures_at(connection, period_key, known_at)

    def known_at(self, period_key: str) -> dt.datetime | None:
        """The moment of the newest thing known of the period, a load, a review or its lock; None before the first.

        All that is read as known then belongs together, and is the same whenever it is read.
        """
        with self._snapshot() as connection:
            return queries.known_at(connection, period_key, self._as_if)

    def source_days(self, period_key: str, known_at: dt.datetime | None = None) -> list[SourceDays]:
        """Which days each source's figures are of in the latest load; of rows that are only compared, none."""
        with self._snapshot() as connection:
            return queries.source_days(connection, period_key, known_at, self._as_if)

    def titles(
        self, period_key: str, columns: Mapping[str, Sequence[str]], known_at: dt.datetime | None = None
    ) -> dict[str, dict[str, str]]:
        """Titles of procedures by source and code, as the rows of the latest load have them.

        columns: of each source the path to the title within a record.
        """
        with self._snapshot() as connection:
            return naming.titles(connection, period_key, columns, known_at, self._as_if)

    def summary(self, period_key: str) -> dict[str, Any]:
        """The latest load in numbers, JSON-able: {"load": None} before the first.

        load, run, recorded_at, figures_at, catalog_version, rules_version; facts new, revised, same;
        withheld facts by reason; sources by state; rows by dataset; quarantined rows by rule (a row
        counts under each rule it breaks); findings by severity; forms: units with an issue, by form.
        """
        with self._snapshot() as connection:
            return queries.summary(connection, period_key)

    def trace(
        self,
        period_key: str,
        indicator: str,
        unit: str,
        tier: str,
        field: str,
        known_at: dt.datetime | None = None,
        *,
        limit: int | None = None,
    ) -> Trace:
        """A figure back to its rows: those of the unit's subtree, tier and field ("all": every one).

        At most `limit` rows are given; the count and the sums are over all of them.
        Raises TraceError when the warehouse holds no such figure.
        """
        with self._snapshot() as connection:
            return tracing.trace(connection, period_key, indicator, unit, tier, field, known_at, limit)

    def freeze(self, obligations: Iterable[Obligation], catalog_version: str) -> int:
        """Freeze those of which nothing of the same form, period and level is frozen; says how many were new."""
        with self._engine.begin() as connection:
            return compliance.freeze(connection, obligations, catalog_version)

    def frozen(self, period_keys: Collection[str]) -> list[Obligation]:
        """The frozen obligations of the periods."""
        with self._snapshot() as connection:
            return compliance.frozen(connection, period_keys)

    def submit(self, submissions: Sequence[Submission]) -> int:
        """Note what was received, all of it or nothing; says how many were not known yet."""
        with self._engine.begin() as connection:
            return compliance.submit(connection, submissions)

    def submissions(self, period_keys: Collection[str]) -> list[Submission]:
        """What was received of the periods, in the order in which it was received."""
        with self._snapshot() as connection:
            return compliance.submissions(connection, period_keys)

    def remind(self, reminder: Reminder) -> bool:
        """Note that the letter was sent; False where one to the same unit is noted for that day."""
        with self._engine.begin() as connection:
            return compliance.remind(connection, reminder)

    def reminded(self, day: dt.date) -> set[str]:
        """The units that were written to on the day."""
        with self._snapshot() as connection:
            return compliance.reminded(connection, day)
