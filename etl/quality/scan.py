"""One pass of DuckDB over the rows of a dataset: which rules each row breaks, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from etl.errors import QualityError
from etl.model import Rule, Source, Suite, Unit

Missing = tuple[str, str | None, str | None]
"""(source, unit, tier) that a table rule names; without a unit the whole source is meant."""
Reach = Sequence[tuple[str, str, str]]
"""(source, unit, tier) that the due sources report on."""
MASK_BITS = 62
_ROW = "__row"


@dataclass(frozen=True)
class Scan:
    """masks: a bigint for each row, in their order, with bit i set when it breaks row rule i of the suite.

    missing: what each table rule names, in order. errors: of each rule that could not run, why; it broke nothing.
    """

    masks: pa.Array
    missing: Mapping[str, list[Missing]]
    errors: Mapping[str, str]


def row_rules(suite: Suite) -> list[Rule]:
    return [rule for rule in suite.rules if rule.kind == "row"]


def bits(suite: Suite) -> dict[str, int]:
    """Of each row rule its bit in a mask."""
    return {rule.id: 1 << index for index, rule in enumerate(row_rules(suite))}


def scan(
    table: pa.Table,
    suite: Suite,
    reach: Reach,
    due: Sequence[Source],
    given: Mapping[str, Collection[str]],
    units: Iterable[Unit],
) -> Scan:
    """Ask every rule; what they may ask is told at the head of expectations/onestop.yml.

    Raises QualityError when the rules run one by one, but not together.
    """
    errors = {
        rule.id: f"cột {column} không có trong dòng chuẩn (it shows a column that the rows do not have)"
        for rule in row_rules(suite)
        for column in rule.show
        if column not in table.column_names
    }
    with duckdb.connect() as connection:
        _lay_out(connection, table, reach, due, given, units)
        masks = _masks(connection, suite, errors)
        missing = {rule.id: _missing(connection, rule, errors) for rule in suite.rules if rule.kind == "table"}
    return Scan(masks, missing, errors)


def _lay_out(
    connection: duckdb.DuckDBPyConnection,
    table: pa.Table,
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
        "rows": table.append_column(_ROW, pa.array(range(table.num_rows), pa.int64())),
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
    for name, content in laid.items():
        connection.register(name, content)


def _masks(connection: duckdb.DuckDBPyConnection, suite: Suite, errors: dict[str, str]) -> pa.Array:
    bit = bits(suite)
    terms = {
        rule.id: f"(case when ({rule.violation}) then {bit[rule.id]} else 0 end)::bigint"
        for rule in row_rules(suite)
        if rule.id not in errors
    }
    query = f"select {{}} as mask from rows order by {_ROW}"

    def masks() -> pa.Array:
        found = connection.sql(query.format(" | ".join(["0::bigint", *terms.values()]))).to_arrow_table()
        return found["mask"].combine_chunks()

    try:
        return masks()
    except duckdb.Error as problem:
        for rule, term in list(terms.items()):
            if (why := _fails(connection, query.format(term))) is not None:
                errors[rule] = why
                del terms[rule]
        try:
            return masks()
        except duckdb.Error:
            raise QualityError(f"suite {suite.dataset} could not run: {problem}") from problem


def _missing(connection: duckdb.DuckDBPyConnection, rule: Rule, errors: dict[str, str]) -> list[Missing]:
    query = f"select source, unit, tier from ({rule.violation}) order by all"
    if (why := _fails(connection, query)) is not None:
        errors[rule.id] = why
        return []
    found: list[Missing] = connection.sql(query).fetchall()
    return found


def _fails(connection: duckdb.DuckDBPyConnection, query: str) -> str | None:
    """What DuckDB says of a query that does not run to its end."""
    try:
        connection.sql(query).fetchall()
    except duckdb.Error as problem:
        return str(problem).splitlines()[0]
    return None
