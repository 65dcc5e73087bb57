"""What a load rests on: receipts and payloads, the rows of every source, what was set aside and found."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import count, islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from sqlalchemy import Connection, Table, func, select

from etl.errors import OutdatedError, TraceError
from etl.model import Finding, Hole, Receipt
from etl.tables import ROW
from etl.warehouse import schema
from etl.warehouse.staging import copy, sha256_sent, storable, storable_table

_KEPT = tuple(ROW.names[2:])
_ORDER = ("source", "payload", "pointer", "field", "first_day", "raw")
_BATCH = 10_000
"""So many records are made objects of at once."""
_SET_ASIDE = ("messages", "source", "payload", "pointer", "agency", "unit", "tier", "field", "problem", "raw")


def chosen_receipts(rows: Mapping[str, pa.Table], receipts: Sequence[Receipt]) -> dict[str, tuple[Receipt, str]]:
    """For each source the receipt its rows came by (the newest attempt when it has none), and the newest state.

    Raises TraceError when rows cite an answer that no complete receipt of their source holds.
    """
    cited: dict[str, set[str]] = {}
    for table in rows.values():
        for pair in table.select(["source", "payload"]).group_by(["source", "payload"]).aggregate([]).to_pylist():
            cited.setdefault(pair["source"], set()).add(pair["payload"])
    newest: dict[str, Receipt] = {}
    holding: dict[str, Receipt] = {}
    for receipt in sorted(receipts, key=lambda receipt: receipt.finished_at):
        newest[receipt.source] = receipt
        held = {page.sha256 for page in receipt.pages}
        if receipt.state == "complete" and cited.get(receipt.source, set()) <= held:
            holding[receipt.source] = receipt
    for source in cited.keys() - holding.keys():
        some = min(cited[source])
        raise TraceError(
            f"{source}: không có biên nhận trọn vẹn nào giữ câu trả lời {some} mà các dòng dẫn tới "
            "(no complete receipt holds the answer its rows cite): parse the source again from its latest receipt"
        )
    return {
        source: (holding[source] if source in cited else receipt, receipt.state) for source, receipt in newest.items()
    }


def refuse_older(connection: Connection, period_key: str, receipts: Sequence[Receipt], read: Collection[str]) -> None:
    """Raises OutdatedError where a load of the period knew a later attempt of a source that was read for this one.

    Of two runs at once, the one that read the store first may come to load last. The caller holds the period's lock.
    """
    given: dict[str, dt.datetime] = {}
    for one in receipts:
        given[one.source] = max(one.started_at, given.get(one.source, one.started_at))
    receipt = schema.receipt.c
    known = (
        select(receipt.source, func.max(receipt.started_at))
        .where(receipt.period == period_key, receipt.source.in_(read))
        .group_by(receipt.source)
    )
    later = sorted(
        source for source, newest in connection.execute(known) if source not in given or newest > given[source]
    )
    if later:
        raise OutdatedError(
            f"kỳ {period_key}: lần nạp khác đã dùng câu trả lời mới hơn của {', '.join(later)}, hãy chạy lại từ các "
            "tệp đã lấy (another run loaded newer answers meanwhile: run again)"
        )


def store_receipts(connection: Connection, load: int, receipts: Sequence[Receipt]) -> None:
    """Receipts with their payloads, each once: a later load that uses one again finds it there."""
    given = {receipt.id: receipt for receipt in receipts}
    known = set(connection.execute(select(schema.receipt.c.id).where(schema.receipt.c.id.in_(list(given)))).scalars())
    fresh = [receipt for id_, receipt in given.items() if id_ not in known]
    _insert(
        connection,
        schema.receipt,
        ({**asdict(receipt), "load": load, "pages": None} for receipt in fresh),
    )
    _insert(
        connection,
        schema.payload,
        (
            {**asdict(page), "receipt": receipt.id, "position": position}
            for receipt in fresh
            for position, page in enumerate(receipt.pages)
        ),
    )


def store_rows(
    connection: Connection,
    period_key: str,
    load: int,
    rows: Mapping[str, pa.Table],
    chosen: Mapping[str, tuple[Receipt, str]],
    compared: Collection[str],
) -> None:
    """State and role of every source; its rows too, unless an earlier load of the period holds the very same ones."""
    sources = {
        source: {
            "load": load,
            "source": source,
            "role": "comparison" if source in compared else "reporting",
            "state": state,
            "receipt": receipt.id,
            "rows": 0,
        }
        for source, (receipt, state) in chosen.items()
    }
    for dataset, table in sorted(rows.items()):
        fresh = []
        for source, part in _by_source(table):
            digest = sha256_sent(part)
            holder = _holder(connection, period_key, source, digest)
            if holder is None:
                fresh.append(part.append_column("position", pa.array(range(1, part.num_rows + 1), pa.int32())))
            if sources[source]["rows"]:
                raise ValueError(f"{source} gives rows of two datasets: a source has one")
            sources[source] |= {
                "dataset": dataset,
                "rows": part.num_rows,
                "rows_sha256": digest,
                "rows_load": load if holder is None else holder,
            }
        if fresh:
            _copy_rows(connection, load, dataset, pa.concat_tables(fresh))
    empty = {"dataset": None, "rows_sha256": None, "rows_load": None}
    _insert(connection, schema.load_source, ({**empty, **source} for source in sources.values()))


def _by_source(table: pa.Table) -> Iterable[tuple[str, pa.Table]]:
    """The rows of each source, in an order that does not depend on the one in which they came."""
    table = storable_table(table).sort_by([(name, "ascending") for name in _ORDER])
    first = 0
    for run in pc.run_end_encode(table["source"].combine_chunks()).run_ends.to_pylist() if table.num_rows else ():
        yield table["source"][first].as_py(), table.slice(first, run - first)
        first = run


def _holder(connection: Connection, period_key: str, source: str, digest: str) -> int | None:
    held = (
        select(schema.load_source.c.rows_load)
        .join(schema.load, schema.load.c.id == schema.load_source.c.load)
        .where(
            schema.load.c.period == period_key,
            schema.load_source.c.source == source,
            schema.load_source.c.rows_sha256 == digest,
        )
    )
    return connection.execute(held.limit(1)).scalar()


def _copy_rows(connection: Connection, load: int, dataset: str, rows: pa.Table) -> None:
    given = {name: rows[name] for name in ("source", "position", *_KEPT)}
    given |= {"load": pa.repeat(load, rows.num_rows), "dataset": pa.repeat(dataset, rows.num_rows)}
    given["values"] = _measures(rows.drop_columns([*ROW.names, "position"]))
    copy(connection, sql.Identifier(schema.SCHEMA, schema.standard_row.name), pa.table(given), json=["values"])


def _measures(columns: pa.Table) -> pa.ChunkedArray:
    """The whole numbers of each row as a JSON object, "no value" as null."""
    parts: list[Any] = []
    for name in columns.schema.names:
        key = ("{" if not parts else ", ") + json.dumps(name, ensure_ascii=False) + ": "
        parts += [key, columns[name].cast(pa.string()).fill_null("null")]
    if not parts:
        return pa.repeat("{}", columns.num_rows)
    return pc.binary_join_element_wise(*parts, "}", "")


def store_quarantine(connection: Connection, load: int, quarantine: Mapping[str, pa.Table]) -> None:
    """Rows set aside: standard rows with `rules` and `messages` of what they break, each joined by "; "."""
    _insert(connection, schema.quarantine, ({**one, "load": load} for one in _held(quarantine)))


def _held(quarantine: Mapping[str, pa.Table]) -> Iterator[dict[str, Any]]:
    """Taken by the batch: a table holds however many rows a bad answer had, and never are all of them objects."""
    position = count()
    for dataset, table in sorted(quarantine.items()):
        measures = [field.name for field in table.schema if pa.types.is_integer(field.type)]
        for batch in table.to_batches(max_chunksize=_BATCH):
            for row in batch.to_pylist():
                yield {
                    **{column: row[column] for column in _SET_ASIDE},
                    "position": next(position),
                    "dataset": dataset,
                    "rules": row["rules"].split("; "),
                    "values": {name: row[name] for name in measures},
                }


def store_findings(connection: Connection, load: int, findings: Sequence[Finding], holes: Sequence[Hole]) -> None:
    """Findings and holes, in the order given."""
    found = ({**asdict(finding), "load": load, "position": position} for position, finding in enumerate(findings))
    missing = ({**asdict(hole), "load": load, "position": position} for position, hole in enumerate(holes))
    _insert(connection, schema.finding, found)
    _insert(connection, schema.hole, missing)


def _insert(connection: Connection, table: Table, records: Iterable[Mapping[str, Any]]) -> None:
    given = iter(records)
    while batch := list(islice(given, _BATCH)):
        rows = [
            {
                name: storable(value) if isinstance(value, str) else value
                for name, value in record.items()
                if name in table.c
            }
            for record in batch
        ]
        connection.execute(table.insert(), rows)
