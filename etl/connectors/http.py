"""One polite HTTP session: a budget, short retries, bounded waits, one credential, no redirects."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import (
    DecodeError,
    InvalidHeader,
    MaxRetryError,
    NewConnectionError,
    ResponseError,
    SSLError,
    TimeoutError,
)
from urllib3.exceptions import HTTPError as TransportError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from etl.connectors.asking import Asked
from etl.connectors.auth import MASK, Signer
from etl.connectors.budget import NoTurn, Turns
from etl.connectors.response import Response
from etl.model import PullState, Request

RETRIES = 2
LONGEST_WAIT = 5.0
"""Seconds a server may make a pull wait between two tries; whoever asks for more is asked again later."""
MOST_BYTES = 256 * 2**20
_CONNECT_SECONDS = 10.0
_LONGEST_HEADER = 300
_FOREVER = 10**9

Links = Mapping[str, Mapping[str, str]]
"""The `Link` header of an answer, by relation."""


class NoAnswer(Exception):
    """The portal gave no whole answer. `temporary` tells whether another try may do."""

    def __init__(self, state: PullState, field: str, problem: str, *, temporary: bool = True) -> None:
        self.state, self.field, self.problem, self.temporary = state, field, problem, temporary
        super().__init__(problem)


@dataclass(frozen=True)
class Answer:
    """`links`: the `Link` header, None without one. `not_before`: the moment Retry-After names, where one does.

    challenge: the header WWW-Authenticate, which may say why a credential is not taken. unchanged: the response holds
    the bytes landed before, which the portal called unchanged.
    """

    response: Response
    links: Links | None
    not_before: dt.datetime | None
    challenge: str
    unchanged: bool = False


class _Patience(Retry):
    """Hands the answer over, instead of waiting, where the server asks for a longer wait than we may block.

    `again` is called before each further try: it waits for the turn of one more request.
    """

    def __init__(self, *, again: Callable[[], None], **rules: Any) -> None:
        super().__init__(**rules)
        self._again = again

    def new(self, **changes: Any) -> _Patience:
        return super().new(again=self._again, **changes)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        super().sleep(response)
        self._again()

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds, also of a date. An unreadable header says nothing."""
        try:
            return super().get_retry_after(response)
        except (InvalidHeader, ValueError, OverflowError):
            return None

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> _Patience:
        if response is not None and (self.get_retry_after(response) or 0) > LONGEST_WAIT and _pool is not None:
            raise MaxRetryError(_pool, url or "", ResponseError("Retry-After"))
        return super().increment(method, url, response, error, _pool, _stacktrace)


