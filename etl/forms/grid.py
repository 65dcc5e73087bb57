"""Which figure stands in which cell of a form: the same rule fills a form and traces it back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal, NamedTuple

from etl.errors import FormError
from etl.model import ALL, NATION, Fact, Field, Form, Unit
from etl.units import UnitTree, tier_of

TIERS = (("province", "Cấp tỉnh (sở, ban, ngành)"), ("district", "Cấp huyện"), ("commune", "Cấp xã"))
"""Blocks of II.06a. From 01/07/2025 no district is in force, and there is no block of theirs."""
_ORDINALS = ("I", "II", "III")
MINISTRY = "Các đơn vị thuộc bộ, cơ quan ngang bộ"
OWN_AGENCIES = "Các cơ quan cấp tỉnh (UBND tỉnh, thành phố; sở, ban, ngành)"
TOTAL = "Tổng số"


class Key(NamedTuple):
    """What names one figure of a period."""

    indicator: str
    unit: str
    tier: str
    field: str


@dataclass(frozen=True)
class Row:
    """One body row. `parts` are the sheet rows it is the sum of; empty where it is no sum."""

    kind: Literal["group", "item", "total"]
    number: int
    ordinal: str
    label: str
    unit: str
    tier: str
    field: str
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Body rows from the top, and the indicator of each data column by its letter."""

    form: str
    rows: tuple[Row, ...]
    columns: Mapping[str, str]

    @cached_property
    def cells(self) -> dict[str, Key]:
        """Address of every data cell, such as "F12", with the figure it shows."""
        return {
            f"{letter}{row.number}": Key(indicator, row.unit, row.tier, row.field)
            for row in self.rows
            for letter, indicator in self.columns.items()
        }


def layout(form: Form, unit: Unit, facts: Iterable[Fact], tree: UnitTree, fields: Mapping[str, Field]) -> Layout:
    """Rows and cells of the form of one unit.

    facts: at least those of the unit (and of its children where the form repeats over them). A field
    gets a row in a tier where it has any fact; each child unit in force always has its row.
    Raises FormError when a fact's field is not in `fields`: a row nobody sees would be missing in a sum.
    """
    columns = {column_letter(index): column.indicator for index, column in enumerate(form.columns) if column.indicator}
    if form.repeat in ("tier_field", "tier_procedure"):
        shown = set(columns.values())
        known = {(fact.tier, fact.field) for fact in facts if fact.unit == unit.code and fact.indicator in shown}
        rows = _tier_rows(form, unit, known, tree, fields)
    else:
        rows = _unit_rows(form, unit, tree)
    return Layout(form.number, tuple(rows), columns)


def cell_fact(layout: Layout, address: str) -> Key:
    """The figure in a cell ("F12", "$f$12"). Raises FormError naming the cells that hold figures."""
    cell = address.replace("$", "").strip().upper()
    if cell not in layout.cells:
        letters, numbers = list(layout.columns), [row.number for row in layout.rows]
        shown = f"{letters[0]}{numbers[0]}:{letters[-1]}{numbers[-1]}"
        wrong = "không phải địa chỉ ô" if re.fullmatch("[A-Z]{1,3}[1-9][0-9]*", cell) is None else "không mang số liệu"
        raise FormError(f"biểu {layout.form}: {address!r} {wrong}; các ô số liệu nằm trong vùng {shown}")
    return layout.cells[cell]


@cache
def column_letter(index: int) -> str:
    """Sheet column of a zero-based index: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def members(form: Form, unit: Unit, tree: UnitTree) -> list[str]:
    """Codes of the units whose figures stand on the form of the unit: its own, and those of the units with a row."""
    by_unit = form.repeat == "child_unit" or (form.repeat == "own_unit" and unit.code == NATION)
    return [unit.code, *(child.code for child in children_shown(unit, tree))] if by_unit else [unit.code]


def children_shown(unit: Unit, tree: UnitTree) -> list[Unit]:
    """Units below that have a row of their own: provinces of the nation, districts or communes of a province."""
    levels = ("province",) if unit.code == NATION else ("district", "commune")
    return [child for child in tree.children(unit.code) if child.level in levels]


def _tier_rows(
    form: Form, unit: Unit, known: set[tuple[str, str]], tree: UnitTree, fields: Mapping[str, Field]
) -> list[Row]:
    names = {code: code for _, code in sorted(known) if code != ALL}  # a procedure is known by its code
    if form.repeat == "tier_field":
        for code in names:
            if code not in fields:
                raise FormError(f"biểu {form.number}, {unit.name}: lĩnh vực {code!r} không có trong danh mục lĩnh vực")
        names = {field.code: field.name for field in fields.values()}
    rows: list[Row] = []
    groups: list[int] = []
    number = form.body_row
    # A year may hold figures of districts that its last day does not know any more.
    districts = bool(tree.at_level("district")) or any(tier == "district" for tier, _ in known)
    tiers = [one for one in TIERS if one[0] != "district" or districts]
    for ordinal, (tier, label) in zip(_ORDINALS, tiers, strict=False):
        if unit.level == "ministry":
            label = MINISTRY
        if unit.level == "commune":
            ordinal = _ORDINALS[0]  # it has but its own tier
        present = [code for code in names if (tier, code) in known]
        if not present and (tier, ALL) not in known:
            continue
        parts = tuple(range(number + 1, number + 1 + len(present)))
        rows.append(Row("group", number, ordinal, label, unit.code, tier, ALL, parts))
        groups.append(number)
        for count, code in enumerate(present, start=1):
            rows.append(Row("item", number + count, str(count), names[code], unit.code, tier, code))
        number += 1 + len(present)
    rows.append(Row("total", number, "", TOTAL, unit.code, _whole(unit), ALL, tuple(groups)))
    return rows


def _whole(unit: Unit) -> str:
    """The tier of the figures over all of a unit: a commune has but its own."""
    return "commune" if unit.level == "commune" else ALL


def _unit_rows(form: Form, unit: Unit, tree: UnitTree) -> list[Row]:
    children = children_shown(unit, tree)
    if unit.code == NATION:
        items = [(child.name, child.code, ALL) for child in children]
    elif form.repeat == "own_unit" or unit.level == "commune":
        items = [(unit.name, unit.code, _whole(unit))]
    else:
        whole = {"district": ALL, "commune": "commune"}  # a district's row holds its communes
        own = OWN_AGENCIES if unit.level == "province" else unit.name
        items = [(own, unit.code, tier_of(unit)), *((child.name, child.code, whole[child.level]) for child in children)]
    first = form.body_row
    rows = [
        Row("item", first + index, str(index + 1), name, code, tier, ALL)
        for index, (name, code, tier) in enumerate(items)
    ]
    numbers = tuple(row.number for row in rows)
    return [*rows, Row("total", first + len(rows), "", TOTAL, unit.code, _whole(unit), ALL, numbers)]
