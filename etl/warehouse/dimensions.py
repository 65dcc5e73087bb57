"""Units and indicators of the catalog, for names, subtrees and readers of the views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from etl.model import Field, Form, Indicator, Unit
from etl.warehouse import schema

_OVERTAKEN = text("""
WITH given AS (
    SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:firsts AS date[]), CAST(:ends AS date[]))
        AS row (code, valid_from, valid_to)
)
DELETE FROM baocao.unit was USING given
WHERE was.code = given.code
    AND was.valid_from < coalesce(given.valid_to, 'infinity') AND given.valid_from < coalesce(was.valid_to, 'infinity')
    AND NOT EXISTS (SELECT FROM given same WHERE same.code = was.code AND same.valid_from = was.valid_from)
""")


def sync_units(connection: Connection, units: Iterable[Unit]) -> None:
    """Units by code and first day in force.

    A row that left the catalog stays, since old periods name it, unless its code has another row now on one of its days
    (a change that was withdrawn, a first day set right): no code may mean two units on one day.
    """
    given = list(units)
    columns = {"codes": "code", "firsts": "valid_from", "ends": "valid_to"}
    connection.execute(_OVERTAKEN, {name: [getattr(one, column) for one in given] for name, column in columns.items()})
    _sync(connection, schema.unit, [asdict(unit) for unit in given])


def sync_indicators(connection: Connection, indicators: Iterable[Indicator]) -> None:
    """Indicators by code, with the dataset a trace looks for rows in."""
    _sync(
        connection,
        schema.indicator,
        [
            {
                "code": indicator.code,
                "dataset": indicator.dataset,
                "title_vi": indicator.title.vi,
                "title_en": indicator.title.en,
                "unit_vi": indicator.unit_of_measure.vi,
                "unit_en": indicator.unit_of_measure.en,
                "law": indicator.law,
            }
            for indicator in indicators
        ],
    )


def sync_words(connection: Connection, fields: Iterable[Field], forms: Iterable[Form]) -> None:
    """Fields and forms, for readers of the published views."""
    _sync(connection, schema.field, [asdict(field) for field in fields])
    told = ({"number": form.number, "name": form.title, **_of(form)} for form in forms)
    _sync(connection, schema.form, list(told))


def _of(form: Form) -> dict[str, Any]:
    return {"dataset": form.dataset, "official": form.official, "law": form.law}


def _sync(connection: Connection, table: Table, records: Sequence[Mapping[str, Any]]) -> None:
    """Insert what is not there; bring the rest up to date, writing only rows that differ.

    They are looked for here first: to offer all 14,000 units to the database takes it most of a second, each time.
    """
    columns = [column.name for column in table.c]
    known = {tuple(row) for row in connection.execute(select(table))}
    records = [record for record in records if tuple(record[name] for name in columns) not in known]
    if not records:
        return
    statement = insert(table)
    given = statement.excluded
    rest = [column for column in table.c if not column.primary_key]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={column.name: given[column.name] for column in rest},
            where=tuple_(*rest).is_distinct_from(tuple_(*(given[column.name] for column in rest))),
        ),
        records,
    )
