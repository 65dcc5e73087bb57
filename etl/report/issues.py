"""Rows gathered into what a person decides at once: what one source broke in one way. And rules, by what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from etl.model import Comparison, Rule, RuleOutcome
from etl.model.rules import ACROSS
from etl.report.rows import SEVERITIES


def issues(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each source and set of rules that the same rows break; each row gets the `id` of its `issue`.

    rows: as `rows` gives them, the gravest first.
    """
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["source"], row["waiver"] or "", *sorted({row["rule"], *row["also"]})), []).append(row)
    for number, members in enumerate(groups.values()):
        for row in members:
            row["issue"] = number
    return [_issue(number, members) for number, members in enumerate(groups.values())]


def _issue(number: int, members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    worst = members[0]
    return {
        "id": number,
        "source": worst["source"],
        "owner": worst["owner"],
        "severity": worst["severity"],
        "waiver": worst["waiver"],
        "rules": [worst["rule"], *worst["also"]],
        "row": dict(worst),
        "rows": sum(row["more"] or 1 for row in members if row["rule"] == worst["rule"]),
        "units": len({row["unit"] for row in members}),
    }


def dated(
    issues: Iterable[Mapping[str, Any]], since: Mapping[tuple[str, str], Mapping[str, str]]
) -> list[dict[str, Any]]:
    """The issues with `since`, the earliest of their rules'.

    since: of source and rule the first period, and in this period the first load, from which it stands unbroken.
    """
    return [
        {
            **one,
            "since": dict(
                min(
                    (since[one["source"], rule] for rule in one["rules"]),
                    key=lambda first: (first["period"], first["recorded_at"]),
                )
            ),
        }
        for one in issues
    ]


def ranked(issues: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The gravest first, then by how many cells of forms they hold back, then by the size of the difference."""

    def rank(issue: Mapping[str, Any]) -> tuple[Any, ...]:
        size = abs(issue["row"]["difference"] or 0)
        return SEVERITIES.index(issue["severity"]), -issue["only"], -issue["cells"], -size, issue["source"]

    return sorted(map(dict, issues), key=rank)


def alike(issues: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Issues that break the same rules, of whatever source, as one: the first of them with all units and rows."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for issue in issues:
        groups.setdefault(tuple(sorted(issue["rules"])), []).append(issue)
    return [
        {
            **members[0],
            "units": list(dict.fromkeys(one["row"]["unit_name"] for one in members)),
            "rows": sum(one["rows"] for one in members),
            "since": min(one["since"]["period"] for one in members),
        }
        for members in groups.values()
    ]


def open_findings(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """By criterion and severity, how many findings there are."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        found.setdefault(row["dimension"] or "", Counter())[row["severity"]] += row["more"] or 1
    return {name: dict(counted) for name, counted in found.items()}


def outcomes(
    judged: Iterable[RuleOutcome],
    rules: Mapping[tuple[str, str], Rule | Comparison],
    rows: Sequence[Mapping[str, Any]],
    datasets: Collection[str],
) -> list[dict[str, Any]]:
    """How each rule of these datasets ended in the load: what could not run or is dead first, then what failed.

    rules: of today's suites, for how they are written, and for all of it where the load is older than the record of its
    outcomes. rows: those that concern the reader; a rule that none of them breaks has passed for him. dead: it does not
    fire on a record planted to break it.
    """
    broken: dict[tuple[str, str], Counter[str]] = {}
    standing: set[tuple[str, str]] = set()
    for row in rows:
        broken.setdefault((row["dataset"], row["rule"]), Counter())[row["source"]] += row["more"] or 1
        standing |= set() if row["waiver"] else {(row["dataset"], row["rule"])}
    known = list(judged) or [_unjudged(dataset, rule) for (dataset, _), rule in rules.items() if isinstance(rule, Rule)]
    everywhere = {rule.id: rule for rule in rules.values() if isinstance(rule, Comparison)}
    told = []
    for one in known:
        found = broken.get((one.dataset, one.rule), Counter())
        rule = rules.get((one.dataset, one.rule))
        open_ = (one.dataset, one.rule) in standing
        if one.dataset == ACROSS:  # its findings are of the datasets of their sources
            found = sum((counted for (_, id_), counted in broken.items() if id_ == one.rule), Counter())
            rule = everywhere.get(one.rule)
            open_ = any(id_ == one.rule for _, id_ in standing)
        elif one.dataset not in datasets:
            continue
        told.append(
            {
                "dataset": one.dataset,
                "id": one.rule,
                "title": vars(one.title),
                "severity": one.severity,
                "dimension": one.dimension,
                "law": one.law,
                "kind": one.kind,
                "violation": rule.violation if rule else "",
                "state": one.state
                if one.state not in ("pass", "fail")
                else "fail"
                if open_
                else "waived"
                if found
                else "pass",
                "judged": one.judged,
                "waived": one.waived,
                "dead": one.proven is False,
                "reason": one.reason,
                "rows": found.total(),
                "sources": sorted(found),
            }
        )
    return sorted(told, key=_alarm)


def _unjudged(dataset: str, rule: Rule) -> RuleOutcome:
    return RuleOutcome.of(dataset, rule, "pass")


def _alarm(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    states = ("error", "fail", "waived", "not_run", "pass")
    return not rule["dead"], states.index(rule["state"]), SEVERITIES.index(rule["severity"])
