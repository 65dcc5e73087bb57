"""What is taken out of each single dossier or document while it is decoded: texts, as the source wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa

from etl.model import Codes, Documents, Dossiers, FaultyDossiers, Moment, Page
from etl.parsing.body import MISSING, Answer, Record, path_of, value_at

Kind = Dossiers | FaultyDossiers | Documents
_PLACE = [("page", pa.int64()), ("place", pa.int64())]
PARTY = pa.schema([*_PLACE, *((name, pa.string()) for name in ("counts", "agency", "skip", "other"))])
"""Who a record counts for, and as what: "sent", "received", or "" for the agency of a dossier. other: of a document in
a list of sent or received ones, the codes of who is at its other end."""


def moments_of(kind: Kind) -> dict[str, Moment]:
    """The columns of dates by our name for them."""
    if isinstance(kind, Dossiers):
        return {"received": kind.received, "due": kind.due, "finished": kind.finished}
    if isinstance(kind, FaultyDossiers):
        return {"received": kind.received, "finished": kind.finished}
    return {"time": kind.time}


def codes_of(kind: Kind) -> dict[str, Codes]:
    """The columns of codes by our name for them; a document's others say whether it counts."""
    if isinstance(kind, Dossiers):
        return {"status": kind.status, "channel": kind.channel, **({"level": kind.level} if kind.level else {})}
    if isinstance(kind, FaultyDossiers):
        return {"status": kind.status, "channel": kind.channel, "level": kind.level}
    counted = {
        f"code_{index}": Codes(column, {code: "counts" if counts else "" for code, counts in codes.items()})
        for index, (column, codes) in enumerate(kind.counted.items())
    }
    told = {"form": kind.form, "signature": kind.signature}
    return counted | {name: codes for name, codes in told.items() if codes is not None}


class Listing:
    """Takes the columns out of the records of a page.

    `record` has a row a record: page, place, list, lacks (the first declared column that it has not), and as texts
    key, field and those of `moments_of` and `codes_of`.
    """

    def __init__(self, answer: Answer, kind: Kind) -> None:
        self._kind, unit, field = kind, answer.platform.unit, answer.platform.field
        self._columns = {"key": kind.key}
        if field is not None and field.column is not None:
            self._columns["field"] = field.column
        self._columns |= {name: moment.column for name, moment in moments_of(kind).items()}
        self._columns |= {name: codes.column for name, codes in codes_of(kind).items()}
        self._paths = {name: path_of(column) for name, column in self._columns.items()}
        self._sender = path_of(unit.column), path_of(unit.skip_column or unit.column)
        names = dict.fromkeys([*self._columns, "field"])
        texts = [(name, pa.string()) for name in ("list", "lacks", *names)]
        self._schema = pa.schema([*_PLACE, *texts])
        self._shapes: set[tuple[str, ...]] = set()

    def read(self, number: int, page: Page, listed: Sequence[dict[str, Any]]) -> tuple[pa.Table, pa.Table]:
        """`record` and `party` of the page of that number."""
        record: dict[str, list[Any]] = {name: [] for name in self._schema.names}
        party: dict[str, list[Any]] = {name: [] for name in PARTY.names}
        for place, data in enumerate(listed):
            lacks = None
            for name, path in self._paths.items():
                value = value_at(data, path)
                lacks = lacks or (self._columns[name] if value is MISSING else None)
                record[name].append(written(value))
            record["lacks"].append(lacks)
            for counts, agency, skip, other in self._parties(data, page.list):
                party["place"].append(place)
                party["counts"].append(counts)
                party["agency"].append(written(agency))
                party["skip"].append(written(skip))
                party["other"].append(written(other))
        count = len(listed)
        record |= {"page": [number] * count, "place": list(range(count)), "list": [page.list] * count}
        if "field" not in self._paths:
            record["field"] = [page.field] * count
        party["page"] = [number] * len(party["place"])
        return pa.table(record, schema=self._schema), pa.table(party, schema=PARTY)

    def shapes(self, page: Page, at: str, listed: Sequence[dict[str, Any]]) -> Iterator[Record]:
        """One record of each shape on the page, for the audit of its columns."""
        for index, data in enumerate(listed):
            shape = (page.sha256, *_names(data))
            if shape not in self._shapes:
                self._shapes.add(shape)
                yield Record(page, f"{at}/{index}", data)

    def _parties(self, data: dict[str, Any], named: str | None) -> Iterator[tuple[str, Any, Any, Any]]:
        kind, (agency, skip) = self._kind, self._sender
        if not isinstance(kind, Documents):
            yield "", value_at(data, agency), value_at(data, skip), None
            return
        to, told = path_of(kind.recipient.column), path_of(kind.recipient.skip_column or kind.recipient.column)
        if kind.sent_list == named:
            yield "sent", value_at(data, agency), value_at(data, skip), value_at(data, told) if kind.mirrored else None
        if kind.received_list == named:
            each = [data] if kind.recipient.each is None else value_at(data, path_of(kind.recipient.each))
            for one in each if isinstance(each, list) else [None]:
                sender = value_at(data, skip) if kind.mirrored else None
                yield "received", value_at(one, to), value_at(one, told), sender


def written(value: Any) -> str | None:
    """A value as a text: None for null and for what is not there."""
    if value is None or value is MISSING:
        return None
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _names(data: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _names(value, f"{prefix}{key}.")
        else:
            yield prefix + key
