"""Great Expectations as the judge: one small table of counts, one expectation a rule, an ephemeral context.

The rows themselves are scanned by `etl.quality`. Great Expectations drops an expectation it cannot build with
no more than a log line, and reports one that could not run as if it had failed, so both are looked for here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from etl.errors import QualityError
from etl.model import Rule, RuleState, Suite

_FRAME = "FRAME"
"""Not a rule of the suite: that the table of counts covers every due source. Failing is our fault, not the data's."""


@dataclass(frozen=True)
class Verdict:
    """states: rule id -> pass, fail or error. errors: why, of each in error. record: GX's own result, for audit."""

    states: Mapping[str, RuleState]
    errors: Mapping[str, str]
    record: dict[str, Any]


def column_of(rule: Rule) -> str:
    """The column of the table of counts that holds a rule's violations."""
    return f"bad_{rule.id}"


def warm_up() -> None:
    """Import Great Expectations, which takes seconds and would log every expectation that it registers."""
    for noisy in ("great_expectations", "great_expectations.expectations.registry"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    import great_expectations.expectations  # noqa: F401


def judge(suite: Suite, counts: pa.Table, due: Sequence[str]) -> Verdict:
    """Judge a table of one row a source: source, and violations of each rule under `column_of(rule)`.

    A rule without that column, or judged against its counts, is in error. Raises QualityError when one was dropped.
    """
    warm_up()
    import great_expectations as gx
    from great_expectations import expectations as gxe

    expectations: list[Any] = [
        gxe.ExpectColumnValuesToBeBetween(
            column=column_of(rule),
            min_value=0,
            max_value=0,
            severity=rule.severity,
            description=rule.title.vi,
            meta={"id": rule.id},
        )
        for rule in suite.rules
    ]
    expectations.append(
        gxe.ExpectColumnDistinctValuesToContainSet(column="source", value_set=list(due), meta={"id": _FRAME})
    )
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("counts").add_dataframe_asset(suite.dataset)
    built = context.suites.add(gx.ExpectationSuite(name=f"{suite.dataset} {suite.version}", expectations=expectations))
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name=suite.dataset, data=asset.add_batch_definition_whole_dataframe("all"), suite=built)
    )
    result = validation.run(
        batch_parameters={"dataframe": counts.to_pandas()},
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["source"],
            "return_unexpected_index_query": False,
        },
    )
    record: dict[str, Any] = result.to_json_dict()
    return _read(suite, counts, len(built.expectations), record)


def _read(suite: Suite, counts: pa.Table, taken: int, record: dict[str, Any]) -> Verdict:
    """GX's results are in no order, so each is known by its meta id."""
    results = {one["expectation_config"]["meta"]["id"]: one for one in record["results"]}
    wanted = {rule.id for rule in suite.rules} | {_FRAME}
    if taken != len(wanted) or set(results) != wanted or len(record["results"]) != len(wanted):
        raise QualityError(
            f"suite {suite.dataset}: of {len(wanted)} expectations Great Expectations took {taken} "
            f"and judged {len(results)}; missing: {sorted(wanted - set(results)) or 'none'}"
        )
    if not results[_FRAME]["success"]:
        raise QualityError(f"suite {suite.dataset}: a due source is missing from the counts to be judged")
    states: dict[str, RuleState] = {}
    errors: dict[str, str] = {}
    for rule in suite.rules:
        one = results[rule.id]
        if not one["result"] or _raised(one["exception_info"]):
            errors[rule.id] = "Great Expectations không chấm được (could not judge it)"
        elif not _as_counted(counts, rule, one):
            errors[rule.id] = "Great Expectations chấm khác số đã đếm (judged it other than its counts say)"
        states[rule.id] = "error" if rule.id in errors else "pass" if one["success"] else "fail"
    return Verdict(states, errors, record)


def _as_counted(counts: pa.Table, rule: Rule, result: Mapping[str, Any]) -> bool:
    pairs = zip(counts["source"].to_pylist(), counts[column_of(rule)].to_pylist(), strict=True)
    counted = {source for source, bad in pairs if bad}
    named = {index["source"] for index in result["result"].get("unexpected_index_list") or ()}
    return counted == named and bool(counted) != result["success"]


def _raised(info: Mapping[str, Any]) -> bool:
    """Exception info comes flat, or as one entry for each metric that failed."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(_raised(part) for part in info.values() if isinstance(part, dict))
