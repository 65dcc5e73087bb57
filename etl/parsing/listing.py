"""What is taken out of each single dossier or document: texts, as the source wrote them.

DuckDB reads the JSON of many pages at once; Python sees one record of each shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from etl import engine
from etl.bodies import Unreadable, json_text
from etl.model import Codes, Documents, Dossiers, FaultyDossiers, Moment, Page
from etl.parsing.body import Answer, Declared, Path, Record, path_of

Kind = Dossiers | FaultyDossiers | Documents
_Landed = tuple[int, Page, bytes]
"""A page by its number, as UTF-8."""
_AT_ONCE = 50
"""The part of the memory that pages are read of at once: while it is read, a page takes several times its size."""
_PARTY = ("counts", "agency", "skip", "other")


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
    """Lays the records of an answer out as tables of a connection.

    `record` has a row a record: page (its number), place in it, list, lacks (the first declared column that it has
    not), and as texts key, field and those of `moments_of` and `codes_of`. `party` has a row for each one that it
    counts for (page, place, agency, skip), and as what (`counts`): "sent", "received", or "" for the agency of a
    dossier; `other`: of a document in a list of sent or received ones, the codes of who is at its other end.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, answer: Answer, kind: Kind) -> None:
        self._connection, self._answer, self._kind = connection, answer, kind
        field = answer.platform.field
        self._columns = {"key": kind.key}
        if field is not None and field.column is not None:
            self._columns["field"] = field.column
        self._columns |= {name: moment.column for name, moment in moments_of(kind).items()}
        self._columns |= {name: codes.column for name, codes in codes_of(kind).items()}

    def lay_out(self) -> list[Record]:
        """One record of each shape on each page, for the audit of its columns.

        Raises SourceBroken as `Answer.lists` does, and for a record that is no object.
        """
        declared, shapes = Declared(self._answer), list[Record]()
        for table, names in (
            ("record", ("list", "lacks", *dict.fromkeys([*self._columns, "field"]))),
            ("party", _PARTY),
        ):
            texts = ", ".join(f"{name} text" for name in names)
            self._connection.execute(f"create temp table {table} (page bigint, place bigint, {texts})")
        for pages in self._batches():
            self._read(pages, declared)
            shapes += self._shapes(pages)
            self._connection.execute(f"insert into record by name {self._records()}")
            for parties in self._parties():
                self._connection.execute(f"insert into party by name {parties}")
            self._connection.execute("drop table listed")
        declared.prove()
        return shapes

    def _batches(self) -> Iterator[list[_Landed]]:
        batch, size, most = list[_Landed](), 0, engine.portion(_AT_ONCE)
        for number, (page, content) in enumerate(self._answer.pages):
            try:
                body = json_text(content, page.media_type, self._answer.platform.encoding).encode()
            except Unreadable as problem:
                raise self._answer.broken(problem.state, "nội dung", str(problem)) from None
            batch.append((number, page, body))
            size += len(body)
            if size > most:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _read(self, pages: Sequence[_Landed], declared: Declared) -> None:
        """`listed`: page, list, the field it was asked for, place and data of every record of these pages."""
        text = pa.string()
        landed = {
            "page": pa.array([number for number, _, _ in pages], pa.int64()),
            "list": pa.array([page.list for _, page, _ in pages], text),
            "asked": pa.array([page.field for _, page, _ in pages], text),
            "body": pa.array([body for _, _, body in pages], pa.binary()).cast(text, safe=False),
        }
        self._connection.register("landed", pa.table(landed))
        at, total = path_of(self._answer.platform.records), declared.path
        try:
            self._connection.execute(
                f"create temp table found as select * exclude (body, read), read{_field(at)} as records, "
                f"{f'read{_field(total)}' if total else 'null'} as total "
                f"from (select *, from_json(body, {_text(_structure(at, total))}) as read from landed)"
            )
        except duckdb.Error:
            for _, page, _ in pages:
                self._answer.json(page, self._answer.pages.read(page))  # says of the first that is no JSON what it is
            raise
        told = self._connection.sql("select len(records), total from found order by page").fetchall()
        for (_, page, _), (count, written) in zip(pages, told, strict=True):
            if count is None:
                raise self._answer.no_list()
            declared.add(page, count, int(written) if re.fullmatch(r"-?\d+", written or "") else written)
        self._connection.execute(
            "create temp table listed as select page, list, asked, generate_subscripts(records, 1) - 1 as place, "
            "unnest(records) as data from found"
        )
        self._connection.execute("drop table found")
        self._connection.unregister("landed")

    def _shapes(self, pages: Sequence[_Landed]) -> Iterator[Record]:
        page_of = {number: page for number, page, _ in pages}
        found = self._connection.sql(
            "select page, min(place) as first, arg_min_null(data, place) from listed group by page, "
            "case when contains(data[2:], '{') then json_structure(data)::text else json_keys(data)::text end "
            "order by page, first"
        )
        for number, place, data in found.fetchall():
            record, pointer = orjson.loads(data or "null"), f"{self._answer.list_pointer}/{place}"
            if not isinstance(record, dict):
                raise self._answer.broken("misshapen", pointer, "một bản ghi không phải là đối tượng JSON")
            yield Record(page_of[number], pointer, record)

    def _records(self) -> str:
        names = dict(enumerate(self._columns, 1))
        paths = {at: _json_path(self._columns[name]) for at, name in names.items()}
        lacks = " ".join(  # only where nothing is said need be asked whether the column is there
            f"when said[{at}] is null and not json_exists(data, {paths[at]}) then {_text(self._columns[name])}"
            for at, name in names.items()
        )
        texts = "".join(f", said[{at}] as {name}" for at, name in names.items())
        asked = "" if "field" in self._columns else ", asked as field"  # no column tells the field
        return (
            f"select page, place, list, case {lacks} end as lacks{texts}{asked} from "
            f"(select *, json_extract_string(data, [{', '.join(paths.values())}]) as said from listed)"
        )

    def _parties(self) -> Iterator[str]:
        kind, unit = self._kind, self._answer.platform.unit
        agency, skip = _said("data", unit.column), _said("data", unit.skip_column or unit.column)
        if not isinstance(kind, Documents):
            yield f"select page, place, '' as counts, {agency} as agency, {skip} as skip from listed"
            return
        to, other = kind.recipient, ("null", "null")
        if kind.mirrored:
            other = _said("data", to.skip_column or to.column), skip
        yield (
            f"select page, place, 'sent' as counts, {agency} as agency, {skip} as skip, {other[0]} as other "
            f"from listed where list is not distinct from {_text(kind.sent_list)}"
        )
        each = "[data]"
        if to.each is not None:
            all_of = f"json_extract(data, {_json_path(to.each, '[*]')})"
            each = f"case when json_type(data, {_json_path(to.each)}) = 'ARRAY' then {all_of} else [null] end"
        yield (
            f"select page, place, 'received' as counts, {_said('one', to.column)} as agency, "
            f"{_said('one', to.skip_column or to.column)} as skip, other "
            f"from (select page, place, unnest({each}) as one, {other[1]} as other "
            f"from listed where list is not distinct from {_text(kind.received_list)})"
        )


def _said(data: str, column: str) -> str:
    return f"json_extract_string({data}, {_json_path(column)})"


def _structure(*paths: Path) -> str:
    """What `from_json` is to read: the list at the first of the paths, and what stands at the others."""
    list_, *others = paths
    if not list_:
        return '["JSON"]'
    found: dict[str, Any] = {}
    for path, read in ((list_, ["JSON"]), *((other, "JSON") for other in others if other)):
        at = found
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = read
    return orjson.dumps(found).decode()


def _field(path: Path) -> str:
    """The field of a struct that `_structure` gave, in SQL."""
    return "".join(f"[{_text(key)}]" for key in path)


def _json_path(column: str, rest: str = "") -> str:
    """The dotted path as a JSONPath, in SQL."""
    keys = (key.replace("\\", "\\\\").replace('"', '\\"') for key in path_of(column))
    return _text("$" + "".join(f'."{key}"' for key in keys) + rest)


def _text(text: str | None) -> str:
    return "null" if text is None else "'" + text.replace("'", "''") + "'"
