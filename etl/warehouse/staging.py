"""Arrow tables into temporary tables of the running transaction: the one door to pgpq."""

from __future__ import annotations

import pgpq
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from sqlalchemy import Connection

_TYPES = {
    pa.string(): sql.SQL('text COLLATE "C"'),
    pa.int64(): sql.SQL("bigint"),
    pa.int32(): sql.SQL("integer"),
    pa.bool_(): sql.SQL("boolean"),
    pa.date32(): sql.SQL("date"),
    pa.decimal128(20, 4): sql.SQL("numeric(20, 4)"),
}
_BATCH = 50_000


def stage(connection: Connection, name: str, table: pa.Table) -> None:
    """Make the temporary table `name`, gone at commit, and fill it by binary COPY.

    Column types: string, int64, int32, bool, date32, decimal128(20, 4); a KeyError names any other.
    """
    driver = driver_connection(connection)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field.name), _TYPES[field.type]) for field in table.schema
    )
    with driver.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(sql.Identifier(name), columns))
        encoder = pgpq.ArrowToPostgresBinaryEncoder(table.schema)
        copied = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(name))
        with cursor.copy(copied) as target:
            target.write(encoder.write_header())
            for batch in table.to_batches(max_chunksize=_BATCH):
                target.write(encoder.write_batch(batch))
            target.write(encoder.finish())
        # A temporary table is never analysed on its own, and the plan of what follows depends on its size.
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))


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
