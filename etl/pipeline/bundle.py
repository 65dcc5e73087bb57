"""An issued form with all it rests on, in one ZIP that verifies itself with Python alone: see etl/proof/verify.py."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from etl import proof
from etl.errors import SettingsError
from etl.forms.package import pack
from etl.model import Fact, Numbers, Page, Platform
from etl.periods import Period
from etl.pipeline.evidence import Evidence
from etl.pipeline.issue import Issued, Told, issued_form
from etl.pipeline.under import Under
from etl.warehouse.chain import Chain

SUFFIX = ".bundle.zip"
_CODECS = {"utf-8": "utf-8-sig", "windows-1258": "cp1258"}


def bundle(file: str, out: Path, *, raw: bool = True) -> dict[str, Any]:
    """Pack an issued form: the file, manifest.json, the landed answers (raw), verify.py and SHA256SUMS.

    raw: without it the answers are named by their sha256 only. The same issue gives the same bytes.
    Raises TraceError, naming the file, for a form or an answer that was changed.
    """
    issue = issued_form(file)
    contents, told = manifest(issue)
    files = {
        issue.name: issue.content,
        "manifest.json": orjson.dumps(told | {"raw": raw}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS),
        "verify.py": proof.script(),
        **(contents if raw else {}),
    }
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{issue.name.rpartition('.')[0]}{SUFFIX}"
    path.write_bytes(pack(files | {"SHA256SUMS": sums.encode()}))
    seal = told["seal"]
    return {
        "bundle": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "cells": len(told["cells"]),
        "rows": len(told["rows"]),
        "answers": len(contents),
        "seal": seal and f"{seal['number']}:{seal['sha256']}",
    }


def verify_bundle(file: str) -> dict[str, Any]:
    """What the verifier in a bundle says of it, by the same code; of a form, with the bundle that lies beside it.

    Raises SettingsError where there is none.
    """
    path = Path(file)
    packed = path if path.suffix == ".zip" or path.is_dir() else path.with_name(path.stem + SUFFIX)
    if not packed.exists() or not path.exists():
        raise SettingsError(
            f"không có {packed if path.exists() else path}: làm bằng `baocao bundle {file}` (no bundle)"
        )
    return proof.verify(packed, None if packed == path else path)


def manifest(issue: Issued) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The landed answers under the form, by their path, and the manifest: every cell back to the bytes."""
    catalog, chain = issue.office.catalog, issue.chain
    told_of = {issue.told(place) for place in issue.cells}
    grounds = {of: issue.ground_of(of) for one in told_of | {Told()} for of in (one.of, one.than)}
    under = [
        (of, one)
        for of in sorted(grounds, key=lambda of: "" if of is None else of.key)
        for dataset in issue.datasets
        for one in grounds[of].rows(dataset, issue.unit.code)
    ]
    cells = _cells(issue)
    known = {one.code: one.dataset for one in catalog.indicators.values()}
    names = {
        name: known[cell["indicator"]] for cell in cells.values() for name in (*cell["numerator"], *cell["denominator"])
    }
    measures = {name: issue.measure(name, dataset) for name, dataset in sorted(names.items())}
    read = sorted({name for one in measures.values() for name in (one["name"], *(leaf for leaf, _ in one["leaves"]))})
    quarters = [(ground, quarter) for ground in grounds.values() for quarter in ground.quarters]
    evidence = {quarter: Evidence(issue.office, quarter) for _, quarter in quarters}
    contents: dict[str, bytes] = {}
    requests: dict[tuple[str | float, ...], int] = {}
    asked: list[dict[str, Any]] = []
    rows = []
    for of, one in under:
        row = one.row
        key = (row.receipt, row.uri, row.request, row.fetched_at.timestamp())
        evidence[one.quarter].of(row, read)
        if key not in requests:
            platform = catalog.platform_of(catalog.sources[row.source], one.quarter)
            for page, content in evidence[one.quarter].pages(row):
                requests[row.receipt, page.uri, page.request, page.fetched_at.timestamp()] = len(asked)
                contents[page.uri] = content
                asked.append(_request(page, row.receipt, platform, content))
        told = _row(one, requests[key], read, evidence[one.quarter].columns(row, read))
        told |= {"dataset": row.dataset} if len(issue.datasets) > 1 else {}
        rows.append(told if of is None else told | {"of": of.key})
    loads = {quarter.key: _load(chain, quarter, issue.known_at) for ground, quarter in quarters if ground.longer}
    named = {one for cell in cells.values() for one in cell.get("waivers", ())}
    waivers = {name: asdict(one) for name, one in sorted(issue.waived.waivers.items()) if name in named}
    seal = chain.seal_of("issue", issue.sha256)
    sources = {row.get("part", row["source"]) for row in rows}
    return contents, {
        "manifest": 1,
        "form": issue.number,
        "unit": issue.unit.code,
        "unit_name": issue.unit.name,
        "period": issue.period.key,
        "known_at": issue.known_at.isoformat(),
        "file": {"name": issue.name, "sha256": issue.sha256, "size": len(issue.content)},
        "load": _load(chain, issue.period, issue.known_at),
        **({"quarters": loads} if loads else {}),
        "seal": seal and {name: value for name, value in asdict(seal).items() if name != "parts"},
        "measures": measures,
        "days": {
            source: days
            for source, days in sorted(one for ground in grounds.values() for one in ground.days.items())
            if source in sources
        },
        "units": {
            unit: above
            for of, ground in grounds.items()
            for unit, above in ground.parents([one for at, one in under if at == of]).items()
        },
        "requests": asked,
        "rows": rows,
        "cells": cells,
        **({"waivers": waivers} if waivers else {}),
    }


