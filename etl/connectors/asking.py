"""What is asked: the platform's request filled for one source, one period, one field and one page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import requests

from etl.connectors.auth import without
from etl.connectors.paging import Next
from etl.model import ApiKey, Parameter, Platform, Source, Value
from etl.periods import Interval, Period

Filled = dict[str, str | int | bool]


class Unaskable(Exception):
    """The platform cannot be asked for this kind of period; the text is Vietnamese."""


@dataclass(frozen=True)
class Asked:
    """One HTTP request, without its credential."""

    url: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def address(self) -> str:
        """The address with its query, as it is sent."""
        prepared = requests.PreparedRequest()
        prepared.prepare_url(self.url, self.query)
        return prepared.url or self.url


@dataclass(frozen=True)
class Asking:
    source: Source
    platform: Platform
    period: Period
    part: Interval
    address: str
    list: str | None = None

    def page(self, field: str | None, which: Next) -> Asked:
        """The request for one page. Raises Unaskable."""
        request = self.platform.request
        paging = request.paging
        sized: Filled = {paging.size_parameter: paging.size} if paging and paging.size_parameter else {}
        posted = request.method == "POST"
        accept = {"Accept": "*/*"} if self.platform.protocol == "download" else {}
        headers = {**accept, **_texts(self._filled(request.headers, field, which)), **self.source.headers}
        body = b""
        if posted:
            kind, body = self._body(field, which, sized)
            headers = {"Content-Type": kind, **headers}
        if which.url is not None:
            key = request.auth.query if isinstance(request.auth, ApiKey) else None
            return Asked(without(which.url, key) if key else which.url, {}, headers, body)
        query = {**self._filled(request.query, field, which), **({} if posted else sized), **self.source.query}
        path = request.path.replace("{list}", self._list())
        return Asked(self.address.rstrip("/") + path, _texts(query), headers, body)

    def _list(self) -> str:
        return self.platform.request.lists[self.list] if self.list is not None else ""

    def _body(self, field: str | None, which: Next, sized: Filled) -> tuple[str, bytes]:
        """Media type and bytes. The page size and the source's own values stand where the request's values do."""
        request, own = self.platform.request, self.source.body
        form = _texts(self._filled(request.form, field, which))
        if request.form_json:
            ((name, values),) = request.form_json.items()
            inside = _nested({**self._filled(values, field, which), **sized, **own})
            form[name] = orjson.dumps(inside).decode()
        elif request.form:
            form |= _texts({**sized, **own})
        else:
            return "application/json", orjson.dumps(
                _nested({**self._filled(request.json, field, which), **sized, **own})
            )
        return "application/x-www-form-urlencoded", urlencode(form).encode()

    def _filled(self, values: Mapping[str, Value], field: str | None, which: Next) -> Filled:
        filled: Filled = {}
        for key, value in values.items():
            found = self._value(value, field, which) if isinstance(value, Parameter) else value
            if found is not None:
                filled[key] = found
        return filled

    def _value(self, parameter: Parameter, field: str | None, which: Next) -> str | int | None:
        paging = self.platform.request.paging
        size = paging.size if paging else 0
        match parameter.value:
            case "first_day" | "last_day" as end:
                day = self.part.first_day if end == "first_day" else self.part.last_day
                return day.strftime(parameter.format) if parameter.format else day.isoformat()
            case "start" | "end_inclusive" as end:
                moment = self.part.start if end == "start" else self.part.end - dt.timedelta(milliseconds=1)
                moment = moment.astimezone(dt.UTC)
                if parameter.format:
                    return moment.strftime(parameter.format)
                return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            case "unit":
                return self.source.unit
            case "field":
                return field or ""
            case "list":
                return self._list()
            case "page":
                return which.number + 1
            case "offset":
                return which.number * size
            case "offset_end":
                return (which.number + 1) * size
            case "cursor":
                return which.cursor
            case "year" | "month" as which_part if self.platform.window == "months":
                return self.part.first_day.year if which_part == "year" else self.part.first_day.month
            case "year":
                return self.period.year
            case "quarter" | "month" as kind:
                if self.period.kind != kind:
                    wanted = {"quarter": "quý", "month": "tháng"}[kind]
                    raise Unaskable(f"cổng này chỉ hỏi được theo {wanted}, không hỏi được kỳ {self.period.key}")
                return self.period.number


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """A dotted key stands inside the object before the dot."""
    body: dict[str, Any] = {}
    for key, value in values.items():
        *outer, last = key.split(".")
        place = body
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = value
    return body


def _texts(values: Mapping[str, str | int | bool]) -> dict[str, str]:
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}
