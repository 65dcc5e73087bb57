"""Files in place of answers: a folder that people fill, and an export that a portal makes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from etl import connectors
from etl.connectors import Response
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.model import Platform, Request, Source
from etl.periods import Period
from etl.settings import Settings
from tests.connectors.loopback_portal import Portal, Reply
from tests.parsing.vendor_answers import CATALOG

Q3 = Period.parse("2026-Q3")
INBOX = CATALOG.platforms["export_06a"]
DOWNLOAD = replace(INBOX, protocol="download", request=Request("GET", "/export.xlsx", {"ky": "Q3"}))


def pull(address: str, platform: Platform = INBOX, **environment: str) -> list[Response]:
    files = None if platform is DOWNLOAD else "06a_{period}_*.xls*"
    source = Source("thu_cao_bang", platform.id, "04", address, "Cao Bằng", files=files)
    settings = Settings.from_environment(environment)
    return list(connectors.pull(source, platform, Q3, tuple(CATALOG.fields), settings))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "hộp thư 1"
    folder.mkdir()
    return folder


def test_every_file_of_the_period_is_read_and_left_as_it_is(inbox: Path) -> None:
    for name in ("06a_2026-Q3_b.xlsx", "06a_2026-Q3_a.xls", "06a_2026-Q2_a.xlsx", "~$06a_2026-Q3_a.xls", "ghi chú.txt"):
        (inbox / name).write_bytes(name.encode())
    before = {path: (path.stat(), path.read_bytes()) for path in inbox.iterdir()}
    answers = pull(inbox.as_uri())
    assert [answer.body for answer in answers] == [b"06a_2026-Q3_a.xls", b"06a_2026-Q3_b.xlsx"]
    assert answers[0].address == f"{inbox.as_uri()}/06a_2026-Q3_a.xls"
    assert [answer.media_type for answer in answers] == [
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]
    assert all(answer.fetched_at.tzinfo is not None for answer in answers)
    after = {path: (path.stat(), path.read_bytes()) for path in inbox.iterdir()}
    assert {path: (stat.st_mtime_ns, stat.st_ino, body) for path, (stat, body) in before.items()} == {
        path: (stat.st_mtime_ns, stat.st_ino, body) for path, (stat, body) in after.items()
    }


@pytest.mark.parametrize("written", ["env:BAOCAO_TEST_INBOX", "env:BAOCAO_TEST_INBOX/cao bằng"])
def test_the_folder_may_be_a_reference(inbox: Path, written: str) -> None:
    folder = inbox / written.partition("/")[2]
    folder.mkdir(exist_ok=True)
    (folder / "06a_2026-Q3_a.xlsx").write_bytes(b"x")
    assert len(pull(written, BAOCAO_TEST_INBOX=str(inbox))) == 1
    if "/" not in written:
        assert len(pull(written, BAOCAO_TEST_INBOX=f"file://{quote(str(inbox))}")) == 1


def test_an_empty_folder_is_waited_for(inbox: Path) -> None:
    (inbox / "06a_2026-Q2_a.xlsx").write_bytes(b"x")
    with pytest.raises(SourceUnavailable) as caught:
        pull(inbox.as_uri())
    assert str(caught.value).startswith("thu_cao_bang, kỳ 2026-Q3, files: ")
    assert "06a_2026-Q3_*.xls*" in str(caught.value)
    assert str(inbox) in str(caught.value)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("file:///there/is/no/such/folder", SourceUnavailable),
        ("https://portal.example.vn/a", SourceBroken),
        ("file://server/share", SourceBroken),
        ("somewhere", SourceBroken),
    ],
)
def test_an_address_that_is_no_folder(address: str, kind: type[SourceError]) -> None:
    with pytest.raises(kind, match="thu_cao_bang, kỳ 2026-Q3, address: "):
        pull(address)


def test_a_file_that_cannot_be_read_is_named(inbox: Path) -> None:
    (inbox / "06a_2026-Q3_a.xlsx").write_bytes(b"x")
    os.mkfifo(inbox / "06a_2026-Q3_b.xlsx")  # no file: it is not waited for
    assert len(pull(inbox.as_uri())) == 1


_XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def test_an_export_is_downloaded_as_it_is(portal: Portal) -> None:
    portal.answers(Reply(b"PK\x03\x04any", headers=_XLSX))
    answers = pull(portal.url, DOWNLOAD)
    assert [answer.body for answer in answers] == [b"PK\x03\x04any"]
    assert answers[0].address == f"{portal.url}/export.xlsx?ky=Q3"
    assert [(asked.path, asked.query, asked.headers["Accept"]) for asked in portal.asked] == [
        ("/export.xlsx", {"ky": "Q3"}, "*/*")
    ]


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(b"<!DOCTYPE html><p>login", headers={"Content-Type": "text/html"}), SourceBroken, "HTML"),
        (Reply(b"\n <html>", headers=_XLSX), SourceBroken, "HTML"),
        (Reply(b"", headers=_XLSX), SourceBroken, "rỗng"),
        (Reply(b"no", 404), SourceBroken, "HTTP 404"),
        (Reply(b"no", 403), SourceRefused, "HTTP 403"),
        (Reply(b"no", 500), SourceUnavailable, "HTTP 500"),
        (Reply(b"PK", headers=_XLSX, length=900), SourceUnavailable, "ngắt giữa chừng"),
    ],
)
def test_no_file_is_told_as_such(portal: Portal, reply: Reply, kind: type[SourceError], words: str) -> None:
    portal.answers(reply)
    with pytest.raises(kind, match=words):
        pull(portal.url, DOWNLOAD)
