"""A folder in place of a portal: units without one put their exported files there, and we read them.

The folder belongs to whoever fills it: nothing in it is ever moved, renamed, written or deleted.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from etl.connectors.http import MOST_BYTES
from etl.connectors.response import Response
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.model import Platform, Proof, PullState, Source
from etl.periods import Period
from etl.settings import Settings

_MEDIA_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
    ".csv": "text/csv",
    ".htm": "text/html",
    ".html": "text/html",
}
_READ = "file"
"""What stands for the HTTP method of a file that was read."""
_OK = 200


def pull(
    source: Source,
    platform: Platform,  # noqa: ARG001 - every protocol is asked in the same way
    period: Period,
    fields: Sequence[str],  # noqa: ARG001
    settings: Settings,
) -> Generator[Response, None, tuple[Proof, ...]]:
    """Every file of the period, in the order of its names. See `etl.connectors.pull`."""

    def error(kind: type[SourceError], state: PullState, field: str, problem: str, advice: str) -> SourceError:
        return kind(source.id, period.key, field, problem, advice, state=state)

    folder = _folder(settings.resolve(source.address))
    if folder is None:
        advice = f"Sửa `address` trong sources/{source.id}.yml, ví dụ file:///srv/hop-thu/cao-bang"
        raise error(SourceBroken, "misconfigured", "address", "không phải địa chỉ một thư mục (file:///...)", advice)
    pattern = (source.files or "").replace("{period}", period.key)
    advice = f"Bỏ tệp báo cáo tên dạng {pattern} vào thư mục {folder} rồi chạy lại nguồn này"
    if not folder.is_dir():
        advice = f"Tạo hoặc gắn thư mục đó. {advice}"
        raise error(SourceUnavailable, "unreachable", "address", f"không có thư mục {folder}", advice)
    files = sorted((path for path in folder.glob(pattern) if _is_report(path)), key=str)
    if not files:
        problem = f"thư mục chưa có tệp nào của kỳ này (tìm {pattern})"
        raise error(SourceUnavailable, "empty", "files", problem, advice)
    for path in files:
        try:
            before = path.stat()
            if before.st_size > MOST_BYTES:
                problem = f"tệp dài hơn {MOST_BYTES >> 20} MiB"
                raise error(SourceBroken, "endless", path.name, problem, "Kiểm tra lại tệp, hoặc chia thành nhiều tệp")
            body = path.read_bytes()
            after = path.stat()
        except PermissionError as cause:
            advice = "Cấp quyền đọc tệp cho tài khoản chạy Báo cáo ETL"
            raise error(SourceRefused, "refused", path.name, "không có quyền đọc tệp", advice) from cause
        except OSError as cause:
            problem = f"không đọc được tệp ({os.strerror(cause.errno or 0)})"
            raise error(SourceUnavailable, "cut_off", path.name, problem, "Thử lại sau") from cause
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or len(body) != after.st_size:
            raise error(SourceUnavailable, "shifting", path.name, "tệp đang được ghi", "Chờ chép xong tệp rồi chạy lại")
        yield Response(
            body=body,
            status=_OK,
            media_type=_MEDIA_TYPES.get(path.suffix.lower(), ""),
            method=_READ,
            address=path.as_uri(),
            request="",
            fetched_at=dt.datetime.now(dt.UTC),
        )
    return ("single_answer",)


def _folder(address: str) -> Path | None:
    """The folder of a file URL, or of a plain absolute path (as an environment variable may hold it)."""
    parts = urlsplit(address)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        address = unquote(parts.path)
    return Path(address) if Path(address).is_absolute() else None


def _is_report(path: Path) -> bool:
    """Whether it is a file that a person put there: not a lock file of an office program, not a hidden one."""
    return path.is_file() and not path.name.startswith(("~$", "."))
