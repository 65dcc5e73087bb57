"""What a list of single records was read as is kept, and believed only where nothing that it rests on has changed."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from etl.catalog import Catalog
from etl.errors import TraceError
from etl.landing import Landing
from etl.model import Pages, Source
from etl.parsing import Parsed
from etl.pipeline.readings import kept_rows, read_rows
from tests.parsing.test_records import LIFE, dossier, pages_of
from tests.parsing.vendor_answers import CATALOG, COMMUNES, Q3

SOURCE = Source("dossiers_x", "dossier_list", "04", "http://x", "Cao Bằng")
RECORDS = [dossier(number, LIFE) for number in range(5)] + [dossier(6, LIFE, TrangThai=3)]
RECORDS[1] |= {"KenhThucHien": None}


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(str(tmp_path))


def landed(landing: Landing, records: list[dict[str, Any]] = RECORDS, fetched: int = 1) -> Pages:
    pages = [
        landing.land(
            *(SOURCE.id, Q3.key), body=body, status=200, media_type="application/json", method="GET", address="http://x",
            request=f"http://x?page={number}", fetched_at=dt.datetime(2026, 9, 15, fetched, tzinfo=dt.UTC),
        )
        for number, (_, body) in enumerate(pages_of(records, 3))
    ]  # fmt: skip
    return Pages(tuple(pages), landing.read)


def total(parsed: Parsed) -> int:
    return int(pc.sum(parsed.table["received_total"]).as_py())


def spoil(tmp_path: Path, *, sealed: bool) -> None:
    """Makes what is kept say a thousand; sealed: so that its own sha256 is right."""
    (table,) = tmp_path.glob("read/**/*.table.parquet")
    rows = pq.read_table(table)
    at = rows.column_names.index("received_total")
    pq.write_table(rows.set_column(at, rows.schema.field(at), pa.array([1000] * rows.num_rows)), table)
    if sealed:
        (told,) = tmp_path.glob("read/**/*.json")
        content = orjson.loads(told.read_bytes())
        content["tables"]["table"] = hashlib.sha256(table.read_bytes()).hexdigest()
        told.write_bytes(orjson.dumps(content))


def test_what_is_kept_is_all_that_was_read(landing: Landing) -> None:
    pages = landed(landing)
    anew = read_rows(CATALOG, SOURCE, Q3, pages)
    assert (total(anew), anew.left_out, [one.rule for one in anew.findings]) == (
        *(5, {"chưa hoặc không được tiếp nhận (trạng thái 1, 3)": 1}),
        ["READ-CHANNEL"],
    )
    first, again = (kept_rows(CATALOG, landing, SOURCE, Q3, pages) for _ in range(2))
    assert first == anew
    assert again == anew


def test_a_list_is_counted_once_and_anew_where_anything_changed(landing: Landing, tmp_path: Path) -> None:
    pages = landed(landing)
    kept_rows(CATALOG, landing, SOURCE, Q3, pages)
    spoil(tmp_path, sealed=True)
    assert total(kept_rows(CATALOG, landing, SOURCE, Q3, pages)) == 1000, "it is the one that is kept"
    assert total(read_rows(CATALOG, SOURCE, Q3, pages)) == 5
    looked_up = replace(SOURCE, lookups={"unit": {"04.09": "04"}})
    platform = replace(CATALOG.platforms["dossier_list"], absent_is_zero=True)
    fewer = {code: field for code, field in CATALOG.fields.items() if code != "y_te"}
    catalogs: list[tuple[Catalog, Source]] = [
        (CATALOG, looked_up),
        (replace(CATALOG, platforms={**CATALOG.platforms, "dossier_list": platform}), SOURCE),
        (replace(CATALOG, fields=fewer), SOURCE),
        (replace(CATALOG, units=tuple(unit for unit in CATALOG.units if unit.code != COMMUNES[-1].code)), SOURCE),
    ]
    for catalog, source in catalogs:
        assert total(kept_rows(catalog, landing, source, Q3, pages)) == 5
    assert total(kept_rows(CATALOG, landing, SOURCE, Q3, landed(landing, fetched=2))) == 5, "pulled again"
    assert total(kept_rows(CATALOG, landing, SOURCE, Q3, landed(landing, RECORDS[1:]))) == 4
    assert total(kept_rows(CATALOG, landing, SOURCE, Q3, pages)) == 1000


def test_what_is_kept_and_no_longer_right_is_counted_anew(landing: Landing, tmp_path: Path) -> None:
    pages = landed(landing)
    kept_rows(CATALOG, landing, SOURCE, Q3, pages)
    spoil(tmp_path, sealed=False)
    assert total(kept_rows(CATALOG, landing, SOURCE, Q3, pages)) == 5
    for told in tmp_path.glob("read/**/*.json"):
        told.write_bytes(b"{")
    assert total(kept_rows(CATALOG, landing, SOURCE, Q3, pages)) == 5


def test_a_page_that_changed_is_found_though_it_is_not_counted_again(landing: Landing, tmp_path: Path) -> None:
    pages = landed(landing)
    kept_rows(CATALOG, landing, SOURCE, Q3, pages)
    page = tmp_path / pages.asked[1].uri
    page.write_bytes(page.read_bytes().replace(b"2026", b"2025", 1))
    with pytest.raises(TraceError, match=pages.asked[1].sha256):
        kept_rows(CATALOG, landing, SOURCE, Q3, pages)
