"""OAuth2 client credentials: a bearer token for a pull. Neither the request nor the answer is landed."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

import orjson

from etl.connectors.asking import Asked
from etl.connectors.auth import Credential
from etl.connectors.http import Http
from etl.model import OAuth2, PullState


class NoToken(Exception):
    """The server gave no token. State refused: it does not take the credential; `temporary`: another try may do."""

    def __init__(self, state: PullState, field: str, problem: str) -> None:
        self.state, self.field, self.temporary = state, field, state in ("throttled", "down")
        super().__init__(problem)


def ask(http: Http, oauth2: OAuth2, address: str, credential: Credential) -> str:
    """A new token. Raises NoToken, or NoAnswer."""
    form = {"grant_type": "client_credentials", **({"scope": oauth2.scope} if oauth2.scope else {})}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if oauth2.client == "basic":
        headers["Authorization"] = f"Basic {credential.client}"
    else:
        form |= {"client_id": credential.name, "client_secret": credential.secret}
    asked = Asked(address.rstrip("/") + oauth2.token_path, {}, headers, urlencode(form).encode())
    status, body = http.ask_unkept("POST", asked)
    field = f"HTTP {status}"
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise NoToken("refused", field, "máy chủ cấp mã từ chối tên và mật khẩu của nguồn")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise NoToken("throttled", field, "máy chủ cấp mã đang giới hạn số lượt hỏi")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise NoToken("down", field, "máy chủ cấp mã đang lỗi hoặc ngừng phục vụ")
    if status != HTTPStatus.OK:
        raise NoToken("rejected", field, "máy chủ cấp mã không nhận yêu cầu này")
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NoToken("unreadable", "access_token", "máy chủ cấp mã không trả JSON") from None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not (isinstance(token, str) and token and token.isascii() and token.isprintable() and " " not in token):
        raise NoToken("misshapen", "access_token", "máy chủ cấp mã không trả mã dùng được")
    return token
