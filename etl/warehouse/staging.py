"""Arrow tables into tables of the running transaction by binary COPY: the one door to pgpq."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator

import pgpq
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from pgpq.encoders import StringEncoderBuilder
from pgpq.schema import Jsonb
from psycopg import sql
from sqlalchemy import Connection

_TYPES = {
    pa.string(): sql.SQL('text COLLATE "C"'),
    pa.bool_(): sql.SQL("boolean"),
    pa.decimal128(20, 4): sql.SQL("numeric(20, 4)"),
}
_BATCH = 50_000


def stage(connection: Connection, name: str, table: pa.Table) -> None:
    """Make the temporary table `name`, gone at commit, and fill it by binary COPY.

    Column types: string, bool, decimal128(20, 4); a KeyError names any other.
    """
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field.name), _TYPES[field.type]) for field in table.schema
    )
    made, driver = sql.Identifier(name), driver_connection(connection)
    driver.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(made, columns))
    copy(connection, made, table)
    # A temporary table is never analysed on its own, and the plan of what follows depends on its size.
    driver.execute(sql.SQL("ANALYZE {}").format(made))


def copy(connection: Connection, target: sql.Identifier, table: pa.Table, json: Collection[str] = ()) -> str:
    """COPY the rows into the target's columns of the same names; gives the sha256 of what was sent.

    PostgreSQL gives the very same bytes of the same rows, columns and order (COPY TO, binary; `sha256_of`), where
    numbers have the digits of their column and JSON is written as PostgreSQL writes it. json: columns of JSON text.
    """
    columns = sql.SQL(", ").join(map(sql.Identifier, table.schema.names))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(target, columns)
    sent = hashlib.sha256()
    with driver_connection(connection).cursor() as cursor, cursor.copy(statement) as stream:
        for part in _encoded(table, json):
            sent.update(part)
            stream.write(part)
    return sent.hexdigest()


def sha256_of(connection: Connection, query: sql.Composable) -> tuple[int, str]:
    """How many rows the query gives, and the sha256 of what `COPY (query) TO STDOUT (FORMAT binary)` gives of them."""
    told = hashlib.sha256()
    with driver_connection(connection).cursor() as cursor:
        with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query)) as stream:
            for part in stream:
                told.update(part)
        return cursor.rowcount, told.hexdigest()


def sha256_sent(table: pa.Table) -> str:
    """What `copy` would give of the table, without a database."""
    told = hashlib.sha256()
    for part in _encoded(table, ()):
        told.update(part)
    return told.hexdigest()


def _encoded(table: pa.Table, json: Collection[str]) -> Iterator[bytes]:
    encoders = {
        field.name: StringEncoderBuilder.new_with_output(field, Jsonb())
        if field.name in json
        else pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)
        for field in table.schema
    }
    encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(table.schema, encoders)
    yield encoder.write_header()
    for batch in table.to_batches(max_chunksize=_BATCH):
        yield encoder.write_batch(batch)
    yield encoder.finish()


def driver_connection(connection: Connection) -> psycopg.Connection[tuple[object, ...]]:
    """The psycopg connection under a SQLAlchemy one, in the same transaction."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"the warehouse needs the psycopg driver, not {type(driver).__name__}")
    return driver


def storable(text: str) -> str:
    """The text as PostgreSQL can hold it: it refuses U+0000 and lone surrogates, which a portal may well send."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def storable_table(table: pa.Table) -> pa.Table:
    """`storable` on every string column of the table."""
    for index, field in enumerate(table.schema):
        if field.type == pa.string():
            table = table.set_column(index, field, pc.replace_substring(table.column(index), "\0", "\ufffd"))
    return table
