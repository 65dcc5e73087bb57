"""How a pull ended: the names that receipts keep, and what people read for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from etl.model.base import Text

PullState = Literal[
    "complete",
    "unreachable",
    "cut_off",
    "timed_out",
    "throttled",
    "down",
    "refused",
    "expired",
    "misconfigured",
    "login_page",
    "redirected",
    "rejected",
    "leaking",
    "truncated",
    "wrong_encoding",
    "unreadable",
    "misshapen",
    "empty",
    "short",
    "excess",
    "repeated",
    "endless",
    "shifting",
    "missing_column",
    "wrong_window",
    "wrong_date",
    "unaskable",
    "unavailable",
    "broken",
]
"""The outcome of one attempt to pull a source.

Proven:         complete.
No answer:      unreachable, no connection, or no such folder · cut_off, the connection broke within an answer ·
                timed_out, the answer or the whole pull took too long.
Not now:        throttled, 429 · down, 5xx.
Not for us:     refused, 401 or 403, or a file we may not read · expired, the credential was valid and is no longer ·
                misconfigured, address or credential unset or unusable.
Another answer: login_page, an HTML page in place of the data · redirected, 3xx · rejected, any other status ·
                leaking, it repeats our credential, so it is not kept.
Unreadable:     truncated, JSON or a file that ends early · wrong_encoding, bytes of another encoding than declared ·
                unreadable, neither JSON nor a file of the declared kind · misshapen, no list, total or object where
                the platform declares one.
Not whole:      empty, no row at all · short, fewer rows than declared · excess, more · repeated, a page, cursor or key
                seen before · endless, links in a circle, beyond the bounds of pages or bytes, or no sure end ·
                shifting, the source changes while it is pulled.
Not ours:       missing_column, one without which no row can be placed · wrong_window, other days than those asked for ·
                wrong_date, a day that is not written as declared · unaskable, a kind of period it cannot be asked for.
Older receipts: unavailable, refused and broken, which said no more than that.
"""

Proof = Literal[
    "declared_total",
    "last_page",
    "short_page",
    "single_answer",
    "unique_rows",
    "window_echoed",
    "window_implied",
    "not_empty",
    "not_modified",
]
"""What shows that a pull is whole, and of the right days.

declared_total, the source's own count of its rows · last_page, its word that there is no next page · short_page, only
implied by a page that is not full · single_answer, it has no pages · unique_rows, no record key came twice ·
window_echoed, it repeats the days that it counted · window_implied, it was only asked for them · not_empty ·
not_modified, some pages are those landed before, which the portal called unchanged: its word, noted, no proof.
"""

PULL_STATES: Final[Mapping[PullState, Text]] = {
    "complete": Text("trọn vẹn", "complete"),
    "unreachable": Text("không kết nối được", "unreachable"),
    "cut_off": Text("đứt kết nối giữa chừng", "cut off"),
    "timed_out": Text("quá thời gian chờ", "timed out"),
    "throttled": Text("bị giới hạn lượt hỏi", "throttled"),
    "down": Text("cổng đang lỗi", "down"),
    "refused": Text("bị từ chối truy cập", "refused"),
    "expired": Text("mã truy cập hết hạn", "credential expired"),
    "misconfigured": Text("cấu hình chưa đúng", "misconfigured"),
    "login_page": Text("trang HTML thay vì số liệu", "HTML page"),
    "redirected": Text("bị chuyển hướng", "redirected"),
    "rejected": Text("cổng không nhận yêu cầu", "request rejected"),
    "leaking": Text("câu trả lời lộ mã truy cập", "credential repeated"),
    "truncated": Text("bị cắt cụt", "truncated"),
    "wrong_encoding": Text("sai bảng mã", "wrong encoding"),
    "unreadable": Text("không đọc được", "unreadable"),
    "misshapen": Text("sai cấu trúc", "misshapen"),
    "empty": Text("rỗng", "empty"),
    "short": Text("thiếu dòng", "rows missing"),
    "excess": Text("thừa dòng", "rows in excess"),
    "repeated": Text("lặp lại", "repeated"),
    "endless": Text("không có điểm dừng", "endless"),
    "shifting": Text("đang thay đổi khi lấy", "shifting"),
    "missing_column": Text("thiếu cột", "column missing"),
    "wrong_window": Text("sai khoảng ngày", "other days"),
    "wrong_date": Text("sai cách ghi ngày", "unreadable date"),
    "unaskable": Text("không hỏi được kỳ này", "period not offered"),
    "unavailable": Text("chưa lấy được (biên nhận cũ)", "unavailable (old receipt)"),
    "broken": Text("không đúng khai báo (biên nhận cũ)", "broken (old receipt)"),
}
"""What people read in place of the name."""
