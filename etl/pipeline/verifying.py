"""The chain of seals, walked from the outside: the loads in the warehouse, the landed answers, the issued forms."""

from __future__ import annotations

import hashlib
from typing import Any

from upath import UPath

from etl.errors import SettingsError
from etl.pipeline.office import Office
from etl.warehouse.chain import Chain
from etl.warehouse.seals import Seal


def verify_chain(noted: str | None = None) -> dict[str, Any]:
    """Compute every seal again and compare what it seals: rows of loads, bytes of landed answers and issued forms.

    noted: a head that was noted elsewhere, as `head` told it ("812:9f3c…"): a chain that was made anew has it no more.
    `wrong` names what was altered. Raises SettingsError for a note that is not written so.
    """
    office = Office.open()
    walk = Chain(office.settings.warehouse_url).walk()
    wrong = list(walk.wrong)
    if noted is not None:
        wrong += _noted(noted, walk.seals)
    root = UPath(office.settings.store_url.removeprefix("file://"))
    landed = sorted({(seal.of, seal.content) for seal in walk.seals if seal.kind == "payload"})
    for uri, sha256 in landed:
        wrong += _file(root / uri, sha256, "tệp gốc", "landed file")
    for uri, sha256 in walk.issues:
        wrong += _file(UPath(uri), sha256, "biểu đã lập", "issued form")
    kinds = [seal.kind for seal in walk.seals]
    last = walk.seals[-1] if walk.seals else None
    return {
        "head": last and f"{last.number}:{last.sha256}",
        "seals": len(kinds),
        "loads": kinds.count("load"),
        "payloads": len(landed),
        "issues": len(walk.issues),
        "earlier": walk.earlier,
        "wrong": wrong,
    }


def _noted(noted: str, seals: list[Seal]) -> list[str]:
    number, _, sha256 = noted.partition(":")
    if not number.isdecimal() or len(sha256) != len(hashlib.sha256().hexdigest()):
        raise SettingsError(f"không đọc được đầu chuỗi {noted!r}: viết số:sha256 như `baocao verify` in ra (a head)")
    found = seals[int(number) - 1].sha256 if 0 < int(number) <= len(seals) else None
    if found == sha256:
        return []
    return [f"chuỗi không còn mắt xích {noted} đã ghi lại: chuỗi đã bị làm lại (the noted seal is not in the chain)"]


def _file(path: UPath, sha256: str, what: str, in_english: str) -> list[str]:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return [f"{what} {path} không còn (the {in_english} is gone)"]
    if found == sha256:
        return []
    return [f"{what} {path} đã bị sửa: phải có sha256 {sha256}, nay là {found} (the {in_english} was changed)"]
