"""Great Expectations' own engines: pandas, and SQLAlchemy on DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import duckdb
import great_expectations as gx
from asked import laid_out, measured
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


def work(asked: Mapping[str, Any], folder: Path) -> Mapping[str, int]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    rules = asked["rules"]
    if asked["how"] == "pandas":
        import frames

        frame = frames.read(folder)
        made = frames.conditions(asked, folder)
        frame = frame.assign(**{rule["id"]: made[rule["id"]](frame) for rule in rules})
        batch = context.data_sources.add_pandas("bench").add_dataframe_asset("rows")
        definition, given = batch.add_batch_definition_whole_dataframe("all"), {"dataframe": frame}
        expected = [
            gxe.ExpectColumnValuesToBeInSet(column=rule["id"], value_set=[False], meta={"id": rule["id"]})
            for rule in rules
        ]
    else:
        with duckdb.connect(str(folder / "gx.duckdb")) as connection:
            laid_out(connection, folder)
        source = context.data_sources.add_duckdb("bench", connection_string=f"duckdb:///{folder / 'gx.duckdb'}")
        asset = source.add_query_asset("due", query="select source from due")
        definition, given = asset.add_batch_definition_whole_table("all"), None
        expected = [
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=f"select * from (select *, ({rule['violation']}) as bad from rows) where bad",
                meta={"id": rule["id"]},
            )
            for rule in rules
        ]
    suite = context.suites.add(gx.ExpectationSuite(name="bench", expectations=expected))
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="bench", data=definition, suite=suite))
    result = validation.run(batch_parameters=given, result_format="SUMMARY").to_json_dict()
    counted = {}
    for one in result["results"]:
        told = one["result"]
        counted[one["expectation_config"]["meta"]["id"]] = told.get("unexpected_count", told.get("observed_value"))
    if set(counted) != {rule["id"] for rule in rules} or None in counted.values():
        raise SystemExit(f"Great Expectations could not judge: {counted}")
    return counted


if __name__ == "__main__":
    measured(work)
