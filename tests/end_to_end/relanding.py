"""A pull once more as if the portal had answered otherwise, and the bytes that a finding leads to."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from etl.pipeline.office import Office


def relanded(source: str, period: str, edit: Callable[[Any], None], *, cut: int = 0) -> None:
    """The last pull once more, each of its answers changed as by the portal. cut: so many bytes at its end are gone."""
    landing = Office.open().landing
    receipt = landing.latest_complete(source, period)
    assert receipt is not None
    pages = []
    for page in receipt.pages:
        document = json.loads(landing.read(page))
        edit(document)
        told = {name: getattr(page, name) for name in vars(page) if name not in ("sha256", "uri", "size")}
        body = json.dumps(document).encode()
        pages.append(landing.land(source, period, body=body[: len(body) - cut], **told))
    later = receipt.finished_at + dt.timedelta(seconds=1)
    again = {"started_at": later, "finished_at": later, "pages": tuple(pages)}
    landing.write_receipt(replace(receipt, id=f"{receipt.id}-edited", **again))


def landed(sha256: str | None) -> Any:
    """The JSON of an answer."""
    (path,) = (Path(os.environ["BAOCAO_HOME"]) / "store").glob(f"raw/*/*/{sha256}*")
    return json.loads(path.read_bytes())
