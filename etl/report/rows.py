"""Findings as a reviewer reads them: of whom, which figures, what they should be, by how much, where they were read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from etl.model import Comparison, Finding, Rule, Severity, Text
from etl.report.waiving import block

SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "warning", "info")
"""Gravest first."""
_IDENTITY = re.compile(r"(\w+) <> (\w+)(?:::hugeint)?((?: \+ \w+)+)")
"""How a rule says that a total is not the sum of its parts; what it should be can then be computed."""
_WHOLE = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class Holder:
    """A source in words: the unit it reports for, who runs it, and its dataset."""

    dataset: str
    unit: str
    owner: str


@dataclass(frozen=True)
class Known:
    """What the codes in findings mean.

    rules: by dataset and id. figures: by dataset and measure its title, with the column of the form that shows it.
    landed: of payloads where the bytes lie in the store and when they were fetched. pulls: of each source whose newest
    pull is not whole, how it ended and what to do.
    """

    rules: Mapping[tuple[str, str], Rule | Comparison]
    figures: Mapping[str, Mapping[str, Text]]
    sources: Mapping[str, Holder]
    units: Mapping[str, str]
    fields: Mapping[str, str]
    landed: Mapping[str, tuple[str, dt.datetime]]
    pulls: Mapping[str, tuple[Text, str]]

    def rule(self, finding: Finding) -> Rule | Comparison | None:
        """None for a rule that is in no suite any more."""
        return self.rules.get((self.sources[finding.source].dataset, finding.rule))


def rows(findings: Iterable[Finding], known: Known) -> list[dict[str, Any]]:
    """One JSON-able entry a finding, the gravest first, then by the size of the difference."""
    given = list(findings)
    also: dict[tuple[str, str, str], list[str]] = {}
    for finding in given:
        if finding.row:
            also.setdefault(_place(finding), []).append(finding.rule)
    told = [_told(one, known, [rule for rule in also.get(_place(one), ()) if rule != one.rule]) for one in given]
    return sorted(told, key=_gravity)


def _place(finding: Finding) -> tuple[str, str, str]:
    return finding.source, finding.payload or "", finding.row


def _gravity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    size = abs(row["difference"] or 0)
    return SEVERITIES.index(row["severity"]), -size, row["source"], row["rule"], row["unit"] or "", row["pointer"]


def _told(finding: Finding, known: Known, also: Sequence[str]) -> dict[str, Any]:
    rule, source = known.rule(finding), known.sources[finding.source]
    figures = _figures(finding, known.figures.get(source.dataset, {}))
    value, expected, sum_of = finding.value, finding.expected, ""
    if rule is not None and figures and (found := _identity(rule, {one["column"]: one["value"] for one in figures})):
        value, expected, sum_of = found
    uri, fetched_at = known.landed.get(finding.payload or "", ("", None))
    return {
        "rule": finding.rule,
        "title": vars(rule.title) if rule else {"vi": finding.rule, "en": finding.rule},
        "severity": finding.severity,
        "dimension": rule.dimension if rule else None,
        "law": rule.source if rule else "",
        "kind": rule.kind if rule else "row",
        "dataset": source.dataset,
        "source": finding.source,
        "owner": source.owner,
        "unit": finding.unit or source.unit,
        "unit_name": known.units.get(finding.unit or source.unit, finding.unit or source.unit),
        "whole_source": finding.unit is None,
        "field": finding.field,
        "field_name": known.fields.get(finding.field or "", finding.field),
        "figures": figures,
        "column": finding.column,
        "more": finding.more,
        "value": value,
        "expected": expected,
        "sum_of": sum_of,
        "difference": _difference(value, expected),
        "message": finding.message,
        "waiver": finding.waiver,
        "waive": block(finding, rule, source.dataset, source.owner),
        "pull": _pull(finding, known),
        "also": list(also),
        "payload": finding.payload,
        "pointer": finding.row,
        "other_source": finding.other_source,
        "other_period": finding.other_period,
        "other_payload": finding.other_payload,
        "other_pointer": finding.other_row,
        "uri": uri,
        "fetched_at": fetched_at and fetched_at.isoformat(),
    }


def _pull(finding: Finding, known: Known) -> dict[str, Any] | None:
    """How the pull ended, of a finding that a source gave nothing."""
    if finding.payload or finding.unit is not None or finding.source not in known.pulls:
        return None
    title, message = known.pulls[finding.source]
    return {"title": vars(title), "message": message}


def _figures(finding: Finding, titles: Mapping[str, Text]) -> list[dict[str, Any]]:
    """The figures that the finding shows, each under its title; none where it shows something else."""
    columns, values = finding.column.split(", "), finding.value.split(", ")
    if len(columns) != len(values) or not all(column in titles for column in columns):
        return []
    return [
        {"column": column, "title": vars(titles[column]), "value": value}
        for column, value in zip(columns, values, strict=True)
    ]


def _identity(rule: Rule | Comparison, figures: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Of a total that is not the sum of its parts: the total, what they add up to, and the addition."""
    found = _IDENTITY.fullmatch(rule.violation.strip())
    if found is None:
        return None
    total, parts = found[1], [found[2], *found[3].removeprefix(" + ").split(" + ")]
    if not all(_WHOLE.fullmatch(figures.get(name, "")) for name in (total, *parts)):
        return None
    return figures[total], str(sum(int(figures[name]) for name in parts)), " + ".join(figures[name] for name in parts)


def _difference(value: str, expected: str) -> int | None:
    both = _WHOLE.fullmatch(value) and _WHOLE.fullmatch(expected)
    return int(value) - int(expected) if both else None
