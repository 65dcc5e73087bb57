"""The matrix of document exchange: the pairs of organisations whose two lists differ most."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from etl.model import Finding, RuleOutcome

MOST_PAIRS = 20
"""Pairs that are shown; the findings are all of them."""
_WHO = re.compile(r"(.+?) → (.+?), “")
"""How a finding of the matrix begins: sender and recipient, each with its code."""


def mirror(findings: Iterable[Finding], outcomes: Iterable[RuleOutcome], units: Mapping[str, str]) -> dict[str, Any]:
    """JSON-able: `judged` and `unknown`, the pairs of which both lists are known, and the others, of the whole country;
    `differing`, how many of these findings are of pairs that differ; `pairs`, MOST_PAIRS of them, the worst first.

    findings, outcomes: of one load, whatever their rules. units: names by code. Of a pair `sent` is what the sender's
    list holds for the recipient, `received` what the recipient's holds of the sender, both in documents.
    """
    told = [one for one in outcomes if one.kind == "mirror"]
    rules = {one.rule for one in told}
    pairs = [_pair(one, units) for one in findings if one.rule in rules and one.other_source is not None]
    pairs.sort(key=lambda pair: (-abs(pair["difference"]), pair["sender"], pair["recipient"]))
    return {
        "judged": sum(one.judged for one in told),
        "unknown": sum(one.unknown for one in told),
        "differing": len(pairs),
        "pairs": pairs[:MOST_PAIRS],
    }


def _pair(finding: Finding, units: Mapping[str, str]) -> dict[str, Any]:
    found = _WHO.match(finding.message)
    received, sent = int(finding.value), int(finding.expected)
    return {
        "sender": found[1] if found else finding.other_source,
        "recipient": found[2] if found else finding.source,
        "sent": sent,
        "received": received,
        "difference": received - sent,
        "unit": finding.unit,
        "unit_name": units.get(finding.unit or "", finding.unit),
        "rule": finding.rule,
        "severity": finding.severity,
        "waiver": finding.waiver,
        "source": finding.source,
        "payload": finding.payload,
        "pointer": finding.row,
        "other_source": finding.other_source,
        "other_payload": finding.other_payload,
        "other_pointer": finding.other_row,
    }
