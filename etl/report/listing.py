"""Every finding as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

_COLUMNS: Final = (
    "severity", "rule", "title", "dimension", "source", "owner", "unit", "unit_name", "field", "column", "value",
    "expected", "difference", "message", "waiver", "payload", "pointer", "uri", "fetched_at",
    "other_source", "other_period", "other_payload", "other_pointer",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet read a text as a formula."""


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV with a byte order mark, for spreadsheets that ask for one; a source's text is never a formula there."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        told = {**row, "title": row["title"]["vi"]}
        writer.writerow([_plain(told[name]) for name in _COLUMNS])
    return out.getvalue()


def _plain(value: Any) -> Any:
    risky = isinstance(value, str) and value.startswith(_FORMULA) and not value.lstrip("+-").isdigit()
    return f"'{value}" if risky else value
