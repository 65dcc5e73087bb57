"""Suites x standard rows -> good rows, quarantine, findings, and the holes the figures must respect.

One pass of DuckDB gives each row a bitmask of the rules it breaks (`etl.quality.scan`); the (source x rule) counts of
it are then judged by Great Expectations (`etl.quality.gx`). Rows that break a critical rule are set aside, never
mended. A rule that could not run, or did not fire on the records planted to break it, leaves its dataset unchecked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.errors import QualityError
from etl.model import Finding, Hole, Rule, RuleOutcome, Source, Suite
from etl.periods import Period
from etl.quality.findings import holes, of_suite, outcomes, row_findings, table_findings, unchecked, why, withheld_all
from etl.quality.gx import column_of, judge
from etl.quality.proof import Proof, prove
from etl.quality.reach import reach_of
from etl.quality.scan import MASK_BITS, Missing, bits, row_rules, scan
from etl.units import UnitTree

__all__ = ["Outcome", "Proof", "check", "of_suite", "prove", "unjudged"]

_OTHER = "READ-OTHER"
"""The rule of whatever the reader finds that has no rule."""
_SUITE = "SUITE"
"""In place of a rule, where none of a dataset could be asked."""
_NEEDED = ("source", "payload", "pointer", "agency", "unit", "tier", "field", "field_raw", "problem", "problem_rule")


@dataclass(frozen=True)
class Outcome:
    """good, quarantine: rows as they came; quarantine with `rules` and `messages`, joined by "; ", of why.

    findings: one for each row and rule, or for each source or unit that is missing.
    counts: one row a source: source, rows, quarantined, bad_<rule id>...
    gx: the validation result of Great Expectations, JSON-able, for audit; {} where nothing could be judged.
    rules: what each rule said, in the order of the suite.
    """

    good: pa.Table
    quarantine: pa.Table
    findings: list[Finding]
    holes: list[Hole]
    counts: pa.Table
    gx: dict[str, Any]
    rules: list[RuleOutcome]


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
) -> Outcome:
    """Judge the standard rows of one dataset and period.

    dataset: its id, which is the suite's. due: the sources that owe this dataset in the period; given: for
    each of them the measures that its platform has at all, and `field` where it tells fields apart. What a source
    for comparison lacks is no hole. levels: ids of the sources whose rows are of a whole level (UnitRule by level).
    told: what the reader found that no row carries: it counts under its rule, or READ-OTHER where there is none.
    A rule that could not run, or proves nothing, is a critical finding and a hole of every due source; the rest of the
    suite is judged all the same. Raises QualityError when nothing can be: a column is missing, or nothing is due.
    """
    table = pq.read_table(rows) if isinstance(rows, Path) else rows
    _demand(table, suite, dataset, due, given)
    reach = reach_of(due, tree, levels)
    proof = prove(suite, table.schema)
    found = scan(table, suite, reach, due, given, tree)
    masks, missing, bit = found.masks, found.missing, bits(suite)
    critical = sum(bit[rule.id] for rule in row_rules(suite) if rule.severity == "critical")
    rejected = _rejected(suite, table, missing)
    of_rejected = pc.is_in(table["source"], pa.array([one for one, rules in rejected.items() if rules], pa.string()))
    held = pc.or_(pc.not_equal(pc.bit_wise_and(masks, critical), 0), of_rejected)
    broken = pc.not_equal(masks, 0)
    offenders = list(zip(table.filter(broken).to_pylist(), masks.filter(broken).to_pylist(), strict=True))

    counts = _counts(table, held, suite, offenders, missing, due, told).drop_columns(
        [column_of(rule) for rule in suite.rules if rule.id in found.errors]
    )
    verdict = judge(suite, counts, [source.id for source in due])
    errors = {**verdict.errors, **proof.dead, **proof.errors, **found.errors}
    held_rows = table.filter(held).to_pylist()
    broke = [
        [*(rule for rule in row_rules(suite) if mask & critical & bit[rule.id]), *rejected[row["source"]]]
        for row, mask in zip(held_rows, masks.filter(held).to_pylist(), strict=True)
    ]
    return Outcome(
        good=table.filter(pc.invert(held)),
        quarantine=_set_aside(
            table.filter(held),
            ["; ".join(rule.id for rule in rules) for rules in broke],
            ["; ".join(why(row, rule) for rule in rules) for row, rules in zip(held_rows, broke, strict=True)],
        ),
        findings=[
            *row_findings(suite, offenders, bit, period),
            *table_findings(suite, missing, period, tree),
            *unchecked(suite, errors, due, period),
        ],
        holes=[
            *holes(suite, held_rows, missing, reach, due, tree, set(rejected)),
            *(withheld_all(suite, due) if errors else ()),
        ],
        counts=counts,
        gx=verdict.record,
        rules=outcomes(suite, counts, verdict, errors, proof),
    )


def unjudged(rows: pa.Table, suite: Suite, *, period: Period, due: Sequence[Source], reason: str) -> Outcome:
    """Of a dataset that cannot be judged at all no row is good, and every figure is withheld."""
    none = rows.slice(0, 0)
    return Outcome(
        good=none,
        quarantine=_set_aside(none, [], []),
        findings=unchecked(suite, {_SUITE: reason}, due, period),
        holes=withheld_all(suite, due),
        counts=pa.table({"source": pa.array([source.id for source in due], pa.string())}),
        gx={},
        rules=of_suite(suite, "error", reason),
    )


def _set_aside(rows: pa.Table, rules: Sequence[str], messages: Sequence[str]) -> pa.Table:
    texts = {"rules": rules, "messages": messages}
    for name, told in texts.items():
        rows = rows.append_column(name, pa.array(told, pa.string()))
    return rows


def _rejected(suite: Suite, table: pa.Table, missing: Mapping[str, Sequence[Missing]]) -> dict[str, list[Rule]]:
    """Of each source that has rows, the critical table rules that name it as a whole: none of its rows stands."""
    whole = (None, None)
    return {
        source: [
            rule for rule in suite.rules if rule.severity == "critical" and (source, *whole) in missing.get(rule.id, ())
        ]
        for source in table["source"].unique().to_pylist()
    }


def _demand(
    table: pa.Table, suite: Suite, dataset: str, due: Sequence[Source], given: Mapping[str, Collection[str]]
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
    columns = set(table.column_names)
    for column in _NEEDED:
        if column not in columns:
            raise QualityError(f"the rows of {dataset} have no column {column}")
    if table["source"].null_count:
        raise QualityError(f"a row of {dataset} does not name its source")


def _counts(
    table: pa.Table,
    held: pa.Array,
    suite: Suite,
    offenders: Sequence[tuple[Mapping[str, Any], int]],
    missing: Mapping[str, Sequence[Missing]],
    due: Sequence[Source],
    told: Sequence[Finding],
) -> pa.Table:
    """One row for every due source and every source that has rows, whether or not it broke a rule."""
    rows = Counter(table["source"].to_pylist())
    quarantined = Counter(table["source"].filter(held).to_pylist())
    sources = sorted({source.id for source in due} | set(rows))
    columns: dict[str, Any] = {
        "source": pa.array(sources, pa.string()),
        "rows": pa.array([rows[source] for source in sources], pa.int64()),
        "quarantined": pa.array([quarantined[source] for source in sources], pa.int64()),
    }
    known, bit = {rule.id for rule in suite.rules}, bits(suite)
    if told and _OTHER not in known:
        raise QualityError(f"suite {suite.dataset}: no rule {_OTHER} for what the reader finds of another kind")
    read = Counter((one.rule if one.rule in known else _OTHER, one.source) for one in told)
    for rule in suite.rules:
        if rule.kind == "row":
            bad = Counter(row["source"] for row, mask in offenders if mask & bit[rule.id])
        else:
            bad = Counter(source for source, _, _ in missing[rule.id])
        bad.update({source: count for (id_, source), count in read.items() if id_ == rule.id})
        if not set(bad) <= set(sources):
            raise QualityError(f"rule {rule.id} names a source that is not due: {sorted(set(bad) - set(sources))}")
        columns[column_of(rule)] = pa.array([bad[source] for source in sources], pa.int64())
    return pa.table(columns)
