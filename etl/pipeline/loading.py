"""From the facts of a run to the warehouse, and the whole path from what is landed."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from etl.catalog.suites import rules_version
from etl.errors import OutdatedError
from etl.model import Receipt
from etl.model.rules import ACROSS
from etl.periods import Period
from etl.pipeline import rules, waivers
from etl.pipeline.found import found_in
from etl.pipeline.office import Office, closed
from etl.pipeline.publish import publish
from etl.pipeline.review import refuse_unaccepted, review
from etl.pipeline.standardize import check, compute, datasets, parse
from etl.pipeline.work import by_source, holes_in, read

_READINGS = 3
"""How often a run is read again because another was faster, before a person is told."""
_WAITS = (
    "Kỳ đã công bố: thay đổi số {} chờ duyệt, xem `baocao restatements` (the period is published: the change waits for "
    "approval)"
)


def record(period_key: str, run_id: str, asked: str | None = None) -> dict[str, Any]:
    """Load the run's facts with their lineage, in one transaction. `note`: of a locked period, that a change waits.

    Where another run loaded newer answers meanwhile, what is landed is read, checked and computed again.
    asked: sha256 of the critical findings that `question` told of; None where nobody could be asked. Raises ReviewError
    where others are to be loaded, and where a reviewer rejected just these.
    """
    for _ in range(_READINGS):
        with contextlib.suppress(OutdatedError):
            return _load(period_key, run_id, asked)
        parse(period_key, run_id)
        for name in datasets():
            check(period_key, run_id, name)
        compute(period_key, run_id)
    return _load(period_key, run_id, asked)


def _load(period_key: str, run_id: str, asked: str | None) -> dict[str, Any]:
    refuse_unaccepted(period_key, run_id, asked)
    office = Office.open()
    catalog, period = office.catalog, closed(period_key)
    work = office.store("work", period.key, run_id)
    outcomes, validations = rules.kept(work, catalog.datasets, ACROSS)
    recorded = office.warehouse.record(
        period.key,
        run=run_id,
        catalog_version=catalog.version,
        catalog_revision=office.catalog_revision,
        rules_version=rules_version(office.settings.expectations),
        facts=pa.concat_tables([read(work / f"facts_{name}.parquet") for name in catalog.datasets]),
        rows={name: read(work / f"good_{name}.parquet") for name in catalog.datasets},
        quarantine={name: read(work / f"quarantine_{name}.parquet") for name in catalog.datasets},
        findings=found_in(work, catalog.datasets),
        holes=[hole for name in catalog.datasets for hole in holes_in(work, name)],
        receipts=_receipts(office, period, json.loads((work / "receipts.json").read_text())),
        compared=catalog.compared(period),
        outcomes=outcomes,
        validations=validations,
        waivers=waivers.kept(work),
        read=[source.id for source in catalog.due_sources(period)],
    )
    return {**asdict(recorded), "note": "" if recorded.restatement is None else _WAITS.format(recorded.restatement)}


def run_from_landed(period_key: str, *, afresh: bool = False) -> dict[str, Any]:
    """Everything after the pulls, in one process: parse, check, compute, record, fill the forms.

    Nobody is asked: `review` says what stands open. afresh: see `parse`.
    """
    office = Office.open()
    run_id = f"run-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%f}"
    return {
        "parse": parse(period_key, run_id, afresh=afresh),
        "check": [check(period_key, run_id, name) for name in office.catalog.datasets],
        "compute": compute(period_key, run_id),
        "record": record(period_key, run_id),
        "findings": by_source(found_in(office.store("work", closed(period_key).key, run_id), office.catalog.datasets)),
        "forms": [publish(period_key, number) for number in sorted(office.catalog.forms)],
        "review": review(period_key),
    }


def _receipts(office: Office, period: Period, wanted: dict[str, list[str]]) -> list[Receipt]:
    return [
        receipt
        for source, ids in wanted.items()
        for receipt in office.landing.receipts(source, period.key)
        if receipt.id in ids
    ]
