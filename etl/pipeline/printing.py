"""PDF of issued forms, made when asked for and kept beside the file they were made from."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from upath import UPath

from etl.errors import FormError
from etl.files import create
from etl.forms.pdf import to_pdf


def add_pdf(issues: Sequence[dict[str, Any]]) -> bool:
    """Give each issue of `fill_forms` its `pdf`, the path; False where some could not be made, with `pdf_reason`.

    An issue is never another one, so neither is its PDF: what was printed once is not printed again.
    """
    wanted: dict[str, UPath] = {}
    for one in issues:
        one["pdf"] = None
        if one["path"] is None:
            continue
        source = UPath(one["path"])
        printed = source.with_suffix(".pdf")
        one["pdf"] = str(printed)
        if not printed.exists():
            wanted[source.name] = source
    reason = _print(wanted)
    if reason is None:
        return True
    for one in issues:
        if one["pdf"] is not None and not UPath(one["pdf"]).exists():
            one |= {"pdf": None, "pdf_reason": reason}
    return False


def _print(sources: dict[str, UPath]) -> str | None:
    """What stopped it; what was printed before that stays."""
    if not sources:
        return None
    try:
        for name, content in to_pdf({name: source.read_bytes() for name, source in sources.items()}):
            with contextlib.suppress(FileExistsError):  # another run printed the same issue meanwhile
                create(sources[name].with_suffix(".pdf"), content)
    except FormError as problem:
        return str(problem)
    return None
