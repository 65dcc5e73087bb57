"""Verify an issued form against its bundle, with Python's standard library alone: no network, no database.

    python verify.py                    in an unpacked bundle
    python verify.py BUNDLE.zip [FORM.xlsx]

Every file is compared with its sha256; every landed JSON record, and every row of a landed workbook, CSV or HTML table,
is read again at its pointer; every figure is added up again from the rows under it and compared with the number printed
in its cell. Exit status 0 when all holds, else 1.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from etl.proof.documents import Cell, read_cells
from etl.proof.files import read_file
from etl.proof.sums import Rows, add, changed

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
_NOT_READ = (OSError, LookupError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, ElementTree.ParseError)


def verify(bundle: Path, form: Path | None = None) -> dict[str, Any]:
    """What was compared, and in `wrong` what does not hold, each with the name of its file.

    bundle: a ZIP or an unpacked folder. form: where given, the file in hand, which must be the one of the bundle.
    """
    try:
        return _verify(_opened(bundle), form)
    except _NOT_READ as problem:
        what = f"{bundle}: không đọc được ({type(problem).__name__}: {problem}) (cannot be read)"
        return {"bundle": str(bundle), "wrong": [what], "files": 0, "rows": 0, "cells": 0}


def _verify(files: Mapping[str, Callable[[], bytes]], form: Path | None) -> dict[str, Any]:
    wrong, contents = _summed(files)
    told: dict[str, Any] = {"wrong": wrong, "files": len(contents), "rows": 0, "cells": 0}
    if MANIFEST not in contents or any(line.startswith(f"{MANIFEST}:") for line in wrong):
        return told  # nothing that a changed manifest says can be relied on
    manifest = json.loads(contents[MANIFEST])
    told.update({name: manifest[name] for name in ("form", "unit", "period", "known_at")}, seal=manifest["seal"])
    name = manifest["file"]["name"]
    content = contents.get(name, b"") if form is None else form.read_bytes()
    shown = name if form is None else str(form)
    if _sha(content) != manifest["file"]["sha256"]:
        wrong.append(f"{shown}: không phải biểu đã lập (not the issued form): sha256 {_sha(content)}")
        return told
    wrong += _seal(manifest["seal"], manifest["file"]["sha256"])
    landed, problems = _raw(manifest, contents)
    wrong += problems
    read, compared, problems = _records(manifest, landed)
    told.update(rows=len(manifest["rows"]), rows_read_again=read, rows_by_sha256=compared)
    wrong += problems
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        cells = read_cells(package)
    told["cells"], problems = _cells(manifest, cells, shown)
    wrong += problems
    return told


def _summed(files: Mapping[str, Callable[[], bytes]]) -> tuple[list[str], dict[str, bytes]]:
    """Every file against SHA256SUMS: what is wrong, and the contents."""
    lines = files[SUMS]().decode().splitlines() if SUMS in files else []
    sums = {line[66:]: line[:64] for line in lines}
    wrong = [] if lines else [f"{SUMS}: thiếu (is missing)"]
    contents = {}
    for name in sorted({*files, *sums} - {SUMS}):
        if name not in files:
            wrong.append(f"{name}: thiếu (is missing)")
            continue
        try:
            contents[name] = files[name]()
        except (zipfile.BadZipFile, OSError, ValueError) as problem:
            wrong.append(f"{name}: không đọc được (cannot be read): {problem}")
            continue
        if name not in sums:
            wrong.append(f"{name}: không có trong {SUMS} (is not listed)")
        elif _sha(contents[name]) != sums[name]:
            wrong.append(f"{name}: đã bị sửa, hoặc {SUMS} đã bị sửa (was changed, or its line in {SUMS} was)")
    return wrong, contents


def _seal(seal: Mapping[str, Any] | None, sha256: str) -> list[str]:
    """The issue's place in the chain of the warehouse; None for a form from before there was one."""
    if seal is None:
        return []
    line = "".join(f"{seal[name]}\n" for name in ("number", "kind", "of", "content", "previous"))
    if seal["content"] != sha256 or _sha(line.encode()) != seal["sha256"]:
        return [f"{MANIFEST}: mắt xích {seal['number']} không phải của biểu này (the seal is not this form's)"]
    return []


def _raw(manifest: Mapping[str, Any], contents: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[str]]:
    """The landed answers that are what was landed, and what is wrong with the others."""
    landed, wrong = {}, []
    for uri, sha256 in sorted({(request["uri"], request["sha256"]) for request in manifest["requests"]}):
        if uri not in contents:
            if manifest["raw"]:
                wrong.append(f"{uri}: thiếu (is missing)")
        elif _sha(contents[uri]) != sha256:
            wrong.append(f"{uri}: không phải tệp gốc đã lấy (not the landed answer): phải có sha256 {sha256}")
        else:
            landed[uri] = contents[uri]
    return landed, wrong


