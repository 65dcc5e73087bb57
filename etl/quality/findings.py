"""What a reviewer and the figures are told of rows that broke a rule: findings and holes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from etl.model import ALL, NATION, PROCEDURE_CODE, Finding, Hole, Rule, RuleOutcome, RuleState, Source, Suite
from etl.periods import Period
from etl.quality.gx import column_of
from etl.units import UnitTree

Missing = tuple[str, str | None, str | None]
"""(source, unit, tier) that a table rule names; without a unit the whole source is meant."""


EMPTY = "không có dòng nào để kiểm tra (there was no row to judge)"


def row_rules(suite: Suite) -> list[Rule]:
    return [rule for rule in suite.rules if rule.kind == "row"]


def why(row: Mapping[str, Any], rule: Rule) -> str:
    """The reader's own sentence where the reader found it, else the rule that the row breaks."""
    if row["problem"] and row["problem_rule"] == rule.id:
        return str(row["problem"])
    return f"không đạt: {rule.title.vi}"


def row_findings(
    suite: Suite, offenders: Sequence[tuple[Mapping[str, Any], int]], bits: Mapping[str, int], period: Period
) -> Iterator[Finding]:
    for row, mask in offenders:
        field = row["field"]
        split = "thủ tục" if re.fullmatch(PROCEDURE_CODE, field or "") else "lĩnh vực"
        of = row["agency"] if field in (None, ALL) else f"{row['agency']}, {split} {field}"
        for rule in row_rules(suite):
            if mask & bits[rule.id]:
                yield Finding(
                    rule=rule.id,
                    severity=rule.severity,
                    source=row["source"],
                    period=period.key,
                    message=f"{of}: {why(row, rule)}",
                    unit=row["unit"],
                    field=row["field"],
                    payload=row["payload"],
                    row=row["pointer"],
                    column=", ".join(rule.show),
                    value=", ".join("(trống)" if row[name] is None else str(row[name]) for name in rule.show),
                    expected=rule.message,
                )


def table_findings(
    suite: Suite,
    missing: Mapping[str, Sequence[Missing]],
    period: Period,
    tree: UnitTree,
) -> Iterator[Finding]:
    for rule in suite.rules:
        for source, unit, tier in missing.get(rule.id, ()):
            who = f"nguồn {source}" if unit is None else f"{tree[unit].name} ({unit}, nguồn {source})"
            yield Finding(
                rule=rule.id,
                severity=rule.severity,
                source=source,
                period=period.key,
                message=f"{who}: không đạt: {rule.title.vi}",
                unit=unit,
                column="" if tier is None else "tier",
                value="" if tier is None else tier,
                expected=rule.message,
            )


def holes(
    suite: Suite,
    held: Iterator[Mapping[str, Any]],
    missing: Mapping[str, Sequence[Missing]],
    reach: Sequence[tuple[str, str, str]],
    due: Sequence[Source],
    tree: UnitTree,
) -> list[Hole]:
    """One for each thing that is not known, without repetition.

    A unit that its source does not report on is not believed: the row could be of any unit of the source.
    """
    province = {source.id: source.unit for source in due}
    own = set(reach) | {(source, unit, None) for source, unit, _ in reach}
    found: dict[Hole, None] = {}
    for row in held:
        source, unit, tier = row["source"], row["unit"], row["tier"]
        home = province.get(source) or (unit if unit in tree else NATION)
        if unit is not None and (source, unit, tier) not in own:
            unit = tier = None
        found[Hole(suite.dataset, source, home, unit, tier, row["field"], "quarantined")] = None
    for rule in suite.rules:
        for source, unit, tier in missing.get(rule.id, ()) if rule.severity == "critical" else ():
            reason: Literal["missing_source", "missing_unit"] = "missing_unit" if unit else "missing_source"
            found[Hole(suite.dataset, source, province[source], unit, tier, None, reason)] = None
    return list(found)


def outcomes(
    suite: Suite,
    counts: pa.Table,
    states: Mapping[str, RuleState],
    sources: Mapping[str, Sequence[str]],
) -> list[RuleOutcome]:
    """What each rule said, in the order of the suite. Without any row, one that is not broken has judged nothing."""
    rows, due = pc.sum(counts["rows"]).as_py(), counts.num_rows
    named = counts["source"].to_pylist()
    found = []
    for rule in suite.rules:
        broken = dict(zip(named, counts[column_of(rule)].to_pylist(), strict=True))
        state: RuleState = "not_run" if states[rule.id] == "pass" and not rows else states[rule.id]
        found.append(
            RuleOutcome(
                suite.dataset,
                rule.id,
                rule.title,
                rule.severity,
                rule.dimension,
                rule.source,
                rule.kind,
                state,
                judged=rows if rule.kind == "row" else due,
                broken=sum(broken.values()),
                sources={source: broken[source] for source in sources[rule.id]},
                reason=EMPTY if state == "not_run" else "",
            )
        )
    return found
