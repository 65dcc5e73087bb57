"""Every figure of a form added up again from the landed bytes, by SQL over what its bundle tells: neither the code that
computes figures nor the verifier's is used."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import python_calamine

_SQL = """
with recursive above as (
    select unit, unit as code from parent
    union all select above.unit, parent.above from above join parent on parent.unit = above.code
    where parent.above is not null
), wanted as (select distinct unit from cell
), summed as (
    select above.code as unit, t.tier, f.field, measure, sum(value) as value, bool_or(value is null) as unknown
    from counted
    join above using (unit)
    join wanted on wanted.unit = above.code,
    lateral (select unnest([counted.tier, 'all']) as tier) t,
    lateral (select unnest(list_distinct([counted.field, 'all'])) as field) f
    group by all
), told as (
    select cell.place, cell.share, cell.digits,
        sum(case when term.over then coalesce(summed.value, 0) end) as over,
        sum(case when not term.over then coalesce(summed.value, 0) end) as under,
        coalesce(bool_or(summed.unknown), false) as unknown
    from cell join term using (place) left join summed
        on summed.unit = cell.unit and summed.tier = cell.tier and summed.field = cell.field
        and summed.measure = term.measure
    group by all
)
select place, case when unknown or (share and under = 0) then null
    when share then floor(over * 2 * 10 ** digits / under / 2 + 0.5) / 10 ** digits else over end
from told
"""


def printed(form: Path) -> dict[str, Decimal]:
    """Every numeric cell of the first sheet, by a parser that the project does not use for forms."""
    book = python_calamine.CalamineWorkbook.from_path(form)
    sheet = book.get_sheet_by_index(0)
    rows = sheet.to_python(skip_empty_area=False)
    return {
        f"{book.sheet_names[0]}!{_letters(column)}{row}": Decimal(str(value))
        for row, cells in enumerate(rows, start=1)
        for column, value in enumerate(cells)
        if isinstance(value, float)
    }


def recomputed(bundle: Path) -> dict[str, Decimal | None]:
    """The value of every cell with a figure, from the bundle's landed answers."""
    with zipfile.ZipFile(bundle) as package, duckdb.connect() as connection:
        told = json.loads(package.read("manifest.json"))
        _register(connection, "counted", ("measure", "unit", "tier", "field", "value"), _counted(package, told))
        _register(connection, "parent", ("unit", "above"), told["units"].items())
        cells = told["cells"].items()
        of = ("unit", "tier", "field", "digits")
        shape = ("place", *of, "share")
        _register(
            connection, "cell", shape, ((at, *(one[it] for it in of), bool(one["denominator"])) for at, one in cells)
        )
        terms = ((at, name, over) for at, one in cells for over, names in ((True, one["numerator"]),
                 (False, one["denominator"])) for name in names)  # fmt: skip
        _register(connection, "term", ("place", "measure", "over"), terms)
        return {at: None if value is None else Decimal(str(value)) for at, value in connection.execute(_SQL).fetchall()}


def _counted(package: zipfile.ZipFile, told: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """What each row counts for each measure; of a part of a period, what its nature lets count."""
    documents: dict[str, Any] = {}
    for row in told["rows"]:
        asked, values = told["requests"][row["request"]], dict(row["values"])
        if asked["encoding"]:
            if asked["uri"] not in documents:
                documents[asked["uri"]] = json.loads(package.read(asked["uri"]).decode(asked["encoding"]))
            steps = row["pointer"].split("/")[1:]
            record = reduce(lambda at, step: at[int(step)] if isinstance(at, list) else at[step], steps,
                            documents[asked["uri"]])  # fmt: skip
            for measure, columns in row["read"].items():
                read = [reduce(lambda at, step: (at or {}).get(step), one.split("."), record) for one in columns]
                values[measure] = None if None in read else sum(map(int, read))
        first, last = told["days"].get(row["source"], (row["first_day"], row["last_day"]))
        whole = (row["first_day"], row["last_day"]) == (first, last)
        for name, measure in told["measures"].items():
            for leaf, nature in [(name, "")] if whole else measure["leaves"]:
                if (nature == "opening_stock" and row["first_day"] != first) or (
                    nature == "closing_stock" and row["last_day"] != last
                ):
                    continue
                yield name, row["unit"], row["tier"], row["field"], values[leaf]


def _register(connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...], rows: Any) -> None:
    table = pa.table([pa.array(values) for values in zip(*rows, strict=True)], names=list(columns))
    connection.register(f"{name}_given", table)
    connection.execute(f"create table {name} as select * from {name}_given")


def _letters(column: int) -> str:
    return chr(ord("A") + column) if column < 26 else _letters(column // 26 - 1) + _letters(column % 26)