def _cells(issue: Issued) -> dict[str, dict[str, Any]]:
    """Every cell of the form that has a figure, with how it is computed, and the waivers that let it stand."""
    found = {}
    for place, key in issue.cells.items():
        told = issue.told(place)
        if (fact := issue.figure(key, told.of)) is None:
            continue
        shown, indicator = issue.shown.get(place), issue.office.catalog.indicators[fact.indicator]
        value: int | Decimal | None = fact.value
        if told.than is not None and told.how is not None:
            then = issue.figure(key, told.than)
            value = proof.changed(value, None if then is None else then.value, told.how)
        recorded = fact if isinstance(fact, Fact) else None
        found[place] = {
            **key._asdict(),
            **issue.terms(indicator),
            **({"percent": True} if issue.percent(indicator) and told.how != "percent" else {}),
            **({"of": told.of.key} if told.of is not None else {}),
            **({"than": told.than.key, "how": told.how} if told.than is not None else {}),
            "value": _plain(None if value is None else Decimal(value)),
            "reason": fact.reason,
            "revision": recorded and recorded.revision,
            "state": recorded and recorded.state,
            "recorded_at": recorded and recorded.recorded_at,
            "load": recorded and recorded.load,
            "formula": shown and shown.formula,
            **({"waivers": [one.id for one in by]} if told.of is None and (by := issue.waived.of(key)) else {}),
        }
    return found


def _request(page: Page, receipt: str, platform: Platform, content: bytes) -> dict[str, Any]:
    """How an answer was asked for, and how the verifier reads it: `encoding` of a JSON answer whose records are the
    rows, `file` of a file; neither of what it can compare by sha256 alone."""
    records = platform.table is None and platform.records_of is None
    return {
        "sha256": page.sha256,
        "uri": page.uri,
        "method": page.method,
        "address": page.address,
        "request": page.request,
        "fetched_at": page.fetched_at.isoformat(),
        "receipt": receipt,
        "encoding": _CODECS[platform.encoding] if records else None,
        **({} if (written := _written(platform, content)) is None else {"file": written}),
    }


def _written(platform: Platform, content: bytes) -> dict[str, Any] | None:
    """How a file is written, for one that Python's standard library can read: no old binary workbook."""
    table = platform.table
    if table is None or (table.format == "spreadsheet" and not proof.is_workbook(content)):
        return None
    return {
        "format": table.format,
        "encoding": _CODECS[table.encoding or "utf-8"],
        "delimiter": table.delimiter or ",",
        "thousands": platform.numbers.thousands if isinstance(platform.numbers, Numbers) else None,
    }


def _load(chain: Chain, period: Period, known_at: dt.datetime) -> dict[str, Any] | None:
    versions = chain.versions(period.key, known_at)
    return versions and versions._asdict()


def _row(one: Under, request: int, measures: list[str], columns: dict[str, list[str | None]]) -> dict[str, Any]:
    row = one.row
    return {
        "source": row.source,
        "agency": row.agency,
        "tier": row.tier,
        "field": row.field,
        **one.place,
        "request": request,
        "pointer": row.pointer,
        "values": {name: row.values.get(name) for name in measures},
        "read": columns,
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"
