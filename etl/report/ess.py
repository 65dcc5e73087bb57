"""A quality report as a validation report of the European Statistical System.

The structure is that of van der Loo and ten Bosch, "Design of a generic machine-readable validation report structure"
(ESSnet ValiDat Integration, 2017), in the JSON schema 1.0.1 of github.com/data-cleaning/ValidatReport: an array of
validations, each an event, a rule, data and a value of 0 (broken), 1 (held) or NA (could not be judged). `state`,
`rows`, `sources` and `dimension` beside them are ours: the schema allows more, and knows neither a waiver nor how often
a rule is broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from etl.model import Severity

VERSION: Final = "1.0.1"
_SEVERITIES: Final[Mapping[Severity, str]] = {"critical": "error", "warning": "warning", "info": "information"}
_VALUES: Final = {"pass": "1", "fail": "0", "waived": "0", "error": "NA", "not_run": "NA"}
_ACTOR: Final = "baocao-etl"


def validation_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report with its rules and rows as `validations`; the rest of it beside them."""
    judged = validations(report["period"]["key"], report["run"], report["rules"], report["rows"])
    beside = (
        "period",
        "scope",
        "run",
        "criteria",
        "trend",
        "forms",
        "sources",
        "decisions",
        "waivers",
        "mirror",
        "predecessor",
    )
    return {
        "standard": {"name": "ESS validation report", "schema": VERSION},
        **{name: report[name] for name in beside},
        "issues": [{**one, "row": one["row"]["rule"]} for one in report["issues"]],
        "validations": judged,
    }


def validations(
    period: str, run: Mapping[str, str], rules: Iterable[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One validation a rule over all it judged, then one a finding, on the figure that it doubts.

    run: its id and moment. rules, rows: as the report has them. A data point is named by dataset, period, unit, field
    and column; where it was read, by the sha256 of the answer and the place in it.
    """
    told = list(rules)
    event = {"time": run["recorded_at"], "actor": _ACTOR, "agent": None, "trigger": run["run"]}
    expressions = {(rule["dataset"], rule["id"]): _rule(rule) for rule in told}
    found = [
        {
            "id": f"{rule['dataset']}/{rule['id']}",
            "type": "validation",
            "event": event,
            "rule": expressions[rule["dataset"], rule["id"]],
            "data": {"source": [[rule["dataset"], period]], "target": [[rule["dataset"], period]]},
            "value": _VALUES[rule["state"]],
            "state": rule["state"],
            "dimension": rule["dimension"],
            "rows": rule["rows"],
            "waived": rule["waived"],
            "dead": rule["dead"],
            "sources": rule["sources"],
        }
        for rule in told
    ]
    return found + [_finding(number, period, event, expressions, row) for number, row in enumerate(rows, 1)]


def _rule(rule: Mapping[str, Any]) -> dict[str, str]:
    return {
        "language": "SQL (DuckDB)",
        "expression": f"NOT ({rule['violation'].strip()})" if rule["kind"] == "row" else rule["violation"].strip(),
        "severity": _SEVERITIES[rule["severity"]],
        "description": f"{rule['title']['vi']} / {rule['title']['en']}",
        "explanation": rule["law"],
    }


def _finding(
    number: int,
    period: str,
    event: Mapping[str, Any],
    expressions: Mapping[tuple[str, str], Mapping[str, str]],
    row: Mapping[str, Any],
) -> dict[str, Any]:
    retired = {"language": "", "expression": row["rule"], "severity": _SEVERITIES[row["severity"]]}
    columns: Sequence[str] = [one["column"] for one in row["figures"]] or [row["column"]]
    point = [row["dataset"], period, row["unit"], row["field"] or ""]
    read_at = [[row["payload"], row["pointer"]]] if row["payload"] else [[row["dataset"], period, row["source"]]]
    if row["other_payload"]:
        read_at.append([row["other_payload"], row["other_pointer"]])
    return {
        "id": f"{row['dataset']}/{row['rule']}/{number}",
        "type": "validation",
        "event": event,
        "rule": expressions.get((row["dataset"], row["rule"]), retired),
        "data": {
            "source": read_at,
            "target": [[*point, column] for column in columns],
            "description": row["message"],
        },
        "value": "0",
        "state": "waived" if row["waiver"] else "fail",
        "waiver": row["waiver"],
        "waive": row["waive"],
        "dimension": row["dimension"],
        "rows": 1,
        "sources": [row["source"]],
        "observed": row["value"],
        "expected": row["expected"],
        "difference": row["difference"],
    }
