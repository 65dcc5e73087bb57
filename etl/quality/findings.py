"""What a reviewer and the figures are told of rows that broke a rule: findings and holes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from etl.model import ALL, NATION, PROCEDURE_CODE, Finding, Hole, Rule, RuleOutcome, RuleState, Source, Suite
from etl.periods import Period
from etl.quality.gx import Verdict, column_of
from etl.quality.proof import Proof
from etl.quality.scan import Missing, Reach, row_rules
from etl.units import UnitTree

EMPTY = "không có dòng nào để kiểm tra (there was no row to judge)"


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


def unchecked(suite: Suite, errors: Mapping[str, str], due: Sequence[Source], period: Period) -> list[Finding]:
    """Of every due source, each rule that said nothing: critical whatever the rule's own severity."""
    return [
        Finding(
            rule=rule,
            severity="critical",
            source=source.id,
            period=period.key,
            message=f"Quy tắc {rule} của bộ {suite.dataset} không kiểm tra được, nên cả bộ tạm giữ số liệu: {reason}",
            expected=f"sửa expectations/{suite.dataset}.yml cho tới khi `baocao rules prove` đạt, rồi chạy "
            f"`baocao replay {period.key}`",
        )
        for rule, reason in errors.items()
        for source in due
    ]


def withheld_all(suite: Suite, due: Sequence[Source]) -> list[Hole]:
    """A dataset that was not checked holds back every figure of those who report it."""
    return [
        Hole(suite.dataset, source.id, source.unit, None, None, None, "unchecked")
        for source in due
        if source.role == "reporting"
    ]


def holes(
    suite: Suite,
    held: Iterator[Mapping[str, Any]],
    missing: Mapping[str, Sequence[Missing]],
    reach: Reach,
    due: Sequence[Source],
    tree: UnitTree,
    answered: Collection[str],
) -> list[Hole]:
    """One for each thing that is not known, without repetition; of sources for comparison none.

    A unit that its source does not report on is not believed: the row could be of any unit of the source.
    answered: the sources that have rows; one that a table rule names as a whole is in doubt then, and not missing.
    """
    province = {source.id: source.unit for source in due}
    compared = {source.id for source in due if source.role == "comparison"}
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
            reason: Literal["missing_source", "missing_unit", "quarantined"]
            reason = "missing_unit" if unit else "quarantined" if source in answered else "missing_source"
            found[Hole(suite.dataset, source, province[source], unit, tier, None, reason)] = None
    return [hole for hole in found if hole.source not in compared]


def outcomes(
    suite: Suite, counts: pa.Table, verdict: Verdict, errors: Mapping[str, str], proof: Proof
) -> list[RuleOutcome]:
    """What each rule said, in the order of the suite. Without any row, one that is not broken has judged nothing."""
    rows, due = pc.sum(counts["rows"]).as_py(), counts.num_rows
    found = []
    for rule in suite.rules:
        state, reason = verdict.states[rule.id], errors.get(rule.id, "")
        if reason:
            state = "error"
        elif state == "pass" and not rows:
            state, reason = "not_run", EMPTY
        bad = counts[column_of(rule)].to_pylist() if column_of(rule) in counts.column_names else [0] * due
        broken = dict(zip(counts["source"].to_pylist(), bad, strict=True))
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
                sources={source: count for source, count in broken.items() if count},
                proven=None if rule.id in proof.errors else rule.id not in proof.dead,
                reason=reason,
            )
        )
    return found


def of_suite(suite: Suite, state: RuleState, reason: str) -> list[RuleOutcome]:
    """The outcomes of a suite that was not asked."""
    return [
        RuleOutcome(
            suite.dataset,
            rule.id,
            rule.title,
            rule.severity,
            rule.dimension,
            rule.source,
            rule.kind,
            state,
            reason=reason,
        )
        for rule in suite.rules
    ]
