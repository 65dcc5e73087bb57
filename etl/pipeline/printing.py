"""PDF of issued forms, made when asked for, kept beside the file they were made from and sealed as its print."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from typing import Any

from upath import UPath

from etl.errors import FormError
from etl.files import create
from etl.forms.pdf import to_pdf
from etl.pipeline.office import Office
from etl.warehouse.chain import Chain


def add_pdf(issues: Sequence[dict[str, Any]]) -> bool:
    """Give each issue of `fill_forms` its `pdf`, the path; False where some could not be made, with `pdf_reason`.

    An issue is never another one, so neither is its PDF: what was printed and sealed is not printed again. What lies
    there without a seal, as after a run that was cut off, is.
    """
    office = Office.open()
    chain = Chain(office.settings.warehouse_url)
    wanted: dict[str, UPath] = {}
    for one in issues:
        one["pdf"] = None
        if one["path"] is None:
            continue
        source = UPath(one["path"])
        printed = source.with_suffix(".pdf")
        one["pdf"] = str(printed)
        if not printed.exists() or chain.printed(_sha256(printed)) != _sha256(source):
            wanted[source.name] = source
    reason = _print(office, wanted)
    if reason is None:
        return True
    for one in issues:
        if one["pdf"] is not None and UPath(one["path"]).name in wanted:
            one |= {"pdf": None, "pdf_reason": reason}
    return False


def _print(office: Office, wanted: dict[str, UPath]) -> str | None:
    """What stopped it. What was printed is taken out of `wanted`, and stays."""
    sources = {name: source.read_bytes() for name, source in wanted.items()}
    try:
        for name, content in to_pdf(sources):
            printed = wanted[name].with_suffix(".pdf")
            printed.unlink(missing_ok=True)
            with contextlib.suppress(FileExistsError):  # another run printed the same issue meanwhile
                create(printed, content)
            of = hashlib.sha256(sources[name]).hexdigest()
            office.warehouse.seal_print(printed.name, hashlib.sha256(content).hexdigest(), of)
            del wanted[name]
    except FormError as problem:
        return str(problem)
    return None


def _sha256(path: UPath) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
