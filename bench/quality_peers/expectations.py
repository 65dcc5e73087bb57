"""Great Expectations' own engines: pandas, and SQLAlchemy on DuckDB, which tells all failing rows only when it is asked
for them once more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import duckdb
import great_expectations as gx
from asked import Told, failing, laid_out, told
from great_expectations import expectations as gxe
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Of 1.24: it reads rows after their cursor is gone, which DuckDB does not forgive."""

    def execute_query(self, query: Any) -> Any:
        with self.get_connection() as connection:
            return self._execute_query_with_recovery(connection, query).freeze()()


class DuckDBDatasource(SQLDatasource):
    type: Literal["duckdb"] = "duckdb"

    def _execution_engine_type(self) -> Any:
        return DuckDBExecutionEngine

    @property
    def execution_engine_type(self) -> Any:
        return DuckDBExecutionEngine


def judge(asked: Mapping[str, Any], folder: Path) -> Told:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    rules, by_pandas = asked["rules"], asked["how"] == "pandas"
    expected: dict[str, Any]
    if by_pandas:
        import frames

        frame = frames.read(folder)
        made = frames.conditions(asked, folder)
        frame = frame.assign(**{rule["id"]: made[rule["id"]](frame) for rule in rules})
        batch = context.data_sources.add_pandas("bench").add_dataframe_asset("rows")
        definition, given = batch.add_batch_definition_whole_dataframe("all"), {"dataframe": frame}
        expected = {
            rule["id"]: gxe.ExpectColumnValuesToBeInSet(column=rule["id"], value_set=[False], meta={"id": rule["id"]})
            for rule in rules
        }
    else:
        with duckdb.connect(str(folder / "gx.duckdb")) as connection:
            laid_out(connection, folder)
        source = context.data_sources.add_duckdb("bench", connection_string=f"duckdb:///{folder / 'gx.duckdb'}")
        asset = source.add_query_asset("due", query="select source from due")
        definition, given = asset.add_batch_definition_whole_table("all"), None
        expected = {
            rule["id"]: gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=failing(rule["violation"]), meta={"id": rule["id"]}
            )
            for rule in rules
        }
    suite = context.suites.add(gx.ExpectationSuite(name="bench", expectations=list(expected.values())))
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="bench", data=definition, suite=suite))
    wanted = {"result_format": "COMPLETE" if by_pandas else "SUMMARY", "return_unexpected_index_query": False}
    results = validation.run(batch_parameters=given, result_format=wanted).results
    rows: dict[str, list[int]] = {}
    counts = {}
    for one in results:
        rule, result = one.expectation_config.meta["id"], one.result
        counts[rule] = result.get("unexpected_count", result.get("observed_value"))
        if by_pandas:
            rows[rule] = result.get("unexpected_index_list") or []
        elif counts[rule]:
            rows[rule] = [row["number"] for row in validation.get_unexpected_rows(expected[rule])]
        else:
            rows[rule] = []
    if counts != {rule["id"]: len(rows.get(rule["id"], ())) for rule in rules}:
        raise SystemExit(f"Great Expectations could not judge: {counts}")
    return rows


if __name__ == "__main__":
    told(judge)
