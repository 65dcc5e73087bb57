"""What the quality criteria count, of one period and its load."""

from __future__ import annotations

from collections.abc import Mapping

from etl.periods import Interval, Period
from etl.pipeline.judged import Judged
from etl.pipeline.office import Office
from etl.pipeline.quality_scope import Scope


def counts(
    office: Office,
    period: Period,
    judged: Judged,
    scope: Scope,
    dimensions: Mapping[tuple[str, str], str],
) -> dict[str, tuple[int, int]]:
    """Part and whole of the measures of `etl.report` that a load settles. dimensions: of each dataset and rule."""
    catalog, load = office.catalog, judged.quality
    due = {one.id for one in catalog.due_sources(period) if one.id in scope.sources and one.role == "reporting"}
    given = [one for one in load.sources if one.source in due]
    rows = sum(one.rows + one.held for one in given)
    indicators = {one.code for dataset in scope.datasets for one in catalog.indicators_of(dataset)}
    figures = judged.counted(scope.units, indicators)
    valued = sum(count for (_, reason), count in figures.items() if reason is None)
    revised = sum(count for (state, reason), count in figures.items() if state == "revised" and reason is None)
    answered = {one.source for one in given if one.rows + one.held}
    windows = [Interval(*one.days) == period.days for one in given if one.days is not None]

    def dimension(source: str, rule: str) -> str | None:
        return dimensions.get((catalog.dataset_of(catalog.sources[source]), rule))

    def held(criterion: str) -> int:
        return sum(
            count
            for (source, rules), count in load.held.items()
            if source in due and any(dimension(source, rule) == criterion for rule in rules)
        )

    def struck(criterion: str) -> set[str]:
        return {
            source
            for source, rule, severity in load.found
            if source in answered and severity != "info" and dimension(source, rule) == criterion
        }

    return {
        "sources": (sum(one.state == "complete" and one.source in answered for one in given), len(due)),
        "accurate_rows": (rows - held("accuracy"), rows),
        "unrevised": (0, 0) if load.load is None else (valued - revised, valued),
        "coherent_rows": (rows - held("coherence"), rows),
        "coherent_sources": (len(answered - struck("coherence")), len(answered)),
        "window": (sum(windows), len(windows)),
        "comparable_sources": (len(answered - struck("comparability")), len(answered)),
    }
