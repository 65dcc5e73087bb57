"""The tables that pass between the verbs, as Arrow schemas: standard rows, findings, facts."""

from __future__ import annotations

from dataclasses import fields

import pyarrow as pa

from etl.model import Dataset, Finding

ROW = pa.schema(
    [
        *(pa.field(name, pa.string(), nullable=False) for name in ("source", "period", "payload", "pointer", "agency")),
        *(pa.field(name, pa.date32(), nullable=False) for name in ("first_day", "last_day")),
        *(
            pa.field(name, pa.string())
            for name in ("unit", "tier", "field", "field_raw", "problem", "problem_rule", "raw")
        ),
    ]
)
"""What begins every standard row, before its measures. first_day, last_day: the days that the source really counted."""

COUNTED = "counted:"
"""What the pointer of a row begins with that we counted ourselves, over every page of its receipt; its payload is that
of its first record. The agency and the field follow, as the source writes them: "counted:UBND xã A/ho_tich"."""

LEFT_OUT = pa.schema([(name, pa.string()) for name in ("payload", "pointer", "reason", "agency")])
"""Records that are no rows (totals, agencies outside the report), each with its reason and its agency as written."""

DELIVERIES = pa.schema(
    [
        *((name, pa.string()) for name in ("way", "agency", "unit", "sender", "recipient")),
        *((name, pa.int64()) for name in ("documents", "fallen", "at_edge")),
        ("wrong", pa.bool_()),
        ("payload", pa.string()),
        ("pointer", pa.string()),
    ]
)
"""How many documents went from one organisation to another, as one of the two lists them. way: `sent` by the sender, or
`received` by the recipient, whose name and unit these are. documents: those that count; fallen: refused or recalled,
beside them; at_edge: of `documents`, sent on the last day of the period or received on its first, so that the other
list may have them in another period. wrong: something could not be counted. payload, pointer: the first of them."""

FINDINGS = pa.schema([(field.name, pa.string()) for field in fields(Finding)])
"""One column for each field of a Finding."""

FACTS = pa.schema(
    [
        ("indicator", pa.string()),
        ("unit", pa.string()),
        ("tier", pa.string()),
        ("field", pa.string()),
        ("value", pa.decimal128(20, 4)),
        ("reason", pa.string()),
        ("leaf", pa.bool_()),
        ("moving", pa.bool_()),
    ]
)
"""Figures of one period. Key: indicator, unit, tier, field. A value or a reason, never both, never neither.

leaf: straight from standard rows of that unit, tier and field, not added up from units below.
moving: it, or a figure that it is made of, was another one when the closed period was pulled before.
"""


def rows_schema(dataset: Dataset) -> pa.Schema:
    """Columns of the standard rows: who, where from, which days, what was wrong, then a nullable int64 a measure."""
    return pa.schema([*ROW, *(pa.field(name, pa.int64()) for name in dataset.columns)])
