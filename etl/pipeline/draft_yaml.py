"""The YAML of a drafted platform: what was seen, what must be filled in, and every column that nobody reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import orjson

from etl.catalog import Catalog
from etl.pipeline.sample import Sample

_SECRET = re.compile(r"(?i)key|token|secret|password|auth|sign|session")
_DATES = {r"\d{4}-\d\d-\d\d": "", r"\d\d/\d\d/\d{4}": "%d/%m/%Y", r"\d{8}": "%Y%m%d"}
_NOT_BARE = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_FILL_IN = "# ĐIỀN / FILL IN"


def platform_yaml(name: str, seen: Sample, catalog: Catalog, origin: str, records: str) -> str:
    """The draft; what it supposes stands in `assumed`. origin: the file or the address of the sample."""
    lines = [
        f"# BẢN NHÁP / DRAFT of platforms/{name}.yml, made from one sample: review every line before a source uses it.",
        f"title: {text(name)}",
        "protocol: json_api",
        f"dataset: {seen.name}",
        f"source: {text(f'mẫu {bare(origin)}')}",
        *_request(seen, origin),
        *([f"records: {records}"] if records else []),
        *(["numbers: text"] if seen.as_text else []),
        *_unit(seen, catalog),
        *_field(seen),
        "columns:",
        *(f"  {measure}: [{text(column)}]   # {seen.why[measure]}" for measure, column in seen.mapped.items()),
        *(f"  # {measure}: [?]   # {seen.dataset.columns[measure].title.vi}" for measure in seen.without),
    ]
    if seen.sums:
        lines.append("identities:   # đúng ở mọi dòng của mẫu / true in every row of the sample")
        lines += [f"  - {{total: {text(one.total)}, parts: [{', '.join(map(text, one.parts))}]}}" for one in seen.sums]
    lines += ["ignore: []   # chưa ai đọc; thêm cột cố ý bỏ qua / not read yet; add what is left unread on purpose"]
    lines += [f"# - {column}   # ví dụ {_example(seen, column)}" for column in seen.unread]
    lines += [
        "assumed: >-",
        f"  Everything: drafted from one sample of {seen.rows} rows, by the names of its columns and by sums that hold",
        "  in it. The request, its days and pages, the codes of units and fields, and what each column counts are",
        "  confirmed by nobody yet.",
    ]
    return "\n".join(lines) + "\n"


def bare(origin: str) -> str:
    """The address without its query, which may hold a secret."""
    return urlsplit(origin)._replace(query="", fragment="").geturl() if "://" in origin else origin


def text(value: str) -> str:
    """A YAML scalar that is read as this text."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", value) and value.lower() not in _NOT_BARE:
        return value
    return "'" + value.replace("'", "''") + "'"


def _request(seen: Sample, origin: str) -> Iterator[str]:
    by_field = seen.dataset.by == "field" and seen.field is None
    yield "request:   # ĐIỀN cách hỏi cổng, xem CONTRIBUTING / FILL IN how the portal is asked"
    yield "  method: GET"
    asked = list(_query(origin))
    if by_field:
        asked.append(f"    field: {{value: field}}   {_FILL_IN}: tên tham số lĩnh vực / the parameter's name")
    yield '  path: ""' if asked else f"  path: /path   {_FILL_IN}"
    if asked:
        yield "  query:"
        yield from asked
    if by_field:
        yield "  repeat_over_fields: true"


def _query(origin: str) -> Iterator[str]:
    days = iter(("first_day", "last_day"))
    for key, value in parse_qsl(urlsplit(origin).query) if "://" in origin else []:
        written = [form for pattern, form in _DATES.items() if re.fullmatch(pattern, value)]
        day = next(days, None) if written else None
        if _SECRET.search(key):
            continue
        if day is None:
            yield f"    {text(key)}: {text(value)}"
        else:
            yield f"    {text(key)}: {{value: {day}{f', format: {text(written[0])}' if written[0] else ''}}}"


def _unit(seen: Sample, catalog: Catalog) -> Iterator[str]:
    """The patterns of a platform that knows its units in the same way."""
    known = [one for one in catalog.platforms.values() if one.unit.by == seen.by and one.table is None]
    rule = max(known, key=lambda one: one.dataset == seen.name).unit
    yield "unit:"
    yield f"  by: {seen.by}"
    yield f"  column: {text(seen.unit)}" if seen.unit else f"  column: '?'   {_FILL_IN}"
    yield f"  commune: {text(rule.commune)}"
    yield f"  province: {text(rule.province)}"


def _field(seen: Sample) -> Iterator[str]:
    if seen.field is not None:
        by = ", by: name" if seen.field_by == "name" else ", fold_case: true" if seen.field_by == "fold" else ""
        yield f"field: {{column: {text(seen.field)}{by}}}"


def _example(seen: Sample, column: str) -> str:
    values = [value for value in seen.values[column] if value not in (None, "")]
    return ", ".join(orjson.dumps(value).decode()[:40].replace("\n", " ") for value in values[:2]) or "trống"
