"""JSON over HTTP: a request a page, a series of pages for each field where the platform asks by field."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson

from etl.connectors.http import Http, NoAnswer
from etl.connectors.response import Response
from etl.errors import SettingsError, SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.model import Parameter, Platform, Source
from etl.periods import Period
from etl.settings import Settings

MOST_PAGES = 10_000
_CONTENT = "nội dung"
_LATER = "Thử lại sau; nếu còn lỗi, báo đơn vị vận hành cổng"
_BOM = b"\xef\xbb\xbf"


def pull(
    source: Source, platform: Platform, period: Period, fields: Sequence[str], settings: Settings
) -> Iterator[Response]:
    """See `etl.connectors.pull`."""
    pulling = _Pull(source, platform, period, settings.resolve(source.address))
    with Http(pulling.token(settings), platform.request.timeout_seconds) as http:
        for asked in pulling.asked(fields):
            yield from pulling.pages(http, asked)


@dataclass(frozen=True)
class _Pull:
    source: Source
    platform: Platform
    period: Period
    address: str

    def token(self, settings: Settings) -> str | None:
        """The bearer token. Raises SourceRefused, never showing it, where it is missing or unusable."""
        if urlsplit(self.address).username is not None:
            advice = "Bỏ tên và mật khẩu khỏi địa chỉ, khai báo `credential: env:TÊN_BIẾN`"
            raise self._error(SourceBroken, "address", "địa chỉ chứa tên đăng nhập", advice)
        if self.platform.request.auth == "none":
            return None
        if self.source.credential is None:
            raise self._error(SourceRefused, "Authorization", "chưa khai báo mã truy cập", self._renew())
        try:
            token = settings.resolve(self.source.credential)
        except SettingsError:
            raise self._error(SourceRefused, "Authorization", "chưa có mã truy cập", self._renew()) from None
        if not (token.isascii() and token.isprintable() and " " not in token):
            problem = "mã truy cập có ký tự không dùng được (dấu cách, xuống dòng hoặc dấu tiếng Việt)"
            raise self._error(SourceRefused, "Authorization", problem, self._renew())
        return token

    def asked(self, fields: Sequence[str]) -> list[str | None]:
        """The fields to ask for, as this portal writes them; [None] for one request over all of them."""
        if not self.platform.request.repeat_over_fields:
            return [None]
        written = self.source.lookups.get("field", {})
        names = {code: [raw for raw, target in written.items() if target == code] or [code] for code in fields}
        return [raw for code in fields for raw in names[code]]

    def pages(self, http: Http, field: str | None) -> Iterator[Response]:
        """Every page of one series. Raises SourceError where it is not proven whole."""
        paging = self.platform.request.paging
        received, seen, declared = 0, set[str](), None
        for number in range(MOST_PAGES):
            try:
                response = self._ask(http, field, number)
            except NoAnswer as problem:
                kind, advice = (SourceUnavailable, _LATER) if problem.temporary else (SourceBroken, self._mend())
                raise self._error(kind, problem.field, problem.problem, advice) from problem
            yield response
            body = self._judge(response)
            if paging is None:
                return
            digest = hashlib.sha256(response.body).hexdigest()
            if digest in seen:
                problem_text = f"trang {number + 1} lặp lại nguyên văn một trang trước"
                raise self._error(SourceBroken, "phân trang", problem_text, self._mend())
            seen.add(digest)
            rows = self._rows(body)
            received += rows
            if paging.total is None:
                if rows < paging.size:
                    return
                continue
            total = self._total(body, paging.total)
            if declared is not None and total != declared:
                problem_text = f"tổng số dòng đổi từ {declared} thành {total} khi đang lấy: số liệu đang thay đổi"
                raise self._error(SourceUnavailable, paging.total, problem_text, _LATER)
            declared = total
            if received >= declared:
                if received > declared:
                    problem_text = f"khai {declared} dòng nhưng trả {received} dòng"
                    raise self._error(SourceBroken, paging.total, problem_text, self._mend())
                return
            if rows == 0:
                problem_text = f"khai {declared} dòng nhưng chỉ trả {received} dòng"
                raise self._error(SourceBroken, paging.total, problem_text, self._mend())
        raise self._error(SourceBroken, "phân trang", f"quá {MOST_PAGES} trang mà chưa hết", self._mend())

    def _ask(self, http: Http, field: str | None, number: int) -> Response:
        request = self.platform.request
        paging = request.paging
        size = paging.size if paging else 0
        sized = {paging.size_parameter: size} if paging and paging.size_parameter else {}
        posted = request.method == "POST"

        def filled(values: Mapping[str, str | int | bool | Parameter]) -> dict[str, str | int | bool]:
            return {
                key: self._value(value, field, number, size) if isinstance(value, Parameter) else value
                for key, value in values.items()
            }

        query = {**filled(request.query), **({} if posted else sized), **self.source.query}
        headers = {**{key: _text(value) for key, value in filled(request.headers).items()}, **self.source.headers}
        body = b""
        if posted:
            body = orjson.dumps({**filled(request.json), **sized})
            headers = {"Content-Type": "application/json", **headers}
        url = self.address.rstrip("/") + request.path
        return http.ask(request.method, url, {key: _text(value) for key, value in query.items()}, body, headers, field)

    def _value(self, parameter: Parameter, field: str | None, number: int, size: int) -> str | int:
        match parameter.value:
            case "first_day" | "last_day" as which:
                day = self.period.first_day if which == "first_day" else self.period.last_day
                return day.strftime(parameter.format) if parameter.format else day.isoformat()
            case "start" | "end_inclusive" as which:
                moment = self.period.start if which == "start" else self.period.end - dt.timedelta(milliseconds=1)
                moment = moment.astimezone(dt.UTC)
                if parameter.format:
                    return moment.strftime(parameter.format)
                return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            case "unit":
                return self.source.unit
            case "field":
                return field or ""
            case "page":
                return number + 1
            case "offset":
                return number * size
            case "offset_end":
                return (number + 1) * size

    def _judge(self, response: Response) -> Any:
        """The JSON of an answer that is one. Raises the SourceError its status or its bytes call for."""
        status = response.status
        if status != HTTPStatus.OK:
            raise self._refusal(status)
        body = response.body.removeprefix(_BOM)
        if "html" in response.media_type or body.lstrip()[:1] == b"<":
            problem = "cổng trả trang HTML (thường là trang đăng nhập hoặc trang báo lỗi) thay vì JSON"
            raise self._error(SourceBroken, _CONTENT, problem, self._mend())
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as problem:
            found = "JSON bị cắt cụt" if problem.pos >= len(problem.doc) else "không phải JSON hợp lệ"
            text = f"{found} (ký tự thứ {problem.pos + 1} trên {len(problem.doc)})"
            raise self._error(SourceBroken, _CONTENT, text, self._mend()) from None

    def _refusal(self, status: int) -> SourceError:
        field = f"HTTP {status}"
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return self._error(SourceRefused, field, "cổng từ chối mã truy cập", self._renew())
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._error(SourceUnavailable, field, "cổng đang giới hạn số lượt hỏi", _LATER)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._error(SourceUnavailable, field, "cổng đang lỗi hoặc ngừng phục vụ", _LATER)
        problem = "cổng chuyển hướng sang địa chỉ khác" if 300 <= status < 400 else "cổng không nhận yêu cầu này"
        return self._error(SourceBroken, field, problem, self._mend())

    def _rows(self, body: Any) -> int:
        path = self.platform.records
        records = _at(body, path)
        if not isinstance(records, list):
            problem = "không có danh sách số liệu ở chỗ đã khai báo"
            raise self._error(SourceBroken, path or _CONTENT, problem, self._mend())
        return len(records)

    def _total(self, body: Any, path: str) -> int:
        total = _at(body, path)
        if type(total) is not int or total < 0:
            raise self._error(SourceBroken, path, "thiếu tổng số dòng mà cổng phải khai", self._mend())
        return total

    def _error(self, kind: type[SourceError], field: str, problem: str, advice: str) -> SourceError:
        return kind(self.source.id, self.period.key, field, problem, advice)

    def _renew(self) -> str:
        if self.source.credential is None:
            return f"Khai báo `credential: env:TÊN_BIẾN` trong sources/{self.source.id}.yml rồi chạy lại"
        return f"Gia hạn mã truy cập ở biến {self.source.credential.removeprefix('env:')} rồi chạy lại"

    def _mend(self) -> str:
        return (
            f"Mở địa chỉ trong sources/{self.source.id}.yml để xem cổng trả gì, báo đơn vị vận hành cổng, "
            f"hoặc sửa platforms/{self.platform.id}.yml nếu giao diện đã đổi"
        )


def _at(body: Any, path: str) -> Any:
    """What stands under a dotted path of a JSON body ("": the body); None where nothing does."""
    for key in path.split(".") if path else ():
        body = body.get(key) if isinstance(body, dict) else None
    return body


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
