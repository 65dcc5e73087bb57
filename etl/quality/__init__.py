"""Suites x standard rows -> good rows, quarantine, findings, and the holes the figures must respect.

DuckDB gives each row that breaks a rule a bitmask of those it breaks (`etl.quality.scan`); the (source x rule) counts
of them are then judged by Great Expectations (`etl.quality.gx`). Rows that break a critical rule are set aside, never
mended. A rule that could not run, or did not fire on the records planted to break it, leaves its dataset unchecked.
Rows are taken by the column, however many break a rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.errors import QualityError
from etl.model import Finding, Hole, RuleOutcome, Source, Suite, Waiver
from etl.periods import Period
from etl.quality.findings import (
    breaks,
    holes,
    of_suite,
    outcomes,
    reasons,
    row_findings,
    table_findings,
    unchecked,
    withheld_all,
)
from etl.quality.gx import column_of, judge
from etl.quality.proof import Proof, prove
from etl.quality.reach import reach_of
from etl.quality.scan import MASK_BITS, Scan, bits, row_rules, scan, schema_of
from etl.quality.together import ROW
from etl.quality.waiving import less_waived
from etl.tables import FINDINGS
from etl.units import UnitTree

__all__ = ["Outcome", "Proof", "check", "of_suite", "prove", "unjudged"]

_OTHER = "READ-OTHER"
"""The rule of whatever the reader finds that has no rule."""
_SUITE = "SUITE"
"""In place of a rule, where none of a dataset could be asked."""
_NEEDED = ("source", "payload", "pointer", "agency", "unit", "tier", "field", "field_raw", "problem", "problem_rule")


@dataclass(frozen=True)
class Outcome:
    """rows: all of them. held: the numbers of those that are set aside, from 0.

    quarantine: these, as they came, with `rules` and `messages`, joined by "; ", of why.
    found: a finding for each row and rule, or for each source or unit that is missing, as in FINDINGS.
    counts: one row a source: source, rows, quarantined, bad_<rule id>...
    gx: the validation result of Great Expectations, JSON-able, for audit; {} where nothing could be judged.
    rules: what each rule said, in the order of the suite.
    """

    rows: Path | pa.Table
    held: pa.ChunkedArray
    quarantine: pa.Table
    found: pa.Table
    holes: list[Hole]
    counts: pa.Table
    gx: dict[str, Any]
    rules: list[RuleOutcome]

    @cached_property
    def good(self) -> pa.Table:
        """The rows that are not set aside, as they came."""
        table = pq.read_table(self.rows) if isinstance(self.rows, Path) else self.rows
        good = np.ones(table.num_rows, bool)
        good[self.held.to_numpy()] = False
        return table.filter(pa.array(good))

    @cached_property
    def findings(self) -> list[Finding]:
        """What was found as objects: for as many as a person can read."""
        return [Finding(**one) for one in self.found.to_pylist()]


def check(
    rows: Path | pa.Table,
    suite: Suite,
    *,
    dataset: str,
    period: Period,
    due: Sequence[Source],
    given: Mapping[str, Collection[str]],
    tree: UnitTree,
    levels: Collection[str] = (),
    told: Sequence[Finding] = (),
    waivers: Sequence[Waiver] = (),
) -> Outcome:
    """Judge the standard rows of one dataset and period.

    dataset: its id, which is the suite's. due: the sources that owe this dataset in the period; given: for
    each of them the measures that its platform has at all, and `field` where it tells fields apart. What a source
    for comparison lacks is no hole. levels: ids of the sources whose rows are of a whole level (UnitRule by level).
    told: what the reader found that no row carries: it counts under its rule, or READ-OTHER where there is none.
    waivers: those in force; what they let pass is found and counted, and holds no row. The proof knows none of them.
    A rule that could not run, or proves nothing, is a critical finding and a hole of every due source; the rest of the
    suite is judged all the same. Raises QualityError when nothing can be: a column is missing, or nothing is due.
    """
    schema = schema_of(rows)
    _demand(schema, suite, dataset, due, given)
    reach = reach_of(due, tree, levels)
    proof = prove(suite, schema)
    found = scan(rows, suite, reach, due, given, tree)
    bit = bits(suite)
    of_rows = row_findings(suite, found.struck, period, waivers)
    struck = less_waived(found.struck, of_rows, bit)
    critical = sum(bit[rule.id] for rule in row_rules(suite) if rule.severity == "critical")
    of_rejected = pc.is_in(struck["source"], pa.array(list(found.rejected), pa.string()))
    held = struck.filter(pc.or_(breaks(struck, critical), of_rejected))

    counts = _counts(found, held, suite, due, told).drop_columns(
        [column_of(rule) for rule in suite.rules if rule.id in found.errors]
    )
    verdict = judge(suite, counts, [source.id for source in due])
    errors = {**verdict.errors, **proof.dead, **proof.errors, **found.errors}
    return Outcome(
        rows=rows,
        held=held[ROW],
        quarantine=_with_reasons(held.select(schema.names), *reasons(held, suite, found.rejected)),
        found=pa.concat_tables(
            [
                of_rows.select(FINDINGS.names),
                _as_table(table_findings(suite, found.missing, period, tree)),
                _as_table(unchecked(suite, errors, due, period)),
            ]
        ),
        holes=[
            *holes(suite, held, found.missing, reach, due, tree, found.rows),
            *(withheld_all(suite, due) if errors else ()),
        ],
        counts=counts,
        gx=verdict.record,
        rules=outcomes(
            suite,
            counts,
            verdict,
            errors,
            proof,
            Counter(of_rows.filter(pc.is_valid(of_rows["waiver"]))["rule"].to_pylist()),
        ),
    )


def unjudged(rows: pa.Table, suite: Suite, *, period: Period, due: Sequence[Source], reason: str) -> Outcome:
    """Of a dataset that cannot be judged at all no row is good, and every figure is withheld."""
    none = rows.slice(0, 0)
    return Outcome(
        rows=none,
        held=pa.chunked_array([], pa.int64()),
        quarantine=_with_reasons(none, pa.nulls(0, pa.string()), pa.nulls(0, pa.string())),
        found=_as_table(unchecked(suite, {_SUITE: reason}, due, period)),
        holes=withheld_all(suite, due),
        counts=pa.table({"source": pa.array([source.id for source in due], pa.string())}),
        gx={},
        rules=of_suite(suite, "error", reason),
    )


def _as_table(findings: Iterable[Finding]) -> pa.Table:
    return pa.Table.from_pylist([asdict(finding) for finding in findings], schema=FINDINGS)


def _with_reasons(rows: pa.Table, rules: pa.Array, messages: pa.Array) -> pa.Table:
    return rows.append_column("rules", rules).append_column("messages", messages)


def _demand(
    schema: pa.Schema, suite: Suite, dataset: str, due: Sequence[Source], given: Mapping[str, Collection[str]]
) -> None:
    """Refuse what would let a rule pass without having looked."""
    if suite.dataset != dataset:
        raise QualityError(f"the suite is for {suite.dataset}, the rows are of {dataset}")
    twice = [name for name, count in Counter(rule.id for rule in suite.rules).items() if count > 1]
    if twice or not suite.rules:
        raise QualityError(f"suite {dataset}: {'rule ' + twice[0] + ' stands twice' if twice else 'has no rule'}")
    if len(row_rules(suite)) > MASK_BITS:
        raise QualityError(f"suite {dataset}: more than {MASK_BITS} row rules do not fit one mask")
    if not due:
        raise QualityError(f"suite {dataset}: no source is due, so there is nothing to judge")
    for source in due:
        if not given.get(source.id):
            raise QualityError(f"{dataset}: no measure is said to be given by {source.id}, so none would be missed")
    for column in _NEEDED:
        if column not in schema.names:
            raise QualityError(f"the rows of {dataset} have no column {column}")


def _counts(found: Scan, held: pa.Table, suite: Suite, due: Sequence[Source], told: Sequence[Finding]) -> pa.Table:
    """One row for every due source and every source that has rows, whether or not it broke a rule."""
    quarantined = _by_source(held["source"])
    sources = sorted({source.id for source in due} | set(found.rows))
    columns: dict[str, Any] = {
        "source": pa.array(sources, pa.string()),
        "rows": pa.array([found.rows.get(source, 0) for source in sources], pa.int64()),
        "quarantined": pa.array([quarantined[source] for source in sources], pa.int64()),
    }
    known, bit = {rule.id for rule in suite.rules}, bits(suite)
    if told and _OTHER not in known:
        raise QualityError(f"suite {suite.dataset}: no rule {_OTHER} for what the reader finds of another kind")
    read = Counter((one.rule if one.rule in known else _OTHER, one.source) for one in told)
    for rule in suite.rules:
        if rule.kind == "row":
            bad = _by_source(found.struck["source"].filter(breaks(found.struck, bit[rule.id])))
        else:
            bad = Counter(source for source, _, _ in found.missing[rule.id])
        bad.update({source: count for (id_, source), count in read.items() if id_ == rule.id})
        if not set(bad) <= set(sources):
            raise QualityError(f"rule {rule.id} names a source that is not due: {sorted(set(bad) - set(sources))}")
        columns[column_of(rule)] = pa.array([bad[source] for source in sources], pa.int64())
    return pa.table(columns)


def _by_source(sources: pa.ChunkedArray) -> Counter[str]:
    return Counter({one["values"]: one["counts"] for one in sources.value_counts().to_pylist()})
