"""Faults of the data: the records of one answer as a portal that went wrong has them, before they are paged.

What strikes one unit strikes `agency`; what strikes one row strikes the record that `struck` tells. Sums that the
portal itself makes of its rows (its total rows) follow, where a real portal would have added up the wrong figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from simulator.faults_shape import Record, Shape

FEW = 3
"""Pending dossiers of one answer that a reclassified period counts as resolved, or documents as recalled."""


def spoilt(
    kind: str, records: list[Record], shape: Shape, agency: str, struck: Callable[[Record], bool]
) -> list[Record]:
    """See `Faults.spoil`; the records given are kept by their portal for the next question and are not touched."""
    if kind == "empty":
        return []
    if kind == "missing_unit":
        return _without(records, shape, agency)
    copies = _copied(records, shape)
    everything = list(_walk(copies, shape))
    if kind == "zero_for_null":
        own = [record for record in everything if shape.agency_of(record) == agency and shape.is_detail(record)]
        changes = [(record, {name: -figure for name, figure in shape.measures(record).items()}) for record in own]
        _add(everything, shape, changes)
    elif kind == "wrong_total_row":
        detail = next((record for record in everything if struck(record)), None)
        over = [one for one in everything if one is not detail and detail and shape.covers(one, detail)]
        if over:  # the total nearest to the row: of its own agency, field, month
            _identity(
                max(over, key=lambda one: sum(bool(one[axis]) for axis in shape.axes)), shape, _Struck(True, True)
            )
    elif kind == "reclassified" and shape.resolve is not None:
        resolved = ((record, change) for record in everything if (change := shape.resolve(record)) is not None)
        for record, change in islice(resolved, FEW):
            record.update(change)
    elif kind == "reclassified":
        less = {name: by for name, by in shape.settled.items() if by < 0}
        pending = [record for record in everything if shape.is_detail(record) and _holds(shape, record, less)]
        _add(everything, shape, [(record, shape.settled) for record in pending[:FEW]])
    else:
        for record in everything:
            _EDITS[kind](record, shape, _Struck(shape.agency_of(record) == agency, struck(record)))
    return copies


class _Struck:
    """Whether the record is of the agency that is struck, and whether it is its one row to damage."""

    def __init__(self, agency: bool, row: bool) -> None:
        self.agency, self.row = agency, row


def _renamed(record: Record, shape: Shape, _: _Struck) -> None:
    record[shape.rename[1]] = record.pop(shape.rename[0])


def _nested(record: Record, shape: Shape, _: _Struck) -> None:
    record["chiTiet"] = {shape.rename[0]: record.pop(shape.rename[0])}


def _retyped(record: Record, shape: Shape, _: _Struck) -> None:
    value = record[shape.rename[0]]
    record[shape.rename[0]] = int(value) if shape.text else str(value)


def _swapped(record: Record, shape: Shape, _: _Struck) -> None:
    assert shape.swap is not None  # noqa: S101 (its kinds say so)
    one, other = shape.swap
    record[one], record[other] = record[other], record[one]


def _identity(record: Record, shape: Shape, struck: _Struck) -> None:
    if struck.row:
        record[_total(shape)] = shape.written(int(record[_total(shape)]) + 1)


def _text_number(record: Record, shape: Shape, struck: _Struck) -> None:
    if struck.row:
        record[_total(shape)] = "1.234"


def _decimal_comma(record: Record, shape: Shape, struck: _Struck) -> None:
    if struck.row:
        record[_total(shape)] = f"{record[_total(shape)]},0"


def _thousands(record: Record, shape: Shape, _: _Struck) -> None:
    for name, figure in shape.measures(record).items():
        record[name] = shape.written(figure / 1000)


def _null_for_zero(record: Record, shape: Shape, _: _Struck) -> None:
    for name, figure in shape.measures(record).items():
        if figure == 0:
            record[name] = "" if shape.text else None


def _date_format(record: Record, shape: Shape, _: _Struck) -> None:
    now, other = shape.date_formats
    for name in shape.dates:
        if record[name]:
            moment = dt.datetime.strptime(record[name], now)  # noqa: DTZ007 (as the portal writes it)
            record[name] = moment.strftime(other)


def _extra_column(record: Record, shape: Shape, _: _Struck) -> None:
    record[shape.extra] = 0


def _unknown_unit(record: Record, shape: Shape, struck: _Struck) -> None:
    if struck.agency:
        shape.holder(record)[shape.agency[-1]] = shape.stranger


_EDITS: dict[str, Callable[[Record, Shape, _Struck], None]] = {
    "renamed": _renamed,
    "nested": _nested,
    "retyped": _retyped,
    "swapped": _swapped,
    "identity": _identity,
    "text_number": _text_number,
    "decimal_comma": _decimal_comma,
    "thousands": _thousands,
    "null_for_zero": _null_for_zero,
    "date_format": _date_format,
    "extra_column": _extra_column,
    "unknown_unit": _unknown_unit,
}


def _total(shape: Shape) -> str:
    assert shape.total is not None  # noqa: S101 (its kinds say so)
    return shape.total


def _holds(shape: Shape, record: Record, less: Mapping[str, int]) -> bool:
    figures = shape.measures(record)
    return all(figures[name] + by >= 0 for name, by in less.items())


def _add(records: Iterable[Record], shape: Shape, changes: list[tuple[Record, Mapping[str, int]]]) -> None:
    """Each change to its detail row, and to the portal's own totals of it."""
    for record in records:
        for detail, change in changes:
            if record is detail or (shape.axes and shape.covers(record, detail)):
                figures = shape.measures(record)
                record.update({name: shape.written(figures[name] + by) for name, by in change.items()})


def _walk(records: list[Record], shape: Shape) -> Iterator[Record]:
    for record in records:
        yield record
        if shape.children:
            yield from _walk(record[shape.children], shape)


def _copied(records: list[Record], shape: Shape) -> list[Record]:
    copies: list[Record] = [
        {key: dict(value) if isinstance(value, dict) else value for key, value in record.items()} for record in records
    ]
    if shape.children:
        for copy in copies:
            copy[shape.children] = _copied(copy[shape.children], shape)
    return copies


def _without(records: list[Record], shape: Shape, agency: Any) -> list[Record]:
    kept = [record for record in records if shape.agency_of(record) != agency]
    if shape.children is None:
        return kept
    return [{**record, shape.children: _without(record[shape.children], shape, agency)} for record in kept]
