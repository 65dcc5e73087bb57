"""Waivers in the report: the block that would let a finding pass, ready to be filled in and reviewed."""

from __future__ import annotations

import hashlib
import json

from etl.model import ALL, Comparison, Finding, Rule
from etl.model.rules import ACROSS


def block(finding: Finding, rule: Rule | Comparison | None, dataset: str, owner: str) -> str:
    """An entry of expectations/waivers.yml, as narrow as can be; "" where the rule cannot be waived, or is already.

    Who agrees, why and until when is left empty, so that it does not load before somebody says it.
    """
    if rule is None or not rule.waivable or finding.waiver or finding.more:
        return ""
    across = isinstance(rule, Comparison)
    place = {"unit": finding.unit, "tier": finding.tier, "field": finding.field}
    pair = {"measure": finding.column, "expected": finding.expected} if across else {}
    named = {
        "dataset": ACROSS if across else dataset,
        "rule": finding.rule,
        "source": finding.source,
        "periods": [finding.period],
        **{name: value for name, value in place.items() if value and not (across and value == ALL)},
        **pair,
        "value": finding.value,
    }
    digest = hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:6]
    said = {"reason": "", "owner": owner, "agreed_by": "", "expires": ""}
    told = {"id": f"MT-{finding.period}-{digest}", **named, **said}
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
    return "\n".join(f"  {'  ' if number else '- '}{line}" for number, line in enumerate(lines))
