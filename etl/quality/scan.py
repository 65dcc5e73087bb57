"""DuckDB over the rows of a dataset: which rows break which rules, and what is missing.

Nothing is made of a row that breaks no rule, and of the columns only those are read that a rule asks for: a file of
rows is asked as it lies there.
"""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from etl.errors import QualityError
from etl.model import Rule, Source, Suite, Unit
from etl.quality import together
from etl.quality.together import ROW

Missing = tuple[str, str | None, str | None]
"""(source, unit, tier) that a table rule names; without a unit the whole source is meant."""
Reach = Sequence[tuple[str, str, str]]
"""(source, unit, tier) that the due sources report on."""
MASK_BITS = 62
MASK = "__mask"
"""Beside the columns of a struck row and its ROW: a bigint with bit i set where it breaks row rule i of the suite."""


@dataclass(frozen=True)
class Scan:
    """struck: the rows that break a row rule or stand in a rejected source, in their order, with ROW and MASK.

    rows: how many each source has. missing: what each table rule names, in order. rejected: of the sources that have
    rows, those that critical table rules name as a whole, with these rules: none of their rows stands.
    errors: of each rule that could not run, why; it broke nothing.
    """

    struck: pa.Table
    rows: Mapping[str, int]
    missing: Mapping[str, list[Missing]]
    rejected: Mapping[str, list[Rule]]
    errors: Mapping[str, str]


def row_rules(suite: Suite) -> list[Rule]:
    return [rule for rule in suite.rules if rule.kind == "row"]


def bits(suite: Suite) -> dict[str, int]:
    """Of each row rule its bit in a mask."""
    return {rule.id: 1 << index for index, rule in enumerate(row_rules(suite))}


def schema_of(rows: Path | pa.Table) -> pa.Schema:
    return pq.read_schema(rows) if isinstance(rows, Path) else rows.schema


def scan(
    rows: Path | pa.Table,
    suite: Suite,
    reach: Reach,
    due: Sequence[Source],
    given: Mapping[str, Collection[str]],
    units: Iterable[Unit],
) -> Scan:
    """Ask every rule; what they may ask is told at the head of expectations/onestop.yml.

    Raises QualityError when the rules run one by one, but not together, and for a row that does not name its source.
    """
    schema = schema_of(rows)
    errors = {
        rule.id: f"cột {column} không có trong dòng chuẩn (it shows a column that the rows do not have)"
        for rule in row_rules(suite)
        for column in rule.show
        if column not in schema.names
    }
    with duckdb.connect() as connection:
        _lay_out(connection, rows, reach, due, given, units)
        counted = dict(connection.sql("select source, count(*) from rows group by source order by source").fetchall())
        if None in counted:
            raise QualityError(f"a row of {suite.dataset} does not name its source")
        missing = {rule.id: _missing(connection, rule, errors) for rule in suite.rules if rule.kind == "table"}
        rejected = _rejected(suite, counted, missing)
        struck = _struck(connection, suite, list(rejected), errors)
    found = [*schema, pa.field(ROW, pa.int64()), pa.field(MASK, pa.int64())]
    return Scan(struck.cast(pa.schema(found)), counted, missing, rejected, errors)


def _lay_out(
    connection: duckdb.DuckDBPyConnection,
    rows: Path | pa.Table,
    reach: Reach,
    due: Sequence[Source],
    given: Mapping[str, Collection[str]],
    units: Iterable[Unit],
) -> None:
    """The tables a rule may ask: rows, due, reach, given, units."""
    text = pa.string()
    names, codes, tiers = zip(*reach, strict=True)
    listed = list(units)
    laid = {
        "due": pa.table({"source": pa.array([source.id for source in due], text)}),
        "given": pa.table(
            {
                "source": pa.array([source.id for source in due for _ in given[source.id]], text),
                "measure": pa.array([measure for source in due for measure in given[source.id]], text),
            }
        ),
        "reach": pa.table({"source": names, "unit": codes, "tier": tiers}),
        "units": pa.table(
            {
                name: pa.array([getattr(unit, name) for unit in listed], text)
                for name in ("code", "name", "level", "parent")
            }
        ),
    }
    if isinstance(rows, Path):
        file = glob.escape(str(rows)).replace("'", "''")
        connection.execute(
            f"create view rows as select * exclude (file_row_number), file_row_number as {ROW} "
            f"from read_parquet('{file}', file_row_number = true)"
        )
    else:
        laid["rows"] = rows.append_column(ROW, pa.array(np.arange(rows.num_rows)))
    for name, content in laid.items():
        connection.register(name, content)


def _rejected(
    suite: Suite, counted: Mapping[str, int], missing: Mapping[str, Sequence[Missing]]
) -> dict[str, list[Rule]]:
    by = [(rule, set(missing.get(rule.id, ()))) for rule in suite.rules if rule.severity == "critical"]
    rejected = {source: [rule for rule, named in by if (source, None, None) in named] for source in counted}
    return {source: rules for source, rules in rejected.items() if rules}


def _struck(
    connection: duckdb.DuckDBPyConnection, suite: Suite, rejected: Sequence[str], errors: dict[str, str]
) -> pa.Table:
    connection.register("rejected", pa.table({"source": pa.array(rejected, pa.string())}))
    asked = [rule for rule in row_rules(suite) if rule.id not in errors]
    try:
        return _asked(connection, suite, asked)
    except duckdb.Error as problem:
        for rule in asked:
            try:
                connection.execute(f"select count(*) from ({together.by_itself(rule, bits(suite))})").fetchall()
            except duckdb.Error as its_own:
                errors[rule.id] = _told(its_own)
        try:
            return _asked(connection, suite, [rule for rule in asked if rule.id not in errors])
        except duckdb.Error:
            raise QualityError(f"suite {suite.dataset} could not run: {problem}") from problem


def _asked(connection: duckdb.DuckDBPyConnection, suite: Suite, rules: Sequence[Rule]) -> pa.Table:
    broken = [together.struck(connection, rules, bits(suite))] if rules else []
    broken.append(f"select {ROW}, 0::bigint as mask from rows where source in (select source from rejected)")
    connection.execute(
        f"create or replace temp table struck as select {ROW}, bit_or(mask) as {MASK} "
        f"from ({' union all '.join(broken)}) group by all"
    )
    return connection.sql(f"select rows.*, {MASK} from rows join struck using ({ROW}) order by {ROW}").to_arrow_table()


def _missing(connection: duckdb.DuckDBPyConnection, rule: Rule, errors: dict[str, str]) -> list[Missing]:
    try:
        found: list[Missing] = connection.sql(
            f"select source, unit, tier from ({rule.violation}) order by all"
        ).fetchall()
    except duckdb.Error as problem:
        errors[rule.id] = _told(problem)
        return []
    return found


def _told(problem: duckdb.Error) -> str:
    return str(problem).splitlines()[0]
