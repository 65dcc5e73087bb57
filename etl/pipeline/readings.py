"""What a landed pull says: its standard rows, read from its bytes; those of a long list are kept beside them.

A list of single records takes minutes to count and says the same each time. What it was read as lies under
`read/<source>/<period>/` in the store, by a digest of all that it depends on: the pages of the pull, what the catalog
says of source, platform, dataset, fields and units, and this program. It is derived and disposable, is believed only
where its own sha256 is right, and never instead of the landed bytes: each page is still compared with its sha256.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from etl import parsing
from etl.catalog import Catalog
from etl.files import create
from etl.landing import Landing
from etl.model import Finding, Pages, Source
from etl.parsing import Parsed
from etl.periods import Period
from etl.settings import ROOT
from etl.units import UnitTree

_TABLES = ("table", "omitted", "deliveries")
_LISTS = ("given", "missing", "unread", "proof")


def read_rows(catalog: Catalog, source: Source, period: Period, pages: Pages) -> Parsed:
    """Standard rows of one landed pull. Raises SourceBroken when it is not what the platform declares."""
    platform = catalog.platform_of(source, period)
    dataset = catalog.datasets[platform.dataset]
    return parsing.parse(source, platform, dataset, period, pages, catalog.tree(period), catalog.fields)


def kept_rows(catalog: Catalog, landing: Landing, source: Source, period: Period, pages: Pages) -> Parsed:
    """As `read_rows`; a list of single records that was read before is not counted again.

    Raises TraceError where a page is no longer what was landed.
    """
    if catalog.platform_of(source, period).records_of is None:
        return read_rows(catalog, source, period, pages)
    folder = landing.folder("read", source.id, period.key)
    name = _digest(catalog, source, period, pages)
    found = _kept(folder, name)
    if found is None:
        found = read_rows(catalog, source, period, pages)
        _keep(folder, name, found)
    else:
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # both reading and hashing leave the interpreter free
            deque(pool.map(lambda page: len(pages.read(page)), pages.asked), maxlen=0)
    return found


def _digest(catalog: Catalog, source: Source, period: Period, pages: Pages) -> str:
    platform = catalog.platform_of(source, period)
    told = [pages.asked, source, platform, catalog.datasets[platform.dataset], catalog.fields, period.key]
    return hashlib.sha256(_json(told) + _units(catalog.tree(period)) + _program()).hexdigest()


@lru_cache(maxsize=16)
def _units(tree: UnitTree) -> bytes:
    return hashlib.sha256(_json([tree.day, list(tree)])).digest()


@cache
def _program() -> bytes:
    """A digest of what reads: any line of it may be the one that matters."""
    files = sorted((ROOT / "etl").rglob("*.py"))
    bodies = b"".join(hashlib.sha256(Path(file).read_bytes()).digest() for file in files)
    return hashlib.sha256(bodies + duckdb.__version__.encode() + pa.__version__.encode()).digest()


def _kept(folder: UPath, name: str) -> Parsed | None:
    """None where nothing is kept under the name, or not what was."""
    try:
        told = orjson.loads((folder / f"{name}.json").read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    tables: dict[str, pa.Table | None] = dict.fromkeys(_TABLES)
    for table, sha256 in told["tables"].items():
        try:
            body = (folder / f"{name}.{table}.parquet").read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(body).hexdigest() != sha256:
            return None
        tables[table] = pq.read_table(pa.BufferReader(body))
    findings = [Finding(**one) for one in told["findings"]]
    return Parsed(findings=findings, doubts={}, **tables, **{one: tuple(told[one]) for one in _LISTS})  # type: ignore[arg-type]


def _keep(folder: UPath, name: str, parsed: Parsed) -> None:
    sums = {}
    for table in _TABLES:
        if (content := getattr(parsed, table)) is not None:
            sink = pa.BufferOutputStream()
            pq.write_table(content, sink, compression="zstd")
            body = sink.getvalue().to_pybytes()
            sums[table] = hashlib.sha256(body).hexdigest()
            with suppress(FileExistsError):
                create(folder / f"{name}.{table}.parquet", body)
    told = {"tables": sums, "findings": [asdict(one) for one in parsed.findings]}
    with suppress(FileExistsError):  # last: without it the others are nothing
        create(folder / f"{name}.json", orjson.dumps(told | {one: getattr(parsed, one) for one in _LISTS}))


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{value!r} is of no kind that a catalog has")
