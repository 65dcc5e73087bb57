"""Who asks: a credential, reached by its reference, put on each request. It is never landed, logged or shown."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

import requests

from etl.logins import Login
from etl.model import ApiKey, OAuth2, Request, Signature

_SHORTEST_SECRET = 6
"""A shorter credential is not looked for in answers: it would be found by chance."""

_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")


class Unusable(Exception):
    """The credential cannot be sent; the text is Vietnamese and does not hold it."""


@dataclass(frozen=True, repr=False)
class Credential:
    """What is sent. `name` is a login or what stands before the colon of `name:secret`, "" where no pair is asked."""

    name: str
    secret: str

    @property
    def client(self) -> str:
        """The pair as HTTP Basic sends it."""
        return base64.b64encode(f"{self.name}:{self.secret}".encode()).decode()


def read(request: Request, value: str | Login) -> Credential:
    """The credential in the shape the platform asks for; of a connection the password alone, where no pair is asked.

    Raises Unusable.
    """
    pair = request.auth == "basic" or isinstance(request.auth, OAuth2 | Signature)
    if isinstance(value, Login):
        name, secret, shape = value.login if pair else "", value.password, "phải có đủ Login và Password"
        shape = shape if pair else "phải có Password"
    else:
        name, _, secret = value.partition(":") if pair else ("", "", value)
        shape = "phải có dạng tên:mật_khẩu"
    if not secret or (pair and not name):
        raise Unusable(shape)
    if ":" in name and "basic" in (request.auth, getattr(request.auth, "client", None)):
        raise Unusable("có dấu hai chấm trong tên, HTTP Basic không gửi được")
    sent = name + secret
    if request.auth != "basic" and not (sent.isascii() and sent.isprintable() and " " not in sent):
        raise Unusable("có ký tự không dùng được (dấu cách, xuống dòng hoặc dấu tiếng Việt)")
    return Credential(name, secret)


class Signer(requests.auth.AuthBase):
    """Puts the credential on a request; also nothing: a .netrc of the machine must not add one.

    `token` is the bearer token, of the catalog or of an OAuth2 server.
    """

    def __init__(self, request: Request, credential: Credential | None) -> None:
        self._auth = request.auth
        self._credential = credential
        self.token = credential.secret if credential is not None and request.auth == "bearer" else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may stand in no landed byte, log line or message, in every way it is written."""
        found = self._credential
        plain = [self.token, found.secret if found else None, found.client if found and found.name else None]
        return tuple(masked({text for text in plain if text is not None and len(text) >= _SHORTEST_SECRET}))

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        found, headers = self._credential, request.headers
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        elif found is None:
            return request
        elif self._auth == "basic":
            headers["Authorization"] = f"Basic {found.client}"
        elif isinstance(self._auth, ApiKey):
            if self._auth.header is not None:
                headers[self._auth.header] = found.secret
            if self._auth.query is not None:
                request.prepare_url(without(request.url or "", self._auth.query), {self._auth.query: found.secret})
        elif isinstance(self._auth, Signature):
            _sign(self._auth, found, request)
        return request


class _Mask(logging.Filter):
    """Hides credentials in what the HTTP library logs: a key in the query stands in the address it names.

    One for the process: pulls run side by side, and each log line is masked for all of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._signers: tuple[Signer, ...] = ()
        self._lock = threading.Lock()
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def add(self, signer: Signer) -> None:
        with self._lock:
            self._signers = (*self._signers, signer)

    def remove(self, signer: Signer) -> None:
        with self._lock:
            self._signers = tuple(one for one in self._signers if one is not signer)

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        hidden = text
        for secret in (secret for signer in self._signers for secret in signer.secrets):
            hidden = hidden.replace(secret, "***")
        if hidden != text:
            record.msg, record.args = hidden, ()
        return True


MASK = _Mask()


def masked(texts: Iterable[str]) -> set[str]:
    """The texts, and how they look inside an address."""
    return {written for text in texts for written in (text, quote(text, safe=""), quote_plus(text))}


def without(url: str, parameter: str) -> str:
    """The address without a query parameter, as a portal that repeats its caller's key gives it in a link."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(key, value) for key, value in pairs if key != parameter]
    return url if len(kept) == len(pairs) else urlunsplit(parts._replace(query=urlencode(kept)))


def _sign(auth: Signature, credential: Credential, request: requests.PreparedRequest) -> None:
    parts = urlsplit(request.url or "")
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else bytes(body)
    now = time.time()
    timestamp = {
        "seconds": str(int(now)),
        "milliseconds": str(int(now * 1000)),
        "iso": dt.datetime.fromtimestamp(int(now), dt.UTC).isoformat().replace("+00:00", "Z"),
    }[auth.timestamp]
    named: dict[str, bytes] = {
        "method": (request.method or "").encode(),
        "host": parts.netloc.encode(),
        "path": parts.path.encode(),
        "query": parts.query.encode(),
        "body": content,
        "body_sha256": hashlib.sha256(content).hexdigest().encode(),
        "key": credential.name.encode(),
        "timestamp": timestamp.encode(),
        "nonce": secrets.token_hex(16).encode(),
    }
    canonical = auth.separator.encode().join(named[part] for part in auth.sign)
    digest = hmac.new(credential.secret.encode(), canonical, hashlib.sha256).digest()
    written = digest.hex() if auth.encoding == "hex" else base64.b64encode(digest).decode()
    request.headers[auth.signature_header] = auth.prefix + written
    sent = {auth.key_header: "key", auth.timestamp_header: "timestamp", auth.nonce_header: "nonce"}
    for header, part in sent.items():
        if header is not None:
            request.headers[header] = named[part].decode()
