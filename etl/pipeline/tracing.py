"""From any numeric cell of an issued form back to the bytes it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from etl import forms as workbook
from etl import proof
from etl.errors import TraceError
from etl.model import Fact, RestatedFact, Waiver
from etl.periods import Period
from etl.pipeline.days import source_days
from etl.pipeline.evidence import Evidence
from etl.pipeline.issue import Issued, issued_form
from etl.pipeline.under import Ground, Under


def trace(file: str, cell: str) -> dict[str, Any]:
    """One cell of an issued form ("Biểu!F12"; "F12" is of its first sheet) back to the bytes, as of its own moment.

    Of a report in words the cell is a bookmark: see etl/model/bookmarks.py. What changed since another period is traced
    to the rows of both.

    The figure, its formula, what maps a source's columns to it, its standard rows, and the landed pages with address
    and time. Every page is read again and compared with its sha256, each row with the record its pointer leads to, and
    the figure is added up again from the rows. waivers: those without which it would be withheld.
    Raises TraceError, naming the file, for a form that is not an issue, bytes that are not those the figure came from,
    or a figure that is not what its rows add up to; FormError for a cell that holds no figure.
    """
    issue = issued_form(file)
    return _Tracing(issue).of(issue.address(cell))


def traces(file: str) -> Iterator[dict[str, Any]]:
    """What `trace` gives, of every figure that the file shows; the file and what lies under it is read once."""
    issue = issued_form(file)
    tracing = _Tracing(issue)
    for place in issue.cells:
        if place in issue.shown:
            yield tracing.of(place)


class _Tracing:
    """Traces cells of one file; what many of them rest on is asked for once."""

    def __init__(self, issue: Issued) -> None:
        self._issue = issue
        self._grounds: dict[Period | None, Ground] = {}
        self._evidence: dict[Period, Evidence] = {}
        self._rows: dict[tuple[Period | None, workbook.Key], list[Under]] = {}
        self._days: dict[Period, list[dict[str, Any]]] = {}

    def of(self, place: str) -> dict[str, Any]:
        issue = self._issue
        key, told = issue.cells[place], issue.told(place)
        periods = [told.of] if told.than is None else [told.of, told.than]
        figures = [self._figure(key, one) for one in periods]
        indicator = issue.office.catalog.indicators[key.indicator]
        terms = issue.terms(indicator)
        under = [self._under(key, one) for one in periods]
        found = [self._added(key, terms, one, rows) for one, rows in zip(periods, under, strict=True)]
        sums = [one for one, _ in found]
        value: int | Decimal | None = figures[0].value
        computed = sums[0]
        if told.than is not None and told.how is not None:
            value = proof.changed(value, figures[1].value, told.how)
            computed = proof.changed(computed, sums[1], told.how)
        shown, percent = issue.shown.get(place), issue.percent(indicator) and told.how != "percent"
        printed = None if shown is None else shown.number / (100 if percent else 1)
        if not value == printed or (printed is not None and computed != printed):
            raise TraceError(
                f"{issue.name}, ô {place}: biểu in {printed}, kho có {value}, các dòng nguồn cộng lại được "
                f"{computed} (what is printed, recorded and added up again differ)"
            )
        sheet, _, address = place.rpartition("!")
        quarters = [one for of in periods for one in self._ground(of).quarters]
        sources = {(one.quarter, one.row.source) for rows in under for one in rows}
        compared = None if told.than is None else {"than": told.than.key, "how": told.how}
        return {
            "form": issue.number,
            "file": issue.name,
            "file_sha256": issue.sha256,
            "known_at": issue.known_at.isoformat(),
            "sheet": sheet or None,
            "cell": address,
            "printed": _plain(printed),
            "formula": {"cell": shown and shown.formula, **terms},
            "change": compared,
            "unit": issue.unit.code,
            "unit_name": issue.unit.name,
            "period": (told.of or issue.period).key,
            "indicator": indicator.code,
            "title": indicator.title.vi,
            "law": indicator.law,
            "mapping": mapping(issue, sources, _measures(terms)),
            **_told(figures[0]),
            "value": _plain(None if value is None else Decimal(value)),
            "waivers": [{**asdict(one), "expires": one.expires.isoformat()} for one in self._waivers(key, told.of)],
            "quarters": self._parts(key, periods),
            "computed": _plain(None if computed is None else Decimal(computed)),
            "days": [
                day for one in quarters for day in self._source_days(one, {it for at, it in sources if at == one})
            ],
            "rows": [row for _, rows in found for row in rows],
            "pages_verified": sum(self._evidence[one].pages_verified for one in quarters if one in self._evidence),
        }

    def _ground(self, of: Period | None) -> Ground:
        if of not in self._grounds:
            self._grounds[of] = self._issue.ground_of(of)
        return self._grounds[of]

    def _figure(self, key: workbook.Key, of: Period | None) -> Fact | RestatedFact:
        figure = self._issue.figure(key, of)
        if figure is None:
            told = f"kho không có số liệu {' '.join(key)} (the warehouse holds no such figure)"
            raise TraceError(f"{self._issue.name}: {told}")
        return figure

    def _under(self, key: workbook.Key, of: Period | None) -> list[Under]:
        """The rows under the figures of a place; of its dataset, so that its other indicators need not ask again."""
        dataset = self._issue.office.catalog.indicators[key.indicator].dataset
        place = (of, key._replace(indicator=dataset))
        if place not in self._rows:
            self._rows[place] = list(self._ground(of).rows(dataset, key.unit, key.tier, key.field))
        return self._rows[place]

    def _added(
        self, key: workbook.Key, terms: Mapping[str, Any], of: Period | None, under: Iterable[Under]
    ) -> tuple[int | Decimal | None, list[dict[str, Any]]]:
        """The figure of one period added up from its rows, and these as their landed bytes have them."""
        issue, ground = self._issue, self._ground(of)
        dataset = issue.office.catalog.indicators[key.indicator].dataset
        names = _measures(terms)
        measures = {name: issue.measure(name, dataset) for name in names}
        measured = next(iter(measures.values())).get("dataset")
        rows, counted = [], []
        for one in under:
            evidence = self._evidence.setdefault(one.quarter, Evidence(issue.office, one.quarter))
            told = evidence.of(one.row, names)
            given = {**told, "values": one.row.values, "tier": one.row.tier, "dataset": measured, **one.place}
            days = ground.days.get(given.get("part", one.row.source))
            part = any(proof.of_whole(measure, given, days) for measure in measures.values())
            rows.append({**told, "period": one.quarter.key, "of_figure": part})
            counted.append(given)
        sums = proof.Rows(counted, measures, ground.days, ground.parents(under), {key.unit})
        return sums.figure((key.unit, key.tier, key.field), terms), rows

    def _parts(self, key: workbook.Key, periods: list[Period | None]) -> list[dict[str, Any]]:
        """The recorded figures that one of a longer or another period is made of, and both of a change."""
        parts: list[Fact] = []
        for of in periods:
            own = self._issue.figure(key) if of is None and len(periods) > 1 else None
            parts += [own] if isinstance(own, Fact) else self._ground(of).facts(*key)
        return [{"period": one.period, **_told(one)} for one in parts]

    def _waivers(self, key: workbook.Key, of: Period | None) -> list[Waiver]:
        """Those that let a figure of the file's own period stand."""
        return [] if of is not None else [*self._issue.waived.of(key)]

    def _source_days(self, quarter: Period, sources: set[str]) -> list[dict[str, Any]]:
        if quarter not in self._days:
            office = self._issue.office
            self._days[quarter] = source_days(office, quarter, office.catalog.sources, self._issue.known_at)
        return [one for one in self._days[quarter] if one["source"] in sources]


