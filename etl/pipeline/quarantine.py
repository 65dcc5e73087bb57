"""The rows of a period in quarantine, for people and for machines: what the console's page shows, all of it at once."""

from __future__ import annotations

from typing import Any

from etl.errors import PeriodError, SettingsError
from etl.model import Text
from etl.pipeline import pages
from etl.pipeline.office import Office, closed
from etl.pipeline.quality_scope import scope_of


def quarantine(
    period_key: str, source: str | None = None, unit: str | None = None, dataset: str | None = None
) -> dict[str, Any]:
    """Every row set aside by the load in force, JSON-able; see `pages.quarantine`. unit: code or name.

    Raises PeriodError where nothing of the period is loaded, SettingsError for a source, unit or dataset that it lacks.
    """
    office, period = Office.open(), closed(period_key)
    scope = scope_of(office, period, source, unit)
    if dataset is not None and dataset not in office.catalog.datasets:
        known = ", ".join(sorted(office.catalog.datasets))
        raise SettingsError(f"không có bộ dữ liệu {dataset!r}: các bộ là {known} (no such dataset)")
    code = scope.key.removeprefix("unit ") if unit is not None else None
    found = pages.quarantine(period.key, None, source=source, unit=code, dataset=dataset, page=None)
    if found["load"] is None:
        raise PeriodError(
            f"kho chưa có lần nạp nào của kỳ {period.key}: chạy `baocao run {period.key}` (nothing is loaded yet)"
        )
    return {
        "period": period.key,
        "load": {"id": found["load"].id, "recorded_at": found["load"].recorded_at.isoformat()},
        "total": found["total"],
        "rows": [{**row, "measures": _plain(row["measures"])} for row in found["rows"]],
    }


def _plain(titles: dict[str, Text]) -> dict[str, dict[str, str]]:
    return {name: vars(title) for name, title in titles.items()}
