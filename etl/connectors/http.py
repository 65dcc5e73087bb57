"""One polite HTTP session: short retries, bounded waits, one bearer token, no redirects."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError as TransportError
from urllib3.exceptions import MaxRetryError, ResponseError, SSLError, TimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from etl.connectors.response import Response

RETRIES = 2
LONGEST_WAIT = 5.0
"""Seconds a server may make a pull wait between two tries; whoever asks for more is asked again later."""
MOST_BYTES = 256 * 2**20
_CONNECT_SECONDS = 10.0


class NoAnswer(Exception):
    """The portal gave no whole answer. `temporary` tells whether another try may do."""

    def __init__(self, field: str, problem: str, *, temporary: bool = True) -> None:
        self.field, self.problem, self.temporary = field, problem, temporary
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


class _Bearer(requests.auth.AuthBase):
    """Sets the header itself, also to nothing: a .netrc of the machine must not add a credential."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Session(requests.Session):
    """Follows no redirect: the address in the catalog is the portal's own, and a token is not carried on."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None for every answer, also where requests would read the body only to look one step ahead."""


class Http:
    """A session with one portal; a context manager. The token goes into the Authorization header only."""

    def __init__(self, token: str | None, timeout_seconds: float) -> None:
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
        self._session = _Session()
        self._session.auth = _Bearer(token)
        self._session.headers.update({"Accept": "application/json", "User-Agent": "baocao-etl"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=patience))

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def ask(
        self,
        method: str,
        url: str,
        query: Mapping[str, str],
        body: bytes,
        headers: Mapping[str, str],
        field: str | None,
    ) -> Response:
        """One request, one answer of any status. Raises NoAnswer, with a Vietnamese problem, for none."""
        deadline = time.monotonic() + self._timeout
        try:
            with self._session.request(
                method,
                url,
                params=query,
                data=body or None,
                headers=headers,
                timeout=(min(_CONNECT_SECONDS, self._timeout), self._timeout),
                allow_redirects=False,
                stream=True,
            ) as answer:
                received = self._body(answer.raw, deadline)
                return Response(
                    body=received,
                    status=answer.status_code,
                    media_type=answer.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                    method=method,
                    address=answer.request.url or url,
                    request=body.decode(),
                    fetched_at=dt.datetime.now(dt.UTC),
                    field=field,
                )
        except (requests.Timeout, TimeoutError) as problem:
            raise NoAnswer("-", f"cổng không trả lời xong trong {self._timeout:g} giây") from problem
        except (requests.exceptions.SSLError, SSLError) as problem:
            raise NoAnswer("-", "chứng thư số (TLS) của cổng không hợp lệ") from problem
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, TransportError) as problem:
            raise NoAnswer("-", "không kết nối được, hoặc kết nối bị ngắt giữa chừng") from problem
        except requests.RequestException as problem:
            raise NoAnswer(
                "address", f"địa chỉ hoặc tiêu đề HTTP không dùng được ({type(problem).__name__})", temporary=False
            ) from problem

    def _body(self, raw: Any, deadline: float) -> bytes:
        """The whole body. A server that drips, or never ends, is cut off: each read is one packet at most."""
        received = bytearray()
        while chunk := raw.read1(1 << 16, decode_content=True):
            received += chunk
            if time.monotonic() > deadline:
                raise NoAnswer("-", f"cổng không trả lời xong trong {self._timeout:g} giây")
            if len(received) > MOST_BYTES:
                raise NoAnswer("nội dung", f"câu trả lời dài hơn {MOST_BYTES >> 20} MiB", temporary=False)
        return bytes(received)
