"""The forms of a period as they were, or would have been, at a moment of the past; nothing is issued."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from upath import UPath

from etl.pipeline.filling import Filling, batches, nothing_to_fill
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import form_numbered, moment_of, offered, unit_named, units_of


def forms_as_of(
    period_key: str,
    as_of: str,
    out: Path,
    *,
    form: str | None = None,
    unit: str | None = None,
    level: str | None = None,
) -> list[dict[str, Any]]:
    """Fill the forms into the folder `out` as everything was known at the moment (see `moment_of`).

    Gives of each: form, unit, name, level, path, sha256 and `issue`, the uri of the issue that has the very same bytes
    (None: no form was issued so). The file has the name of that issue, else the moment in its name. Names, sources and
    blanks are those of the catalog now: where it has changed since, lay that of then over it (BAOCAO_CATALOG).
    Raises PeriodError when the warehouse held nothing of the period then.
    """
    office, period = Office.open(), closed(period_key)
    moment = moment_of(as_of)
    asked = level if unit is None else unit_named(office, period, unit).level
    numbers = sorted(office.catalog.forms) if form is None else [form_numbered(office, form).number]
    issued = {(one.form, one.unit, one.sha256): one.uri for one in office.warehouse.issues(period.key)}
    out.mkdir(parents=True, exist_ok=True)
    found = []
    for known in (office.catalog.forms[number] for number in numbers):
        if form is None and asked is not None and asked not in offered(known):
            continue
        if not office.catalog.reports(known.dataset, period):
            continue
        filling = Filling(office, known, period, moment)
        for batch in batches(units_of(office, known, period, unit, level), known):
            shown = filling.facts(batch)
            for one in batch:
                if nothing_to_fill(known, one, shown[one.code]):
                    continue
                content = filling.content(one, shown[one.code])
                sha256 = hashlib.sha256(content).hexdigest()
                issue = issued.get((known.number, one.code, sha256))
                name = f"{known.number}_{one.code}_{period.key}_{moment:%Y%m%dT%H%M%S%z}.xlsx"
                path = out / (UPath(issue).name if issue else name)
                path.write_bytes(content)
                told = {"form": known.number, "unit": one.code, "name": one.name, "level": one.level}
                found.append({**told, "path": str(path), "sha256": sha256, "issue": issue})
    return found
