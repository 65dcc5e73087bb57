"""What a run found, as the warehouse keeps it and people read it: each thing once, and no more than can be read.

The steps of a run write all that they find, by the column, beside its rows. A pull that went wrong as a whole may break
a rule a million times: then the first of each source and rule are told one by one, and one finding says how many more
there are. Those that a waiver lets pass, or that later periods look up one by one, are never among these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
from upath import UPath

from etl.model import Finding
from etl.pipeline.unanswered import LOOKED_UP
from etl.pipeline.work import read

TOLD: Final = 50_000
"""So many findings of a run are told one by one, or all where there are no more; about 100 MB of objects."""
_STEPS: Final = ("", "gaps_", "moving_", "waivers_")
_OTHER: Final = ("other_source", "other_period", "other_payload", "other_row")
MARKS: Final = ("rule", "source", "unit", "field", "payload", "row", "column", "value", "expected", *_OTHER)
"""Of a finding what makes it another one; its words may be mended. A missing source has no payload and no figure, so
that it is the same finding however often it does not answer."""


def found_in(work: UPath, names: Iterable[str], most: int = TOLD) -> list[Finding]:
    """What was found in a run over these datasets, and what its figures are found to contradict, at most about `most`.

    A row that could not be read is found twice, by the reader (who knows the column) and by its rule: it is told once.
    """
    by_step = [work / f"findings_{step}{name}.parquet" for step in _STEPS for name in names]
    once = pa.concat_tables([read(path) for path in (work / "findings_parse.parquet", *by_step)])
    with duckdb.connect() as connection:
        connection.register("steps", once.append_column("number", pa.array(np.arange(once.num_rows))))
        connection.register("looked_up", pa.table({"rule": LOOKED_UP}))
        connection.execute(_FOUND)
        [(whole, pairs)] = connection.execute(_COUNTED).fetchall()
        share = whole if whole <= most else max(1, most // pairs)
        connection.execute(_LEFT_OUT, [share])
        rest = [_more(*one) for one in connection.execute(_REST).fetchall()]
        told = once.take(connection.sql(_TOLD_ONE_BY_ONE).to_arrow_table()["number"])
    return [*_findings(told), *rest, *_findings(read(work / "findings_across.parquet"))]


def _findings(table: pa.Table) -> Iterator[Finding]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from (Finding(**one) for one in batch.to_pylist())


def _more(rule: str, source: str, severity: str, period: str, message: str, count: int, sha256: str) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,  # type: ignore[arg-type]
        source=source,
        period=period,
        message=f"còn {count} dòng nữa như vậy, không kể riêng ở đây (so many more rows like this one): {message}",
        column=f"+{count}",
        value=sha256,
        expected="xem vùng cách ly và findings_*.parquet của lượt chạy",
    )


_FOUND = """
create temp table found as
select number, source, rule, severity, waiver is null and rule not in (select rule from looked_up) as may_be_left_out
from steps where number in (
  select min(number) from steps group by md5_number(
    concat_ws(chr(31), rule, source, coalesce(payload, ''), coalesce(nullif("row", ''), message))))"""
"""By numbers: to sort a million findings with all their words would take as much memory as to tell them."""
_COUNTED = "select count(*), count(distinct (source, rule, severity)) from found where may_be_left_out"
_LEFT_OUT = """
create temp table left_out as
select number from (
  select number, row_number() over (partition by source, rule, severity order by number) as n from found
  where may_be_left_out)
where n > ?"""
_MARK = ", ".join(f"coalesce(\"{name}\", '')" for name in MARKS)
_REST = f"""
select rule, source, severity, period, arg_min(message, number), count(*), sha256(string_agg(mark, '' order by mark))
from (
  select rule, source, severity, period, message, number, sha256(concat_ws(chr(31), {_MARK})) as mark
  from steps where number in (select number from left_out))
group by rule, source, severity, period order by min(number)"""
_TOLD_ONE_BY_ONE = "select number from found where number not in (select number from left_out) order by number"
