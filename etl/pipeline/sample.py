"""What the columns of an unknown system seem to be, from one sample: proposals for a person to confirm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from etl import drift
from etl.catalog import Catalog
from etl.model import Dataset

LIKE = 0.75
"""A column is mapped in a draft when its name is at least so like a name that the measure is known by."""
_CODE = re.compile(r"\d{5}|\d{2}\.\d{2}|\d{2}")
_AGENCY = re.compile(r"(?i)(UBND|[UỦ]y ban nhân dân|Ủy ban nhân dân|Sở|xã|phường|đặc khu)\b.*")
_HALF = 0.5


def find_records(document: Any, path: str = "") -> tuple[str, list[dict[str, Any]]]:
    """The dotted path to the longest list of objects, and the list."""
    if isinstance(document, list):
        rows = [row for row in document if isinstance(row, dict)]
        return path, rows if len(rows) == len(document) else []
    inside = document.items() if isinstance(document, dict) else ()
    found = [find_records(value, f"{path}.{key}" if path else key) for key, value in inside]
    return max(found, key=lambda one: len(one[1]), default=("", []))


class Sample:
    """What a sample's columns seem to be.

    mapped: measure -> column, and `why`. sums: arithmetic that holds in every row. unmapped: columns of numbers
    that are no measure; unread: columns of nothing. unit and field: their columns, None where none is seen."""

    def __init__(self, catalog: Catalog, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self._catalog, self.name = catalog, name
        self.dataset: Dataset = catalog.datasets[name]
        flat = [dict(_leaves(row)) for row in rows]
        self.rows = len(flat)
        columns = list(dict.fromkeys(column for row in flat for column in row))
        self.values = {column: [row.get(column) for row in flat] for column in columns}
        self.as_text = any(_digits(values) for values in self.values.values())
        self.numbers = [name for name, values in self.values.items() if _whole(values, self.as_text)]
        self.unit, self.by = self._unit()
        self.field, self.field_by = self._field()
        taken = {self.unit, self.field}
        self.numbers = [column for column in self.numbers if column not in taken]
        figures: drift.Figures = {
            column: {(str(place), None): int(value or 0) for place, value in enumerate(self.values[column])}
            for column in self.numbers
        }
        self.sums = drift.arithmetic(figures)
        self.mapped, self.why = self._mapping()
        for total, counted in self.dataset.columns.items():
            parts = [self.mapped.get(part) for part in counted.parts]
            if total in self.mapped and parts and not self._adds_up(self.mapped[total], parts, figures):
                del self.mapped[total]  # its name is like the total's, its figures are something else
        read = {*self.mapped.values(), *taken, *(part for one in self.sums for part in (one.total, *one.parts))}
        self.unread = [column for column in columns if column not in read]
        self.unmapped = [column for column in self.numbers if column not in self.mapped.values()]
        self.without = [measure for measure in self.dataset.columns if measure not in self.mapped]

    def _adds_up(self, total: str, parts: Sequence[str | None], figures: drift.Figures) -> bool:
        """False where all the parts are known and are not the total in some row."""
        known = [part for part in parts if part is not None]
        return len(known) < len(parts) or all(
            value == sum(figures[part][place] for part in known) for place, value in figures[total].items()
        )

    def _names(self, measure: str) -> set[str]:
        """What a measure is called: by the dataset, and by every platform where one column is all of it."""
        names = {measure, *vars(self.dataset.columns[measure].title).values()}
        for platform in self._catalog.platforms.values():
            parts = platform.columns.get(measure, ()) if platform.dataset == self.name else ()
            names |= set(parts) if len(parts) == 1 else set()
        return names

    def _mapping(self) -> tuple[dict[str, str], dict[str, str]]:
        """Measure -> column, by name first, then as what is left of a sum whose other columns are known."""
        pairs = sorted(
            (
                (max(drift.likeness(name, column) for name in self._names(measure)), measure, column)
                for measure in self.dataset.columns
                for column in self.numbers
            ),
            key=lambda pair: -pair[0],
        )
        mapped: dict[str, str] = {}
        why: dict[str, str] = {}
        for alike, measure, column in pairs:
            if alike >= LIKE and measure not in mapped and column not in mapped.values():
                mapped[measure], why[measure] = column, f"tên {alike:.0%}"
        for total, counted in self.dataset.columns.items():
            for one in self.sums:
                wanted, had = {total, *counted.parts}, {one.total, *one.parts}
                left = [measure for measure in wanted if measure not in mapped]
                free = had - set(mapped.values())
                if len(wanted) == len(had) and len(left) == len(free) == 1 and counted.parts:
                    known = {mapped[measure] for measure in wanted - set(left)}
                    if known == had - free and (total == left[0]) == (one.total in free):
                        mapped[left[0]] = free.pop()
                        why[left[0]] = f"{one.total} = {' + '.join(one.parts)}"
        return mapped, why

    def _texts(self) -> Iterator[tuple[str, list[str]]]:
        for column, values in self.values.items():
            texts = [value for value in values if isinstance(value, str) and value.strip()]
            if texts and column not in {*self._summable()}:
                yield column, texts

    def _summable(self) -> list[str]:
        return [column for column in self.numbers if not all(_coded(value) for value in self.values[column])]

    def _unit(self) -> tuple[str | None, str]:
        """The column of agencies: our codes, or else names such as "UBND xã ..."."""
        by_code = {column: sum(map(_coded, texts)) / len(texts) for column, texts in self._texts()}
        codes = [column for column, share in by_code.items() if share > _HALF]
        if codes:
            return max(codes, key=lambda column: by_code[column]), "code"
        shares = {
            c: sum(bool(_AGENCY.match(text.strip())) for text in texts) / len(texts) for c, texts in self._texts()
        }
        names = [column for column, share in shares.items() if share > _HALF]
        return (max(names, key=lambda column: shares[column]), "name") if names else (None, "code")

    def _field(self) -> tuple[str | None, str]:
        """The column of fields, and whether it holds our codes, the same in other letters (fold), or names."""
        fields = self._catalog.fields
        named = {drift.words(field.name) for field in fields.values()}
        ways: dict[str, Callable[[str], bool]] = {
            "code": lambda text: text in fields,
            "fold": lambda text: text.casefold() in fields,
            "name": lambda text: drift.words(text) in named,
        }
        for column, texts in self._texts():
            for by, known in ways.items():
                if column != self.unit and sum(map(known, texts)) > len(texts) * _HALF:
                    return column, by
        return None, "code"


def _leaves(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            yield prefix + key, value


def _coded(value: Any) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value.strip()) is not None


def _digits(values: Sequence[Any]) -> bool:
    """Numbers in quotes, which are no codes: not all of one length, nor with a zero in front."""
    texts = [value for value in values if isinstance(value, str) and value]
    return bool(texts) and all(re.fullmatch(r"0|[1-9]\d*", text) for text in texts) and not all(map(_coded, texts))


def _whole(values: Sequence[Any], as_text: bool) -> bool:
    if as_text:
        return any(values) and all(
            value in (None, "") or (isinstance(value, str) and value.isdigit()) for value in values
        )
    return any(type(value) is int for value in values) and all(value is None or type(value) is int for value in values)
