"""Rows gathered into what a person decides at once: what one source broke in one way. And rules, by what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from etl.model import Rule
from etl.report.rows import SEVERITIES


def issues(rows: Sequence[dict[str, Any]], since: Mapping[tuple[str, str], Mapping[str, str]]) -> list[dict[str, Any]]:
    """One entry for each source and set of rules that the same rows break; each row gets the `id` of its `issue`.

    rows: as `rows` gives them, the gravest first. since: of source and rule the first period, and in this period the
    first load, from which it stands unbroken.
    """
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["source"], *sorted({row["rule"], *row["also"]})), []).append(row)
    for number, members in enumerate(groups.values()):
        for row in members:
            row["issue"] = number
    return [_issue(number, members, since) for number, members in enumerate(groups.values())]


def _issue(
    number: int, members: Sequence[Mapping[str, Any]], since: Mapping[tuple[str, str], Mapping[str, str]]
) -> dict[str, Any]:
    worst = members[0]
    rules = [worst["rule"], *worst["also"]]
    stands = [since[worst["source"], rule] for rule in rules]
    return {
        "id": number,
        "source": worst["source"],
        "owner": worst["owner"],
        "severity": worst["severity"],
        "rules": rules,
        "row": dict(worst),
        "rows": sum(row["rule"] == worst["rule"] for row in members),
        "units": len({row["unit"] for row in members}),
        "since": dict(min(stands, key=lambda one: (one["period"], one["recorded_at"]))),
    }


def ranked(issues: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The gravest first, then by how many cells of forms they hold back, then by the size of the difference."""

    def rank(issue: Mapping[str, Any]) -> tuple[Any, ...]:
        size = abs(issue["row"]["difference"] or 0)
        return SEVERITIES.index(issue["severity"]), -issue["only"], -issue["cells"], -size, issue["source"]

    return sorted(map(dict, issues), key=rank)


def open_findings(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """By criterion and severity, how many findings there are."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        found.setdefault(row["dimension"] or "", Counter())[row["severity"]] += 1
    return {name: dict(counted) for name, counted in found.items()}


def outcomes(rules: Mapping[tuple[str, str], Rule], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every rule of the suites with how it ended: those that failed first, the gravest before the others."""
    broken: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        broken.setdefault((row["dataset"], row["rule"]), []).append(row["source"])
    told = [
        {
            "dataset": dataset,
            "id": rule.id,
            "title": vars(rule.title),
            "severity": rule.severity,
            "dimension": rule.dimension,
            "law": rule.source,
            "kind": rule.kind,
            "violation": rule.violation,
            "state": "fail" if (found := broken.get((dataset, rule.id), [])) else "pass",
            "rows": len(found),
            "sources": sorted(set(found)),
        }
        for (dataset, _), rule in rules.items()
    ]
    return sorted(told, key=lambda one: (one["state"] == "pass", SEVERITIES.index(one["severity"])))
