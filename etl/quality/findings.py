"""What a reviewer and the figures are told of rows that broke a rule: findings and holes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.model import ALL, NATION, PROCEDURE_CODE, Finding, Hole, Rule, RuleOutcome, RuleState, Source, Suite, Waiver
from etl.periods import Period
from etl.quality.gx import Verdict, column_of
from etl.quality.proof import Proof
from etl.quality.scan import MASK, Missing, Reach, bits, row_rules
from etl.quality.together import ROW
from etl.quality.waiving import marked
from etl.tables import FINDINGS
from etl.units import UnitTree

_TOLD_OF = (ROW, "source", "payload", "pointer", "agency", "unit", "tier", "field", "problem", "problem_rule")
EMPTY = "không có dòng nào để kiểm tra (there was no row to judge)"


def breaks(struck: pa.Table, mask: int) -> pa.ChunkedArray:
    """Of each struck row, whether it breaks a rule of the mask."""
    return pc.not_equal(pc.bit_wise_and(struck[MASK], pa.scalar(mask, pa.int64())), 0)


def why(struck: pa.Table, rule: Rule) -> pa.ChunkedArray:
    """The reader's own sentence where the reader found it, else the rule that the row breaks."""
    reader = pc.and_(pc.equal(struck["problem_rule"], rule.id), pc.not_equal(struck["problem"], ""))
    return pc.if_else(pc.fill_null(reader, False), struck["problem"], _broken(rule))


def _broken(rule: Rule) -> str:
    return f"không đạt: {rule.title.vi}"


def reasons(held: pa.Table, suite: Suite, rejected: Mapping[str, Sequence[Rule]]) -> tuple[pa.Array, pa.Array]:
    """What holds each row, joined by "; ": the critical rules that it breaks, then those of its source; and in words.

    Rows are held for few combinations of rules, so the words are put together once for each of these.
    """
    bit = bits(suite)
    critical = [rule for rule in row_rules(suite) if rule.severity == "critical"]
    by_reader = pc.if_else(pc.fill_null(pc.not_equal(held["problem"], ""), False), held["problem_rule"], None)
    of_rejected = pc.is_in(held["source"], pa.array(list(rejected), pa.string()))
    kinds = pa.table(
        {
            "mask": pc.bit_wise_and(held[MASK], sum(bit[rule.id] for rule in critical)),
            "reader": pc.fill_null(by_reader, ""),
            "rejected": pc.if_else(of_rejected, held["source"], ""),
        }
    )
    codes = np.zeros(len(held), np.int64)
    for column in kinds.columns:
        encoded = column.combine_chunks().dictionary_encode()
        codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy()
    _, firsts, kind = np.unique(codes, return_index=True, return_inverse=True)
    ids, before, spoken, after = [], [], [], []
    for one in kinds.take(firsts).to_pylist():
        rules = [rule for rule in critical if one["mask"] & bit[rule.id]]
        rules += [rule for rule in suite.rules if rule in rejected.get(one["rejected"], ())]
        named = [rule.id for rule in rules]
        at = named.index(one["reader"]) if one["reader"] in named else len(named)
        words = [_broken(rule) for rule in rules]
        ids.append("; ".join(named))
        spoken.append(at < len(named))
        before.append("; ".join([*words[:at], *([""] if 0 < at < len(named) else [])]))
        after.append("; ".join(["", *words[at + 1 :]]))
    of_kind = pa.array(kind)
    problem = pc.if_else(pa.array(spoken, pa.bool_()).take(of_kind), held["problem"], "")
    rules_of, first, last = (pa.array(texts, pa.string()).take(of_kind) for texts in (ids, before, after))
    return rules_of, pc.binary_join_element_wise(first, problem, last, "")


def row_findings(suite: Suite, struck: pa.Table, period: Period, waivers: Sequence[Waiver]) -> pa.Table:
    """One for each row and rule that it breaks, with its ROW, in the order of the rows and then of the rules; one that
    a waiver lets pass says so."""
    found, bit = [], bits(suite)
    for number, rule in enumerate(row_rules(suite)):
        broken = breaks(struck, bit[rule.id])
        if pc.any(broken).as_py():
            of_rule = struck.select(list(dict.fromkeys((*_TOLD_OF, *rule.show)))).filter(broken)
            told = marked(_findings(of_rule, rule, period), rule.id, waivers).append_column(ROW, of_rule[ROW])
            found.append(told.append_column("rule_number", pa.repeat(number, len(told))))
    if not found:
        return FINDINGS.append(struck.schema.field(ROW)).empty_table()
    all_of_them = pa.concat_tables(found)
    order = [(ROW, "ascending"), ("rule_number", "ascending")]
    return all_of_them.sort_by(order).select([*FINDINGS.names, ROW])


def _findings(struck: pa.Table, rule: Rule, period: Period) -> pa.Table:
    field, agency = struck["field"], struck["agency"]
    of_procedure = pc.match_substring_regex(field, f"^({PROCEDURE_CODE})$")
    within = pc.binary_join_element_wise(agency, ", ", pc.if_else(of_procedure, "thủ tục ", "lĩnh vực "), field, "")
    of = pc.coalesce(pc.if_else(pc.equal(field, ALL), agency, within), agency)
    shown = [pc.fill_null(struck[name].cast(pa.string()), "(trống)") for name in rule.show]
    told = {
        "rule": rule.id,
        "severity": rule.severity,
        "source": struck["source"],
        "period": period.key,
        "message": pc.binary_join_element_wise(of, why(struck, rule), ": "),
        "unit": struck["unit"],
        "field": field,
        "payload": struck["payload"],
        "row": struck["pointer"],
        "column": ", ".join(rule.show),
        "value": pc.binary_join_element_wise(*shown, ", ") if shown else "",
        "expected": rule.message,
        "tier": struck["tier"],
    }
    columns = [told.get(name) for name in FINDINGS.names]
    return pa.table(
        [
            column if isinstance(column, pa.ChunkedArray) else pa.repeat(pa.scalar(column, pa.string()), len(struck))
            for column in columns
        ],
        schema=FINDINGS,
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
                tier=tier,
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
    held: pa.Table,
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
    places = held.group_by(["source", "unit", "tier", "field"]).aggregate([(ROW, "min")])
    for row in places.sort_by(f"{ROW}_min").to_pylist():
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
    suite: Suite,
    counts: pa.Table,
    verdict: Verdict,
    errors: Mapping[str, str],
    proof: Proof,
    waived: Mapping[str, int],
) -> list[RuleOutcome]:
    """What each rule said, in the order of the suite. Without any row, one that is not broken has judged nothing.

    waived: of each rule how many of the rows that break it a waiver lets pass.
    """
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
        total, passing = sum(broken.values()), waived.get(rule.id, 0)
        found.append(
            RuleOutcome.of(
                suite.dataset,
                rule,
                "waived" if state == "fail" and passing == total else state,
                judged=rows if rule.kind == "row" else due,
                broken=total,
                waived=min(passing, total),
                sources={source: count for source, count in broken.items() if count},
                proven=None if rule.id in proof.errors else rule.id not in proof.dead,
                reason=reason,
            )
        )
    return found


def of_suite(suite: Suite, state: RuleState, reason: str) -> list[RuleOutcome]:
    """The outcomes of a suite that was not asked."""
    return [RuleOutcome.of(suite.dataset, rule, state, reason=reason) for rule in suite.rules]
