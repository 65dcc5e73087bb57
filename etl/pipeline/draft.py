"""Files for a new portal: the YAML of a source on a known platform, and the draft of an unknown one from a sample."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etl import catalog as catalogs
from etl import connectors
from etl.bodies import Unreadable, json_of
from etl.errors import CatalogError, SettingsError
from etl.pipeline.draft_yaml import bare, platform_yaml, text
from etl.pipeline.office import Office
from etl.pipeline.sample import Sample, find_records
from etl.settings import Settings

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def source_new(name: str, given: Mapping[str, str], folder: str | None) -> dict[str, Any]:
    """Write sources/<name>.yml. Raises SettingsError where the file is there, CatalogError where it would not load;
    nothing is left behind then."""
    settings = Settings.from_environment()
    path = _target(settings, folder, f"sources/{name}.yml", name)
    path.write_text("".join(f"{key}: {text(value)}\n" for key, value in given.items()), "utf-8")
    problem = _unsound(settings, path)
    if problem is not None:
        path.unlink()
        raise problem
    return {"file": str(path), "next": [f"baocao source check {name}"]}


def platform_draft(name: str, sample: str, dataset: str, folder: str | None) -> dict[str, Any]:
    """Write platforms/<name>.yml and the sample beside it, from one JSON answer of a system nobody has declared.

    Raises SettingsError for a sample that holds no list of records, or that cannot be had.
    """
    settings, office = Settings.from_environment(), Office.open()
    if dataset not in office.catalog.datasets:
        known = ", ".join(office.catalog.datasets)
        raise SettingsError(f"không có bộ dữ liệu {dataset!r}, chỉ có {known} (no such dataset)")
    path = _target(settings, folder, f"platforms/{name}.yml", name)
    content = _content(sample)
    try:
        records, rows = find_records(json_of(content, "", "utf-8"))
    except Unreadable as bad:
        raise SettingsError(f"mẫu {bare(sample)}: {bad} (the sample is not JSON)") from bad
    if not rows:
        raise SettingsError(f"mẫu {bare(sample)} không có danh sách dòng số liệu nào (the sample holds no records)")
    seen = Sample(office.catalog, dataset, rows)
    path.write_text(platform_yaml(name, seen, office.catalog, sample, records), "utf-8")
    beside = path.with_suffix(".sample.json")
    beside.write_bytes(content)
    problem = _unsound(settings, path)
    left = [f"chưa ánh xạ / unmapped: {', '.join(seen.unmapped) or '–'}"]
    left += [f"chưa có cột nguồn / measures without a column: {', '.join(seen.without) or '–'}"]
    left += ["chưa thấy cột đơn vị / no column of agencies was seen"] if seen.unit is None else []
    left += [f"chưa đọc được, phải sửa / does not load yet: {problem}"] if problem is not None else []
    left += [f"xem lại mọi dòng của {path}, nhất là request và assumed / review every line"]
    return {
        "file": str(path),
        "sample": str(beside),
        "loads": problem is None,
        "next": left,
        "records": records,
        "columns": seen.mapped,
        "identities": [f"{one.total} = {' + '.join(one.parts)}" for one in seen.sums],
        "unmapped": seen.unmapped,
        "unread": seen.unread,
        "unit": seen.unit,
        "field": seen.field,
    }


def _target(settings: Settings, folder: str | None, name: str, stem: str) -> Path:
    root = Path(folder) if folder else settings.catalogs[-1]
    if _NAME.fullmatch(stem) is None:
        raise SettingsError(f"tên {stem!r} phải gồm chữ thường, số và _ (lower-case letters, digits and _)")
    if not root.is_dir():
        raise SettingsError(f"không có thư mục {root} (no such folder)")
    path = root / name
    if path.exists():
        raise SettingsError(f"{path} đã có, không ghi đè (the file is there already)")
    path.parent.mkdir(exist_ok=True)
    return path


def _unsound(settings: Settings, path: Path) -> CatalogError | None:
    """What the catalog with this file says against it."""
    root = path.parent.parent
    folders = settings.catalogs if root in settings.catalogs else (*settings.catalogs, root)
    try:
        catalogs.load(folders)
    except CatalogError as problem:
        return problem
    return None


def _content(sample: str) -> bytes:
    if sample.startswith(("http://", "https://")):
        return connectors.sample(sample)
    try:
        return Path(sample).read_bytes()
    except OSError as problem:
        raise SettingsError(f"không đọc được mẫu {sample}: {problem.strerror}") from problem