class _Session(requests.Session):
    """Follows no redirect: the address in the catalog is the portal's own, and a token is not carried on.

    Proxy and certificates come from the environment (HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE), looked up once a host.
    """

    def __init__(self) -> None:
        super().__init__()
        self._surroundings: dict[str, Any] = {}

    def merge_environment_settings(self, url: Any, *given: Any) -> Any:
        host = "/".join(str(url).split("/", 3)[:3])
        if host not in self._surroundings:
            self._surroundings[host] = super().merge_environment_settings(url, *given)
        return self._surroundings[host]

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None for every answer, also where requests would read the body only to look one step ahead."""


class Http:
    """A session with one portal; a context manager. The credential goes where the signer puts it, and nowhere else."""

    def __init__(self, signer: Signer, request: Request, turns: Turns) -> None:
        patience = _Patience(
            again=self._again,
            total=RETRIES,
            connect=RETRIES,
            status=RETRIES,
            read=False,  # a portal that is too slow is not asked the same again at once
            redirect=0,
            other=0,
            status_forcelist=(429, 502, 503),
            allowed_methods=None,  # our POST only asks, it changes nothing
            backoff_factor=0.2,
            backoff_max=LONGEST_WAIT,
            raise_on_status=False,
            retry_after_max=_FOREVER,
        )
        self._patience = patience
        self._request = request
        self._turns = turns
        self._url = ""
        self._deadline = 0.0
        self._signer = signer
        self._session = _Session()
        self._session.auth = signer
        self._session.headers.update({"Accept": "application/json", "User-Agent": "baocao-etl"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=patience))

    def __enter__(self) -> Http:
        MASK.add(self._signer)
        return self

    def __exit__(self, *_: object) -> None:
        MASK.remove(self._signer)
        self._turns.close()
        self._session.close()

    def ask(self, method: str, asked: Asked, field: str | None) -> Answer:
        """One request, one answer of any status.

        Raises NoAnswer, with a Vietnamese problem, for no whole answer, and for one that repeats the
        credential: its bytes must not be kept. No error holds the address as it was sent: a key may stand in it.
        """
        answer, received = self._send(method, asked)
        response = Response(
            body=received,
            status=answer.status_code,
            media_type=answer.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            method=method,
            address=asked.address,
            request=asked.body.decode(),
            fetched_at=dt.datetime.now(dt.UTC),
            field=field,
            etag=_told(answer, "ETag"),
            last_modified=_told(answer, "Last-Modified"),
        )
        told = (response.address, response.request, response.etag, response.last_modified)
        landed = "\n".join(filter(None, told)).encode() + b"\n" + received
        if any(secret.encode() in landed for secret in self._signer.secrets):
            problem = "câu trả lời của cổng lặp lại mã truy cập, nên không được lưu"
            raise NoAnswer("leaking", "nội dung", problem, temporary=False)
        links = answer.links if "Link" in answer.headers else None
        return Answer(response, links, self._not_before(answer), answer.headers.get("WWW-Authenticate", ""))

    def ask_unkept(self, method: str, asked: Asked) -> tuple[int, bytes]:
        """Status and body of an answer that is not landed, such as a token. Raises NoAnswer."""
        answer, received = self._send(method, asked)
        return answer.status_code, received

    def _send(self, method: str, asked: Asked) -> tuple[requests.Response, bytes]:
        """One answer, and its body. Waiting for the turn counts in no timeout but that of the whole pull."""
        self._url = asked.url
        try:
            with self._turns.turn(asked.url):
                self._start()
                return self._answer(method, asked)
        except NoTurn:
            raise self._over() from None

    def _again(self) -> None:
        self._turns.again(self._url)
        self._start()

    def _start(self) -> None:
        self._deadline = min(time.monotonic() + self._request.timeout_seconds, self._turns.until)

    def _late(self) -> NoAnswer:
        if self._deadline == self._turns.until:
            return self._over()
        return NoAnswer("timed_out", "-", f"cổng không trả lời xong trong {self._request.timeout_seconds:g} giây")

    def _over(self) -> NoAnswer:
        """The whole pull's time is over."""
        waited = self._turns.waited
        reason = f", trong đó {waited:.0f} giây chờ tới lượt hỏi máy chủ này" if waited >= 1 else ""
        return NoAnswer(
            "timed_out", "-", f"chưa lấy xong trong {self._request.pull_seconds:g} giây của cả lượt lấy{reason}"
        )

    def _not_before(self, answer: requests.Response) -> dt.datetime | None:
        seconds = self._patience.get_retry_after(answer.raw)
        return None if seconds is None else dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)

    def _answer(self, method: str, asked: Asked) -> tuple[requests.Response, bytes]:
        left = max(self._deadline - time.monotonic(), 0.001)
        try:
            with self._session.request(
                method,
                asked.url,
                params=asked.query,
                data=asked.body or None,
                headers=asked.headers,
                timeout=(min(_CONNECT_SECONDS, left), left),
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer, self._body(answer.raw)
        except (requests.Timeout, TimeoutError):
            raise self._late() from None
        except (requests.exceptions.SSLError, SSLError):
            raise NoAnswer("unreachable", "-", "chứng thư số (TLS) của cổng không hợp lệ") from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, TransportError) as problem:
            raise _disconnected(problem) from None
        except requests.RequestException as problem:
            text = f"địa chỉ hoặc tiêu đề HTTP không dùng được ({type(problem).__name__})"
            raise NoAnswer("misconfigured", "address", text, temporary=False) from None

    def _body(self, raw: Any) -> bytes:
        """The whole body. A server that drips, or never ends, is cut off: each read is one packet at most."""
        received = bytearray()
        while chunk := raw.read1(1 << 16, decode_content=True):
            received += chunk
            if time.monotonic() > self._deadline:
                raise self._late()
            if len(received) > MOST_BYTES:
                raise NoAnswer("endless", "nội dung", f"câu trả lời dài hơn {MOST_BYTES >> 20} MiB", temporary=False)
        return bytes(received)


def _told(answer: requests.Response, header: str) -> str | None:
    """A header that a later request can repeat, and a receipt keep."""
    text = answer.headers.get(header, "")
    return text if text.isascii() and text.isprintable() and 0 < len(text) <= _LONGEST_HEADER else None


def _disconnected(problem: Exception) -> NoAnswer:
    """No connection at all, one that broke within the answer, or an answer that cannot be unpacked."""
    cause = problem.args[0] if problem.args else None
    cause = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(problem, DecodeError) or isinstance(cause, DecodeError):
        return NoAnswer("unreadable", "nội dung", "không giải nén được câu trả lời của cổng")
    if isinstance(cause, NewConnectionError):
        return NoAnswer("unreachable", "-", "không kết nối được tới cổng")
    return NoAnswer("cut_off", "-", "kết nối bị ngắt giữa chừng")
