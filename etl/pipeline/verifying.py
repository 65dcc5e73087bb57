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
        wrong += _print(UPath(uri).with_suffix(".pdf"), sha256, walk.seals)
    kinds = [seal.kind for seal in walk.seals]
    last = walk.seals[-1] if walk.seals else None
    return {
        "head": last and f"{last.number}:{last.sha256}",
        "seals": len(kinds),
        "loads": kinds.count("load"),
        "payloads": len(landed),
        "issues": len(walk.issues),
        "prints": kinds.count("print"),
        "decisions": kinds.count("publication") + kinds.count("decision"),
        "earlier": walk.earlier,
        "wrong": wrong,
    }


def verify_print(file: str) -> dict[str, Any]:
    """Which issue a PDF prints, by its seal; `wrong` says when it prints none, or that issue was altered.

    Raises SettingsError for a file that cannot be read.
    """
    try:
        sha256 = hashlib.sha256(UPath(file).read_bytes()).hexdigest()
    except (FileNotFoundError, IsADirectoryError):
        raise SettingsError(f"không có tệp {file} (no such file)") from None
    chain = Chain(Office.open().settings.warehouse_url)
    seal = chain.seal_of("print", sha256)
    issue = None if seal is None else chain.issue(seal.of.rpartition(" ")[2])
    told: dict[str, Any] = {"print": file, "sha256": sha256, "seal": seal and f"{seal.number}:{seal.sha256}"}
    if issue is None:
        return {**told, "wrong": [f"{file} không phải bản in của kho này, hoặc đã bị sửa (is no print of ours)"]}
    told |= {name: getattr(issue, name) for name in ("form", "unit", "period", "known_at")}
    wrong = _file(UPath(issue.uri), issue.sha256, "biểu đã lập", "issued form")
    return {**told, "file": issue.uri, "file_sha256": issue.sha256, "wrong": wrong}


def _print(path: UPath, of: str, seals: list[Seal]) -> list[str]:
    """What lies beside an issue as its print, if it was ever printed; one that is gone can be printed again."""
    sealed = {seal.content for seal in seals if seal.kind == "print" and seal.of == f"{path.name} {of}"}
    if not sealed or not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() in sealed:
        return []
    return [f"bản in {path} đã bị sửa (the print was changed)"]


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
