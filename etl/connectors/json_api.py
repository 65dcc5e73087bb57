"""JSON, or an exported file, over HTTP: a request a page, a series of pages for each field where asked by field."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from etl import logins
from etl.bodies import Unreadable, json_of, refuse_page
from etl.connectors import auth, tokens
from etl.connectors.asking import Asked, Asking, Unaskable
from etl.connectors.budget import Turns
from etl.connectors.earlier import Earlier
from etl.connectors.http import Answer, Http, NoAnswer
from etl.connectors.paging import BrokenSeries, Next, Series, at
from etl.connectors.response import Response
from etl.errors import SettingsError, SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.model import OAuth2, Platform, Proof, PullState, Source
from etl.periods import TIMEZONE, Interval, Period, parts
from etl.settings import CONNECTION, Settings

_CONTENT = "nội dung"
_EXPIRED = re.compile("invalid_token|expired", re.IGNORECASE)
_REFERENCE = "`credential: env:TÊN_BIẾN` hoặc `credential: conn:MÃ_KẾT_NỐI`"
_LATER = "Thử lại sau; nếu còn lỗi, báo đơn vị vận hành cổng"
_LONGEST_TOLD = 300


def pull(
    source: Source,
    platform: Platform,
    period: Period,
    fields: Sequence[str],
    settings: Settings,
    earlier: Earlier | None = None,
) -> Generator[Response, None, tuple[Proof, ...]]:
    """See `etl.connectors.pull`."""
    token_address = settings.resolve(source.token_address) if source.token_address else None
    pulling = _Pull(source, platform, period, settings.resolve(source.address), token_address)
    credential = pulling.credential(settings)
    signer = auth.Signer(platform.request, credential)
    request = platform.request
    until = time.monotonic() + request.pull_seconds
    turns = Turns(settings.home / "budgets", source.budget or request.budget, until)
    with Http(signer, request, turns) as http:
        door = _Door(http, signer, credential, earlier or Earlier((), lambda _: None))
        pulling.renew(door)
        for part in parts(platform.window, period):
            for named in platform.request.lists or (None,):
                for asked in pulling.asked(fields):
                    yield from pulling.pages(door, asked, part, named)
    return tuple(sorted(door.proofs))


@dataclass
class _Door:
    """The way into one portal; an OAuth2 token is renewed once in a pull.

    earlier: what was landed before. accepted: an answer came. proofs: what showed each series of pages to be whole.
    """

    http: Http
    signer: auth.Signer
    credential: auth.Credential | None
    earlier: Earlier
    renewed: bool = False
    accepted: bool = False
    proofs: set[Proof] = field(default_factory=set)


@dataclass(frozen=True)
class _Pull:
    source: Source
    platform: Platform
    period: Period
    address: str
    token_address: str | None

    @property
    def repeated(self) -> bool:
        """Whether the request is repeated over the parts of a period."""
        return self.platform.window in ("days", "months")

    def credential(self, settings: Settings) -> auth.Credential | None:
        """The credential. Raises SourceRefused, never showing it, where it is missing or unusable."""
        for address in (self.address, self.token_address or ""):
            if urlsplit(address).username is not None:
                advice = f"Bỏ tên và mật khẩu khỏi địa chỉ, khai báo {_REFERENCE}"
                raise self._error(SourceBroken, "misconfigured", "address", "địa chỉ chứa tên đăng nhập", advice)
        if self.platform.request.auth == "none":
            return None
        if self.source.credential is None:
            raise self._credential("chưa khai báo mã truy cập")
        try:
            return auth.read(self.platform.request, settings.credential(self.source.credential))
        except SettingsError as problem:
            raise self._credential(str(problem)) from None
        except auth.Unusable as problem:
            raise self._credential(f"mã truy cập {problem}") from None

    def renew(self, door: _Door) -> None:
        """Ask for an OAuth2 token where the platform wants one. Raises SourceError."""
        oauth2 = self.platform.request.auth
        if not isinstance(oauth2, OAuth2) or door.credential is None:
            return
        try:
            door.signer.token = None
            door.signer.token = tokens.ask(door.http, oauth2, self.token_address or self.address, door.credential)
        except NoAnswer as problem:
            raise self._unanswered(problem) from None
        except tokens.NoToken as problem:
            if problem.state == "refused":
                state: PullState = "expired" if door.accepted else "refused"
                raise self._error(SourceRefused, state, problem.field, str(problem), self._renew()) from None
            raise self._failed(problem.state, problem.field, str(problem), later=problem.temporary) from None

    def asked(self, fields: Sequence[str]) -> list[str | None]:
        """The fields to ask for, as this portal writes them; [None] for one request over all of them."""
        if not self.platform.request.repeat_over_fields:
            return [None]
        written = self.source.lookups.get("field", {})
        names = {code: [raw for raw, target in written.items() if target == code] or [code] for code in fields}
        return [raw for code in fields for raw in names[code]]

    def pages(self, door: _Door, field: str | None, part: Interval, named: str | None) -> Iterator[Response]:
        """Every page of one series, `named` the list it is of. Raises SourceError where it is not proven whole."""
        paging = self.platform.request.paging
        series = Series(paging, self.platform.records, self.address) if paging else None
        which: Next | None = Next()
        while which is not None:
            answer = self._ask(door, field, part, named, which)
            response = replace(answer.response, list=named)
            if self.repeated:
                response = replace(response, first_day=part.first_day, last_day=part.last_day)
            yield response
            body = self._judge(door, answer)
            if series is None:
                door.proofs.add("single_answer")
                return
            try:
                which = series.after(which, response.address, response.body, body, answer.links)
            except BrokenSeries as problem:
                later = problem.state == "shifting"
                raise self._failed(problem.state, problem.field, problem.problem, later=later) from None
            if which is None:
                door.proofs.add(series.proof)

    def _ask(self, door: _Door, field: str | None, part: Interval, named: str | None, which: Next) -> Answer:
        """One answer. A page landed before is asked for only where it changed, if the platform allows it."""
        try:
            asked = Asking(self.source, self.platform, self.period, part, self.address, named).page(field, which)
            days = part if self.repeated else None
            kept = door.earlier.of(self.platform.request, asked, field, days, named)
            if kept is None:
                return self._answer(door, asked, field)
            answer = self._answer(door, kept.conditional(asked), field)
            if answer.response.status != HTTPStatus.NOT_MODIFIED:
                return answer
            if not kept.answers(answer.response):
                return self._answer(door, asked, field)
            return replace(answer, response=kept.again(answer.response), unchanged=True)
        except Unaskable as problem:
            advice = f"Hỏi kỳ khác, hoặc bỏ nguồn này khỏi kỳ (platforms/{self.platform.id}.yml)"
            raise self._error(SourceBroken, "unaskable", "kỳ báo cáo", str(problem), advice) from None
        except NoAnswer as problem:
            raise self._unanswered(problem) from None

    def _answer(self, door: _Door, asked: Asked, field: str | None) -> Answer:
        """A 401 renews an OAuth2 token once; what the portal said to the old one is not kept. Raises NoAnswer."""
        answer = door.http.ask(self.platform.request.method, asked, field)
        oauth2 = isinstance(self.platform.request.auth, OAuth2)
        if answer.response.status == HTTPStatus.UNAUTHORIZED and oauth2 and not door.renewed:
            door.renewed = True
            self.renew(door)
            answer = door.http.ask(self.platform.request.method, asked, field)
        return answer

    def _unanswered(self, problem: NoAnswer) -> SourceError:
        return self._failed(problem.state, problem.field, problem.problem, later=problem.temporary)

    def _judge(self, door: _Door, answer: Answer) -> Any:
        """The JSON of an answer that is one. Raises the SourceError its status or its bytes call for."""
        response = answer.response
        if answer.unchanged:
            door.proofs.add("not_modified")
        elif response.status != HTTPStatus.OK:
            raise self._refusal(door, answer)
        door.accepted = True
        if self.platform.protocol == "download":
            return self._file(response)
        try:
            return self._opened(json_of(response.body, response.media_type, self.platform.encoding))
        except Unreadable as problem:
            raise self._failed(problem.state, _CONTENT, str(problem)) from None

    def _opened(self, body: Any) -> Any:
        """The body, once its envelope says that it is an answer: a failure may come with status 200."""
        envelope = self.platform.envelope
        if envelope is None or at(body, envelope.status) == envelope.good:
            return body
        told = [str(at(body, place)) for place in (envelope.status, envelope.code, envelope.text) if place is not None]
        problem = f"cổng trả HTTP 200 nhưng báo lỗi: {' · '.join(told)[:_LONGEST_TOLD]}"
        raise self._failed("rejected", envelope.status, problem)

    def _file(self, response: Response) -> None:
        """Looks only whether a file came at all; what it holds, and whether it is whole, is for its reader."""
        table = self.platform.table
        try:
            if table is not None and table.format != "html":
                refuse_page(response.body, response.media_type, "tệp báo cáo")
        except Unreadable as problem:
            raise self._failed(problem.state, _CONTENT, str(problem)) from None
        if not response.body:
            raise self._failed("empty", _CONTENT, "cổng trả tệp rỗng")

    def _refusal(self, door: _Door, answer: Answer) -> SourceError:
        status, not_before = answer.response.status, answer.not_before
        field = f"HTTP {status}"
        wait = "" if not_before is None else f", xin hỏi lại từ {not_before.astimezone(TIMEZONE):%H:%M:%S %d/%m/%Y}"
        known = door.credential is not None and (door.accepted or _EXPIRED.search(answer.challenge))
        if status == HTTPStatus.UNAUTHORIZED and known:
            return self._error(SourceRefused, "expired", field, "mã truy cập không còn hiệu lực", self._renew())
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return self._error(SourceRefused, "refused", field, "cổng từ chối mã truy cập", self._renew())
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._failed("throttled", field, f"cổng đang giới hạn số lượt hỏi{wait}", later=True)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._failed("down", field, f"cổng đang lỗi hoặc ngừng phục vụ{wait}", later=True)
        if status == HTTPStatus.NOT_MODIFIED:
            return self._failed("rejected", field, "cổng báo “không đổi” (304) dù lượt hỏi không nêu điều kiện nào")
        if 300 <= status < 400:
            return self._failed("redirected", field, "cổng chuyển hướng sang địa chỉ khác")
        if status == HTTPStatus.NO_CONTENT:
            return self._failed("empty", field, "cổng trả lời mà không có nội dung nào")
        return self._failed("rejected", field, "cổng không nhận yêu cầu này")

    def _credential(self, problem: str) -> SourceError:
        return self._error(SourceRefused, "misconfigured", "Authorization", problem, self._renew())

    def _failed(self, state: PullState, field: str, problem: str, *, later: bool = False) -> SourceError:
        """later: another try may do."""
        kind, advice = (SourceUnavailable, _LATER) if later else (SourceBroken, self._mend())
        return self._error(kind, state, field, problem, advice)

    def _error(self, kind: type[SourceError], state: PullState, field: str, problem: str, advice: str) -> SourceError:
        return kind(self.source.id, self.period.key, field, problem, advice, state=state)

    def _renew(self) -> str:
        reference = self.source.credential
        if reference is None:
            return f"Khai báo {_REFERENCE} trong sources/{self.source.id}.yml rồi chạy lại"
        if not reference.startswith(CONNECTION):
            return f"Gia hạn mã truy cập ở biến {reference.removeprefix('env:')} rồi chạy lại"
        name = reference.removeprefix(CONNECTION)
        return (
            f"Thêm hoặc gia hạn kết nối {name} trong Airflow (Admin › Connections); lệnh baocao chạy ngoài Airflow "
            f"thì đọc biến {logins.variable(name)}. Rồi chạy lại"
        )

    def _mend(self) -> str:
        return (
            f"Mở địa chỉ trong sources/{self.source.id}.yml để xem cổng trả gì, báo đơn vị vận hành cổng, "
            f"hoặc sửa platforms/{self.platform.id}.yml nếu giao diện đã đổi"
        )
