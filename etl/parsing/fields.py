"""What a row is split by: our field, or the procedure, that a text of the source stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from etl.model import PROCEDURE_CODE, Field, FieldRule, Source
from etl.units import name_key

_PROCEDURE = re.compile(PROCEDURE_CODE)


class Fields:
    def __init__(self, source: Source, fields: Mapping[str, Field], rule: FieldRule) -> None:
        self._lookup = source.lookups.get("field", {})
        self._rule = rule
        self._codes = {self._key(field.name if rule.by == "name" else code): code for code, field in fields.items()}

    def code(self, raw: Any) -> str | None:
        """Our code: the source's own lookup first, then the code itself, or the field's name."""
        if not isinstance(raw, str):
            return None
        return self._lookup.get(raw) or self._codes.get(self._key(raw))

    def _key(self, text: str) -> str:
        if self._rule.by == "name":
            return name_key(text)
        return text.casefold() if self._rule.fold_case else text


class Procedures:
    def __init__(self, source: Source) -> None:
        self._lookup = source.lookups.get("field", {})

    def code(self, raw: Any) -> str | None:
        """The procedure's code as it is written; the source's own lookup first."""
        if not isinstance(raw, str):
            return None
        return self._lookup.get(raw) or (raw if _PROCEDURE.fullmatch(raw) else None)
