"""What reviewers were asked: a small file for each run that stopped for them, so that a page finds it at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from etl import files
from etl.pipeline.office import Office

_FOLDER = ("work", "asked")


@dataclass(frozen=True)
class Question:
    """A run that was not loaded because of its critical findings, as it stood when a person was asked.

    sha256: of its critical findings, so many at these sources. faults: of each what a list of them says: source, unit,
    name of the unit, title (vi, en), rows, and whether nothing at all came from the source (`absent`).
    """

    period: str
    run: str
    asked_at: dt.datetime
    sha256: str
    findings: int
    sources: list[str]
    faults: list[dict[str, Any]]


def keep(office: Office, question: Question) -> None:
    name = f"{question.period}_{question.asked_at.astimezone(dt.UTC):%Y%m%dT%H%M%S%f}.json"
    files.create(office.store(*_FOLDER) / name, orjson.dumps(asdict(question)))


def newest(office: Office, period_key: str) -> Question | None:
    return next((one for one in every(office, [period_key]) if one.period == period_key), None)


def every(office: Office, periods: Collection[str] | None = None) -> list[Question]:
    """The newest question of each period, or of these."""
    folder = office.store(*_FOLDER)
    folder.fs.invalidate_cache(folder.path)
    last: dict[str, Any] = {}
    for path in sorted(folder.glob("*.json"), key=lambda one: one.name):
        last[path.name.split("_")[0]] = path
    told = (orjson.loads(path.read_bytes()) for key, path in last.items() if periods is None or key in periods)
    return [Question(**{**one, "asked_at": dt.datetime.fromisoformat(one["asked_at"])}) for one in told]
