"""The store keeps what it was given, once, and notices a changed byte."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from etl.errors import TraceError
from etl.landing import Landing
from etl.model import Page, Receipt

FETCHED = dt.datetime(2026, 9, 15, 6, 0, 1, 123456, tzinfo=dt.UTC)
ANSWER: dict[str, Any] = {
    "body": b'[{"a": 1}]',
    "status": 200,
    "media_type": "application/json",
    "method": "GET",
    "address": "http://portal/x?q=1",
    "request": "",
    "fetched_at": FETCHED,
    "field": "ho_tich",
}


@pytest.fixture(params=["folder", "url", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    match request.param:
        case "folder":
            yield str(tmp_path / "a store")
        case "url":
            yield f"file://{tmp_path}/store"
        case _:
            url = f"memory://{uuid.uuid4().hex}"
            yield url
            UPath(url).fs.rm(UPath(url).path, recursive=True)


def receipt(number: int, state: Any = "complete", pages: tuple[Page, ...] = ()) -> Receipt:
    started = FETCHED + dt.timedelta(seconds=number)
    return Receipt(
        f"id{number}", "onestop_x", "2026-Q3", started, started + dt.timedelta(seconds=1), state, "đã lấy", 7, pages
    )


def test_bytes_come_back_and_stand_under_their_hash(store: str) -> None:
    landing = Landing(store)
    page = landing.land("onestop_x", "2026-Q3", **ANSWER)
    digest = hashlib.sha256(ANSWER["body"]).hexdigest()
    assert page.uri == f"raw/onestop_x/2026-Q3/{digest}.json"
    assert (page.size, page.status, page.field, page.fetched_at) == (10, 200, "ho_tich", FETCHED)
    assert landing.read(page) == ANSWER["body"]
    assert UPath(landing.locate(page)).read_bytes() == ANSWER["body"]


def test_the_same_bytes_land_on_the_same_file(store: str) -> None:
    landing = Landing(store)
    first = landing.land("onestop_x", "2026-Q3", **ANSWER)
    second = landing.land("onestop_x", "2026-Q3", **{**ANSWER, "address": "http://portal/y"})
    assert first.uri == second.uri
    assert second.address == "http://portal/y"
    assert len(list((UPath(store) / "raw/onestop_x/2026-Q3").iterdir())) == 1


def test_a_flipped_byte_is_named(tmp_path: Path) -> None:
    landing = Landing(str(tmp_path))
    page = landing.land("onestop_x", "2026-Q3", **ANSWER)
    file = tmp_path / page.uri
    body = bytearray(file.read_bytes())
    body[3] ^= 1
    file.write_bytes(body)
    with pytest.raises(TraceError) as caught:
        landing.read(page)
    for part in (str(file), page.sha256, hashlib.sha256(body).hexdigest()):
        assert part in str(caught.value)
    with pytest.raises(TraceError, match=page.sha256):
        landing.land("onestop_x", "2026-Q3", **ANSWER)
    assert file.read_bytes() == bytes(body), "what was landed is never written again"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    landing = Landing(str(tmp_path))
    page = landing.land("onestop_x", "2026-Q3", **ANSWER)
    (tmp_path / page.uri).unlink()
    with pytest.raises(TraceError, match=page.sha256):
        landing.read(page)


@pytest.mark.parametrize(
    ("media_type", "ending"), [("text/html", "html"), ("application/problem+json", "json"), ("", "bin")]
)
def test_the_name_tells_the_kind(tmp_path: Path, media_type: str, ending: str) -> None:
    page = Landing(str(tmp_path)).land("s", "2026-Q3", **{**ANSWER, "media_type": media_type})
    assert page.uri.endswith(f".{ending}")


def test_receipts_come_back_exactly_and_in_order(store: str) -> None:
    landing = Landing(store)
    page = landing.land("onestop_x", "2026-Q3", **ANSWER)
    kept = [receipt(2, pages=(page, page)), receipt(1), receipt(3, "wrong_window")]
    for one in kept:
        landing.write_receipt(one)
    assert landing.receipts("onestop_x", "2026-Q3") == [kept[1], kept[0], kept[2]]
    assert landing.latest_complete("onestop_x", "2026-Q3") == kept[0]
    assert landing.receipts("onestop_x", "2026-Q2") == []
    assert landing.latest_complete("onestop_y", "2026-Q3") is None


OLD = """{"id": "id1", "source": "onestop_x", "period": "2026-Q3", "started_at": "2026-09-15T06:00:02+00:00",
"finished_at": "2026-09-15T06:00:03+00:00", "state": "%s", "message": "cổng không trả lời", "rows": 0, "pages": []}"""


@pytest.mark.parametrize("state", ["complete", "unavailable", "refused", "broken"])
def test_a_receipt_from_before_the_named_states_is_read(tmp_path: Path, state: str) -> None:
    path = tmp_path / "receipts/onestop_x/2026-Q3/20260915T060002.000000Z-id1.json"
    path.parent.mkdir(parents=True)
    path.write_text(OLD % state, "utf-8")
    found = Landing(str(tmp_path)).receipts("onestop_x", "2026-Q3")
    assert [(one.state, one.proof) for one in found] == [(state, ())]


def test_a_receipt_is_written_once(store: str) -> None:
    landing = Landing(store)
    name = landing.write_receipt(receipt(1))
    with pytest.raises(FileExistsError):
        landing.write_receipt(receipt(1, "broken"))
    assert landing.latest_complete("onestop_x", "2026-Q3") == receipt(1)
    assert '"started_at": "2026-09-15T06:00:02.123456+00:00"' in (UPath(store) / name).read_text()


def test_an_unreadable_receipt_is_named(tmp_path: Path) -> None:
    landing = Landing(str(tmp_path))
    name = landing.write_receipt(receipt(1))
    (tmp_path / name).write_text("{}")
    with pytest.raises(TraceError, match=r"id1\.json"):
        landing.receipts("onestop_x", "2026-Q3")


def test_a_time_without_offset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        Landing(str(tmp_path)).land("s", "2026-Q3", **{**ANSWER, "fetched_at": FETCHED.replace(tzinfo=None)})


def test_many_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    landing = Landing(str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        pages = set(pool.map(lambda _: landing.land("s", "2026-Q3", **{**ANSWER, "body": b"x" * 100_000}), range(32)))
    assert len(pages) == 1
    assert [path.name for path in (tmp_path / "raw/s/2026-Q3").iterdir()] == [f"{pages.pop().sha256}.json"]
