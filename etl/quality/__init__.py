"""Suites x standard rows -> good rows, quarantine, findings, and the holes the figures must respect.

One pass of DuckDB gives each row a bitmask of the rules it breaks; the (source x rule) counts of it are then
judged by Great Expectations (`etl.quality.gx`). Rows that break a critical rule are set aside, never mended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.errors import QualityError
from etl.model import Finding, Hole, Rule, RuleOutcome, Source, Suite, Unit
from etl.periods import Period
from etl.quality.findings import Missing, holes, outcomes, row_findings, row_rules, table_findings, why
from etl.quality.gx import column_of, judge
from etl.units import UnitTree, tier_of

_MASK_BITS = 62
_ROW = "__row"
_OTHER = "READ-OTHER"
"""The rule of whatever the reader finds that has no rule."""
_NEEDED = ("source", "payload", "pointer", "agency", "unit", "tier", "field", "field_raw", "problem", "problem_rule")


@dataclass(frozen=True)
class Outcome:
    """good, quarantine: rows as they came; quarantine with `rules` and `messages`, joined by "; ", of why.

    findings: one for each row and rule, or for each source or unit that is missing.
    counts: one row a source: source, rows, quarantined, bad_<rule id>...
    gx: the validation result of Great Expectations, JSON-able, for audit.
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
    Raises QualityError when a rule cannot run, a column is missing, or nothing is due.
    """
    table = pq.read_table(rows) if isinstance(rows, Path) else rows
    _demand(table, suite, dataset, due, given)
    reach = _reach(due, tree, levels)
    with duckdb.connect() as connection:
        _lay_out(connection, table, reach, due, given, tree)
        masks = _masks(connection, suite)
        missing = {rule.id: _missing(connection, rule) for rule in suite.rules if rule.kind == "table"}
    bits = {rule.id: 1 << index for index, rule in enumerate(row_rules(suite))}
    critical = sum(bits[rule.id] for rule in row_rules(suite) if rule.severity == "critical")
    held = pc.not_equal(pc.bit_wise_and(masks, critical), 0)
    broken = table.filter(pc.not_equal(masks, 0))
    broken_masks: list[int] = pc.filter(masks, pc.not_equal(masks, 0)).to_pylist()
    offenders = list(zip(broken.to_pylist(), broken_masks, strict=True))

    compared = {source.id for source in due if source.role == "comparison"}
    counts = _counts(table, held, suite, offenders, bits, missing, due, told)
    verdict = judge(suite, counts, [source.id for source in due])
    findings = [*row_findings(suite, offenders, bits, period), *table_findings(suite, missing, period, tree)]
    held_rows = [(row, mask) for row, mask in offenders if mask & critical]
    broke = [[rule for rule in row_rules(suite) if mask & critical & bits[rule.id]] for _, mask in held_rows]
    quarantine = (
        table.filter(held)
        .append_column("rules", pa.array(["; ".join(rule.id for rule in all_) for all_ in broke], pa.string()))
        .append_column(
            "messages",
            pa.array(
                ["; ".join(why(row, rule) for rule in all_) for (row, _), all_ in zip(held_rows, broke, strict=True)],
                pa.string(),
            ),
        )
    )
    return Outcome(
        good=table.filter(pc.invert(held)),
        quarantine=quarantine,
        findings=findings,
        holes=[
            hole
            for hole in holes(suite, (row for row, _ in held_rows), missing, reach, due, tree)
            if hole.source not in compared
        ],
        counts=counts,
        gx=verdict.record,
        rules=outcomes(suite, counts, verdict.states, verdict.sources),
    )


def _demand(
    table: pa.Table, suite: Suite, dataset: str, due: Sequence[Source], given: Mapping[str, Collection[str]]
) -> None:
    """Refuse what would let a rule pass without having looked."""
    if suite.dataset != dataset:
        raise QualityError(f"the suite is for {suite.dataset}, the rows are of {dataset}")
    twice = [name for name, count in Counter(rule.id for rule in suite.rules).items() if count > 1]
    if twice or not suite.rules:
        raise QualityError(f"suite {dataset}: {'rule ' + twice[0] + ' stands twice' if twice else 'has no rule'}")
    if len(row_rules(suite)) > _MASK_BITS:
        raise QualityError(f"suite {dataset}: more than {_MASK_BITS} row rules do not fit one mask")
    if not due:
        raise QualityError(f"suite {dataset}: no source is due, so there is nothing to judge")
    for source in due:
        if not given.get(source.id):
            raise QualityError(f"{dataset}: no measure is said to be given by {source.id}, so none would be missed")
    columns = set(table.column_names)
    for column in _NEEDED:
        if column not in columns:
            raise QualityError(f"the rows of {dataset} have no column {column}")
    for rule in row_rules(suite):
        for column in rule.show:
            if column not in columns:
                raise QualityError(f"suite {dataset}: rule {rule.id} shows {column}, which the rows do not have")
    if table["source"].null_count:
        raise QualityError(f"a row of {dataset} does not name its source")


def _reach(due: Sequence[Source], tree: UnitTree, levels: Collection[str]) -> list[tuple[str, str, str]]:
    """(source, unit, tier) that the due sources report on: their own unit and all below it.

    A unit that has a reporting source of its own, and all below it, is left to that source (see Source).
    """
    reach = []
    reporting = {source.unit for source in due if source.role == "reporting"}
    for source in due:
        if source.unit not in tree:
            raise QualityError(f"source {source.id} reports for unit {source.unit}, not in force on {tree.day}")
        if source.id in levels:
            tiers = {tier_of(unit) for unit in tree.below(source.unit)} | {"province", "commune"}
            reach += [(source.id, source.unit, tier) for tier in sorted(tiers)]
            continue
        nearer = reporting - {source.unit} if source.role == "reporting" else frozenset[str]()
        for unit in _left_to(source.unit, nearer, tree):
            reach.append((source.id, unit.code, tier_of(unit)))
    return reach


def _left_to(code: str, nearer: Collection[str], tree: UnitTree) -> Iterator[Unit]:
    """The unit and all below it, but for what is nearer to another source."""
    yield tree[code]
    for child in tree.children(code):
        if child.code not in nearer:
            yield from _left_to(child.code, nearer, tree)


def _lay_out(
    connection: duckdb.DuckDBPyConnection,
    table: pa.Table,
    reach: Sequence[tuple[str, str, str]],
    due: Sequence[Source],
    given: Mapping[str, Collection[str]],
    tree: UnitTree,
) -> None:
    """The tables a rule may ask: rows, due, reach, given, units."""
    text = pa.string()
    names, units, tiers = zip(*reach, strict=True)
    laid = {
        "rows": table.append_column(_ROW, pa.array(range(table.num_rows), pa.int64())),
        "due": pa.table({"source": pa.array([source.id for source in due], text)}),
        "given": pa.table(
            {
                "source": pa.array([source.id for source in due for _ in given[source.id]], text),
                "measure": pa.array([measure for source in due for measure in given[source.id]], text),
            }
        ),
        "reach": pa.table({"source": names, "unit": units, "tier": tiers}),
        "units": pa.table(
            {
                "code": pa.array([unit.code for unit in tree], text),
                "name": pa.array([unit.name for unit in tree], text),
                "level": pa.array([unit.level for unit in tree], text),
                "parent": pa.array([unit.parent for unit in tree], text),
            }
        ),
    }
    for name, content in laid.items():
        connection.register(name, content)


def _masks(connection: duckdb.DuckDBPyConnection, suite: Suite) -> pa.Array:
    """A bigint for each row, in the order of the rows: bit i is set when it breaks row rule i."""
    terms = {
        rule.id: f"(case when ({rule.violation}) then {1 << index} else 0 end)::bigint"
        for index, rule in enumerate(row_rules(suite))
    }
    if not terms:
        return pa.array([0] * connection.table("rows").count("*").fetchall()[0][0], pa.int64())
    query = "select {} as mask from rows order by " + _ROW
    try:
        found = connection.sql(query.format(" | ".join(terms.values()))).to_arrow_table()
    except duckdb.Error as problem:
        for rule, term in terms.items():
            _run(connection, suite.dataset, rule, query.format(term))
        raise QualityError(f"suite {suite.dataset} could not run: {problem}") from problem
    return found["mask"].combine_chunks()


def _run(connection: duckdb.DuckDBPyConnection, dataset: str, rule: str, query: str) -> pa.Table:
    try:
        return connection.sql(query).to_arrow_table()
    except duckdb.Error as problem:
        reason = str(problem).splitlines()[0]
        raise QualityError(f"suite {dataset}: rule {rule} could not run, mend its violation: {reason}") from problem


def _missing(connection: duckdb.DuckDBPyConnection, rule: Rule) -> list[Missing]:
    """(source, unit, tier) that a table rule names, in order."""
    found = _run(connection, "tables", rule.id, f"select source, unit, tier from ({rule.violation}) order by all")
    return [(row["source"], row["unit"], row["tier"]) for row in found.to_pylist()]


def _counts(
    table: pa.Table,
    held: pa.Array,
    suite: Suite,
    offenders: Sequence[tuple[Mapping[str, Any], int]],
    bits: Mapping[str, int],
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
    known = {rule.id for rule in suite.rules}
    if told and _OTHER not in known:
        raise QualityError(f"suite {suite.dataset}: no rule {_OTHER} for what the reader finds of another kind")
    read = Counter((one.rule if one.rule in known else _OTHER, one.source) for one in told)
    for rule in suite.rules:
        if rule.kind == "row":
            bad = Counter(row["source"] for row, mask in offenders if mask & bits[rule.id])
        else:
            bad = Counter(source for source, _, _ in missing[rule.id])
        bad.update({source: count for (id_, source), count in read.items() if id_ == rule.id})
        if not set(bad) <= set(sources):
            raise QualityError(f"rule {rule.id} names a source that is not due: {sorted(set(bad) - set(sources))}")
        columns[column_of(rule)] = pa.array([bad[source] for source in sources], pa.int64())
    return pa.table(columns)