def _measures(terms: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys([*terms["numerator"], *terms["denominator"]]))


def mapping(issue: Issued, sources: set[tuple[Period, str]], measures: list[str]) -> dict[str, dict[str, list[str]]]:
    """Of each source, which of its columns (or counts of single records) each measure is the sum of.

    Of several periods that of the last; one that read it by other columns stands apart, as "2026-Q2:source".
    """
    catalog = issue.office.catalog
    found: dict[str, dict[str, list[str]]] = {}
    for period, source in sorted(sources, key=lambda one: (one[1], -one[0].last_day.toordinal())):
        columns = catalog.platform_of(catalog.sources[source], period).columns
        read = {measure: list(columns.get(measure, ())) for measure in measures}
        if found.setdefault(source, read) != read:
            found[f"{period.key}:{source}"] = read
    return found


def _told(fact: Fact | RestatedFact) -> dict[str, Any]:
    """A figure told on other units has no revision of its own: those that it is made of have."""
    recorded = fact if isinstance(fact, Fact) else None
    return {
        "tier": fact.tier,
        "field": fact.field,
        "value": _plain(fact.value),
        "reason": fact.reason,
        "revision": recorded and recorded.revision,
        "state": recorded and recorded.state,
        "recorded_at": recorded and recorded.recorded_at.isoformat(),
        "load": recorded and recorded.load,
        "figure_unit": fact.unit,
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"
