"""What waivers let pass: the findings say so, and hold nothing back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from etl.model import Finding, Waiver
from etl.quality.scan import MASK
from etl.quality.together import ROW


def passed(finding: Finding, waivers: Sequence[Waiver]) -> Finding:
    """The finding, by the first waiver that lets it pass; what is waived is for information, and asks nobody."""
    for one in waivers:
        if one.lets(finding):
            return replace(finding, severity="info", waiver=one.id)
    return finding


def marked(findings: pa.Table, rule: str, waivers: Sequence[Waiver]) -> pa.Table:
    """The same of all findings of one rule at once, as a table."""
    of_rule = [one for one in waivers if one.rule == rule]
    if not of_rule:
        return findings
    none = pa.scalar(None, pa.string())
    by = pa.nulls(len(findings), pa.string())
    for one in of_rule:
        lets = pc.is_in(findings["period"], pa.array(one.periods, pa.string()))
        for column, wanted in one.asked.items():
            lets = pc.and_(lets, pc.fill_null(pc.equal(findings[column], wanted), False))
        by = pc.coalesce(by, pc.if_else(lets, one.id, none))
    severity = pc.if_else(pc.is_valid(by), "info", findings["severity"])
    for column, values in (("severity", severity), ("waiver", by)):
        at = findings.schema.get_field_index(column)
        findings = findings.set_column(at, findings.schema.field(at), values)
    return findings


def less_waived(struck: pa.Table, findings: pa.Table, bits: Mapping[str, int]) -> pa.Table:
    """The struck rows without the rules that are waived in their masks. findings: of them, each with its ROW."""
    waived = findings.filter(pc.is_valid(findings["waiver"]))
    if not len(waived):
        return struck
    lifted: dict[int, int] = {}
    for row, rule in zip(waived[ROW].to_pylist(), waived["rule"].to_pylist(), strict=True):
        lifted[row] = lifted.get(row, 0) | bits[rule]
    kept = pa.array([~lifted.get(row, 0) for row in struck[ROW].to_pylist()], pa.int64())
    at = struck.schema.get_field_index(MASK)
    return struck.set_column(at, struck.schema.field(at), pc.bit_wise_and(struck[MASK], kept))
