"""When an answer is enough, and one sentence for each way to fail."""

from __future__ import annotations

import pickle
import socket
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from etl.connectors import pull
from etl.connectors.http import RETRIES
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from tests.connectors.loopback_portal import Asked, Portal, Reply, as_json
from tests.connectors.pulling import PLATFORMS, Q3, SECRET, collect, paged, quick, settings, source_of

# --- how it fails -------------------------------------------------------------------------------

HTML = {"Content-Type": "text/html; charset=utf-8"}
FAILURES: dict[str, tuple[Reply, type[SourceError], str, str]] = {
    "unauthorized": (Reply(status=401), SourceRefused, "HTTP 401", "Gia hạn mã truy cập ở biến BAOCAO_TEST_TOKEN"),
    "forbidden": (Reply(status=403), SourceRefused, "HTTP 403", "BAOCAO_TEST_TOKEN"),
    "error": (Reply(status=500), SourceUnavailable, "HTTP 500", "cổng đang lỗi"),
    "down": (Reply(status=503), SourceUnavailable, "HTTP 503", "ngừng phục vụ"),
    "throttled": (
        Reply(status=429, headers={"Retry-After": "60"}),
        SourceUnavailable,
        "HTTP 429",
        "giới hạn số lượt hỏi",
    ),
    "not found": (Reply(b"{}", status=404), SourceBroken, "HTTP 404", "platforms/igate.yml"),
    "no content": (Reply(b"", status=204), SourceBroken, "HTTP 204", "sources/onestop_cao_bang.yml"),
    "redirect": (Reply(status=302, headers={"Location": "/login"}), SourceBroken, "HTTP 302", "chuyển hướng"),
    "login page": (Reply(b"<!doctype html><title>Login", headers=HTML), SourceBroken, "nội dung", "HTML"),
    "page called JSON": (Reply(b"\r\n <html></html>"), SourceBroken, "nội dung", "HTML"),
    "truncated": (Reply(b'[{"agency": {"code": "01'), SourceBroken, "nội dung", "cắt cụt"),
    "not JSON": (Reply(b"OK"), SourceBroken, "nội dung", "không phải JSON"),
    "nothing": (Reply(b""), SourceBroken, "nội dung", "không có nội dung"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_an_answer_is_handed_over_before_it_is_judged(portal: Portal, name: str) -> None:
    reply, kind, field, words = FAILURES[name]
    portal.answers(reply)
    pulling = pull(source_of("igate"), PLATFORMS["igate"], Q3, ["ho_tich"], settings(portal))
    response = next(pulling)
    assert (response.body, response.status) == (reply.body, reply.status)
    with pytest.raises(SourceError) as caught:
        next(pulling)
    error = caught.value
    assert type(error) is kind
    assert error.field == field
    assert words in str(error)
    for part in ("onestop_cao_bang", "2026-Q3", field, error.advice):
        assert part in str(error)
    assert SECRET not in "".join(traceback.format_exception(error)) + repr(response)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.state) == (str(error), error.state)


NO_ANSWER: dict[str, tuple[Reply, str]] = {
    "slow": (Reply(delay=2), "0.3 giây"),
    "dripping": (Reply(b"[" + b" " * 100 + b"]", drip=0.05), "0.3 giây"),
    "reset": (Reply(hang_up=True), "bị ngắt"),
    "cut off": (Reply(b"[1,", length=100), "bị ngắt"),
}


@pytest.mark.parametrize("name", NO_ANSWER)
def test_no_whole_answer_is_unavailable(portal: Portal, name: str) -> None:
    reply, words = NO_ANSWER[name]
    portal.answers(reply)
    with pytest.raises(SourceUnavailable, match=words):
        collect(portal, quick(PLATFORMS["bkav_axis"]))
    assert len(portal.asked) == 1, "a portal that is slow or breaks off is not asked the same again at once"


def test_a_closed_port_is_unavailable(portal: Portal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(SourceUnavailable, match="không kết nối được"):
        collect(portal, PLATFORMS["bkav_axis"], PORTAL=f"http://127.0.0.1:{port}")


def test_a_useless_address_is_broken(portal: Portal) -> None:
    with pytest.raises(SourceBroken, match="địa chỉ"):
        collect(portal, PLATFORMS["bkav_axis"], PORTAL="htp://nowhere")


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_moment_of_trouble_is_waited_for(portal: Portal, status: int) -> None:
    portal.answers(Reply(status=status, headers={"Retry-After": "1"}), as_json([1]))
    assert [response.body for response in collect(portal, PLATFORMS["bkav_axis"])] == [b"[1]"]
    assert len(portal.asked) == 2


def test_trouble_is_not_waited_for_for_ever(portal: Portal) -> None:
    portal.answers(Reply(status=503))
    with pytest.raises(SourceUnavailable, match="HTTP 503"):
        collect(portal, PLATFORMS["tandan_06a"])
    assert len(portal.asked) == 1 + RETRIES


@pytest.mark.parametrize(("status", "wait"), [(500, "1"), (504, "1"), (429, "3600"), (503, "3600")])
def test_no_second_try_where_it_would_not_do(portal: Portal, status: int, wait: str) -> None:
    portal.answers(Reply(status=status, headers={"Retry-After": wait}))
    with pytest.raises(SourceUnavailable, match=f"HTTP {status}"):
        collect(portal, PLATFORMS["bkav_axis"])
    assert len(portal.asked) == 1


# --- pages that prove nothing -------------------------------------------------------------------


def always(data: Any) -> Callable[[Asked], Reply]:
    return lambda _: as_json(data)


def test_a_repeated_page_is_broken(portal: Portal) -> None:
    portal.reply = always({"total": 9, "dossierStatisticData": [1, 2, 3]})
    with pytest.raises(SourceBroken, match="lặp lại"):
        collect(portal, paged(3, "total"))
    assert len(portal.asked) == 2


def test_pages_in_a_circle_are_broken(portal: Portal) -> None:
    portal.answers(*(as_json({"dossierStatisticData": [n % 2, 0, 0]}) for n in range(9)))
    with pytest.raises(SourceBroken, match="lặp lại"):
        collect(portal, paged(3, None))
    assert len(portal.asked) == 3


def test_fewer_rows_than_declared_are_broken(portal: Portal) -> None:
    portal.reply = lambda asked: as_json(
        {"total": 9, "dossierStatisticData": [1, 2, 3] if asked.query["start"] == "0" else []}
    )
    with pytest.raises(SourceBroken, match="khai 9 dòng nhưng chỉ trả 3 dòng"):
        collect(portal, paged(3, "total"))


def test_more_rows_than_declared_are_broken(portal: Portal) -> None:
    portal.reply = always({"total": 2, "dossierStatisticData": [1, 2, 3]})
    with pytest.raises(SourceBroken, match="khai 2 dòng nhưng trả 3 dòng"):
        collect(portal, paged(3, "total"))


def test_a_total_that_moves_asks_for_another_try(portal: Portal) -> None:
    portal.answers(*(as_json({"total": 90 + n, "dossierStatisticData": [n, 2, 3]}) for n in range(5)))
    with pytest.raises(SourceUnavailable, match="90 thành 91"):
        collect(portal, paged(3, "total"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"total": 1, "rows": []}, "dossierStatisticData"),
        ({"total": 1, "dossierStatisticData": {}}, "dossierStatisticData"),
        ([], "dossierStatisticData"),
        ({"dossierStatisticData": [1]}, "total"),
        ({"total": "1", "dossierStatisticData": [1]}, "total"),
    ],
)
def test_a_page_without_its_declared_parts_is_broken(portal: Portal, body: Any, field: str) -> None:
    portal.reply = always(body)
    with pytest.raises(SourceBroken) as caught:
        collect(portal, paged(3, "total"))
    assert caught.value.field == field