def _records(manifest: Mapping[str, Any], landed: Mapping[str, bytes]) -> tuple[int, int, list[str]]:
    """Every row read again from its landed answer: how many, of how many others the answer's sha256 was compared and
    no more, and what is not what the manifest says."""
    count, compared, wrong = 0, 0, []
    readers: dict[str, Callable[[str, str | None], int | None] | None] = {}
    for row in manifest["rows"]:
        request = manifest["requests"][row["request"]]
        uri = request["uri"]
        if uri not in readers:
            readers[uri] = None
            try:
                readers[uri] = _reader(request, landed[uri]) if uri in landed else None
            except _NOT_READ as problem:
                wrong.append(f"{uri}: không đọc được ({type(problem).__name__}: {problem}) (cannot be read)")
        if (reader := readers[uri]) is None:
            compared += uri in landed
            continue
        for measure, columns in row["read"].items():
            if add(reader(row["pointer"], column) for column in columns) != row["values"].get(measure):
                wrong.append(f"{uri}{row['pointer']}: {measure} không như dòng số liệu (not what the row says)")
        count += 1
    return count, compared, wrong


def _reader(request: Mapping[str, Any], content: bytes) -> Callable[[str, str | None], int | None] | None:
    """What gives the count at a pointer and a column of a landed answer; None where only its sha256 can be compared:
    a list of single records that we count, an old binary workbook."""
    if request.get("file") is not None:
        return read_file(content, request["file"])
    if request["encoding"] is None:
        return None
    document = json.loads(content.decode(request["encoding"]))
    return lambda pointer, column: _whole(_dig(_at(document, pointer), column or ""))


def _at(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _cells(manifest: Mapping[str, Any], shown: Mapping[str, Cell], name: str) -> tuple[int, list[str]]:
    """Every numeric cell computed again from the rows: how many, and which are not what is printed.

    Rows and cells with `of` are of another period than the form's own; a cell with `than` tells what changed since.
    """
    cells = manifest["cells"]
    rows: dict[str | None, list[Mapping[str, Any]]] = {None: []}
    for row in manifest["rows"]:
        rows.setdefault(row.get("of"), []).append(row)
    units = {cell["unit"] for cell in cells.values()}
    sums = {
        of: Rows(some, manifest["measures"], manifest["days"], manifest["units"], units) for of, some in rows.items()
    }
    wrong = [f"{name}, ô {place}: không có truy vết (has no trace)" for place in sorted(set(shown) - set(cells))]
    for place, cell in cells.items():
        printed = shown[place].number / (100 if cell.get("percent") else 1) if place in shown else None
        if printed is None and cell["value"] is None:
            continue
        computed = _figure(sums, cell, cell.get("of"))
        if "than" in cell:
            computed = changed(computed, _figure(sums, cell, cell["than"]), cell["how"])
        if printed is None or cell["value"] is None or not printed == Decimal(cell["value"]) == computed:
            wrong.append(
                f"{name}, ô {place}: in {printed}, số liệu {cell['value']}, tính lại được {computed} "
                "(printed, figure and what the rows add up to differ)"
            )
    return len(set(shown) & set(cells)), wrong


def _figure(sums: Mapping[str | None, Rows], cell: Mapping[str, Any], of: str | None) -> int | Decimal | None:
    return sums[of].figure((cell["unit"], cell["tier"], cell["field"]), cell) if of in sums else None


def _opened(bundle: Path) -> dict[str, Callable[[], bytes]]:
    if bundle.is_dir():
        return {one.relative_to(bundle).as_posix(): one.read_bytes for one in bundle.rglob("*") if one.is_file()}
    package = zipfile.ZipFile(bundle)
    return {name: (lambda name=name: package.read(name)) for name in package.namelist()}  # type: ignore[misc]


def _whole(value: Any) -> int | None:
    """A count as JSON writes it: a whole number, or its digits as a text."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]+\s*", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _dig(record: Any, path: str) -> Any:
    for part in path.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def told(found: Mapping[str, Any]) -> list[str]:
    """What was found, for people."""
    if found["wrong"]:
        return [f"SAI / WRONG  {line}" for line in found["wrong"]]
    seal = f"; niêm phong/seal {found['seal']['number']}:{found['seal']['sha256']}" if found["seal"] else ""
    what = f"{found['files']} tệp/files, {found['rows']} dòng/rows ({found['rows_read_again']} đọc lại/read again)"
    name = f"{found['form']} {found['unit']} {found['period']}"
    lines = [f"ĐÚNG / HOLDS  {name}: {what}, {found['cells']} ô/cells{seal}"]
    if compared := found["rows_by_sha256"]:
        lines.append(
            f"CHỈ SO SHA256 / SHA256 ALONE  {compared} dòng/rows: danh sách hồ sơ, văn bản hoặc tệp .xls không được "
            "đọc lại ở đây; `baocao trace` ở cơ quan lập biểu đếm lại (lists of single records and .xls are not read "
            "here; `baocao trace` at the office that issued the form counts them again)"
        )
    if missing := found["rows"] - found["rows_read_again"] - compared:
        lines.append(
            f"KHÔNG CÓ TRONG GÓI / NOT IN THE BUNDLE  {missing} dòng/rows: câu trả lời gốc chỉ được nêu bằng sha256 "
            "(their landed answers are named by sha256)"
        )
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("form", nargs="?", type=Path)
    asked = parser.parse_args()
    found = verify(asked.bundle, asked.form)
    print("\n".join(told(found)))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
