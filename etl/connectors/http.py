"""One polite HTTP session: short retries, bounded waits, one credential, no redirects."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import DecodeError, MaxRetryError, NewConnectionError, ResponseError, SSLError, TimeoutError
from urllib3.exceptions import HTTPError as TransportError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from etl.connectors.asking import Asked
from etl.connectors.auth import Signer
from etl.connectors.response import Response
from etl.model import PullState

RETRIES = 2
LONGEST_WAIT = 5.0
"""Seconds a server may make a pull wait between two tries; whoever asks for more is asked again later."""
MOST_BYTES = 256 * 2**20
_CONNECT_SECONDS = 10.0
_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")

Links = Mapping[str, Mapping[str, str]]
"""The `Link` header of an answer, by relation."""


class NoAnswer(Exception):
    """The portal gave no whole answer. `temporary` tells whether another try may do."""

    def __init__(self, state: PullState, field: str, problem: str, *, temporary: bool = True) -> None:
        self.state, self.field, self.problem, self.temporary = state, field, problem, temporary
        super().__init__(problem)


class _Patience(Retry):
    """Hands the answer over, instead of waiting, where the server asks for a longer wait than we may block."""

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


class _Mask(logging.Filter):
    """Hides the credential in what the HTTP library logs: a key in the query stands in the address it names."""

    def __init__(self, signer: Signer) -> None:
        super().__init__()
        self._signer = signer

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        hidden = text
        for secret in self._signer.secrets:
            hidden = hidden.replace(secret, "***")
        if hidden != text:
            record.msg, record.args = hidden, ()
        return True


class _Session(requests.Session):
    """Follows no redirect: the address in the catalog is the portal's own, and a token is not carried on."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None for every answer, also where requests would read the body only to look one step ahead."""


class Http:
    """A session with one portal; a context manager. The credential goes where the signer puts it, and nowhere else."""

    def __init__(self, signer: Signer, timeout_seconds: float) -> None:
        patience = _Patience(
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
        )
        self._timeout = timeout_seconds
        self._signer = signer
        self._mask = _Mask(signer)
        self._session = _Session()
        self._session.auth = signer
        self._session.headers.update({"Accept": "application/json", "User-Agent": "baocao-etl"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=patience))

    def __enter__(self) -> Http:
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self._mask)
        return self

    def __exit__(self, *_: object) -> None:
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self._mask)
        self._session.close()

    def ask(self, method: str, asked: Asked, field: str | None) -> tuple[Response, Links | None]:
        """One request, one answer of any status, and its `Link` header (None: it has none).

        Raises NoAnswer, with a Vietnamese problem, for no whole answer, and for one that repeats the
        credential: its bytes must not be kept. No error holds the address as it was sent: a key may stand in it.
        """
        answer, received = self._send(method, asked)
        response = Response(
            body=received,
            status=answer.status_code,
            media_type=answer.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            method=method,
            address=requests.Request(method, asked.url, params=asked.query).prepare().url or asked.url,
            request=asked.body.decode(),
            fetched_at=dt.datetime.now(dt.UTC),
            field=field,
        )
        landed = f"{response.address}\n{response.request}".encode() + received
        if any(secret.encode() in landed for secret in self._signer.secrets):
            problem = "câu trả lời của cổng lặp lại mã truy cập, nên không được lưu"
            raise NoAnswer("leaking", "nội dung", problem, temporary=False)
        return response, answer.links if "Link" in answer.headers else None

    def ask_unkept(self, method: str, asked: Asked) -> tuple[int, bytes]:
        """Status and body of an answer that is not landed, such as a token. Raises NoAnswer."""
        answer, received = self._send(method, asked)
        return answer.status_code, received

    def _send(self, method: str, asked: Asked) -> tuple[requests.Response, bytes]:
        deadline = time.monotonic() + self._timeout
        try:
            with self._session.request(
                method,
                asked.url,
                params=asked.query,
                data=asked.body or None,
                headers=asked.headers,
                timeout=(min(_CONNECT_SECONDS, self._timeout), self._timeout),
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer, self._body(answer.raw, deadline)
        except (requests.Timeout, TimeoutError):
            raise NoAnswer("timed_out", "-", f"cổng không trả lời xong trong {self._timeout:g} giây") from None
        except (requests.exceptions.SSLError, SSLError):
            raise NoAnswer("unreachable", "-", "chứng thư số (TLS) của cổng không hợp lệ") from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, TransportError) as problem:
            raise _disconnected(problem) from None
        except requests.RequestException as problem:
            text = f"địa chỉ hoặc tiêu đề HTTP không dùng được ({type(problem).__name__})"
            raise NoAnswer("misconfigured", "address", text, temporary=False) from None

    def _body(self, raw: Any, deadline: float) -> bytes:
        """The whole body. A server that drips, or never ends, is cut off: each read is one packet at most."""
        received = bytearray()
        while chunk := raw.read1(1 << 16, decode_content=True):
            received += chunk
            if time.monotonic() > deadline:
                raise NoAnswer("timed_out", "-", f"cổng không trả lời xong trong {self._timeout:g} giây")
            if len(received) > MOST_BYTES:
                raise NoAnswer("endless", "nội dung", f"câu trả lời dài hơn {MOST_BYTES >> 20} MiB", temporary=False)
        return bytes(received)


def _disconnected(problem: Exception) -> NoAnswer:
    """No connection at all, one that broke within the answer, or an answer that cannot be unpacked."""
    cause = problem.args[0] if problem.args else None
    cause = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(problem, DecodeError) or isinstance(cause, DecodeError):
        return NoAnswer("unreadable", "nội dung", "không giải nén được câu trả lời của cổng")
    if isinstance(cause, NewConnectionError):
        return NoAnswer("unreachable", "-", "không kết nối được tới cổng")
    return NoAnswer("cut_off", "-", "kết nối bị ngắt giữa chừng")
