"""From the catalog to landed, proven answers."""

from __future__ import annotations

import datetime as dt
import gc
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import zip_longest
from typing import Any
from urllib.parse import urlsplit

from etl import connectors, parsing
from etl.catalog import Catalog
from etl.errors import SettingsError, SourceError, SourceRefused, TraceError
from etl.landing import Landing
from etl.logins import Connections
from etl.model import PULL_STATES, Page, Pages, Proof, Receipt, Source
from etl.periods import Period
from etl.pipeline.office import Office, closed
from etl.pipeline.readings import kept_rows
from etl.quality import gx


def prepare() -> None:
    """Bring the warehouse's schema, units, indicators, fields and forms up to date."""
    office = Office.open()
    office.warehouse.migrate()
    office.warehouse.sync_units(office.catalog.units)
    office.warehouse.sync_indicators(office.catalog.indicators.values())
    office.warehouse.sync_words(office.catalog.fields.values(), office.catalog.forms.values())


def warm_up() -> None:
    """Import what the steps import late, and read the catalog, so that processes forked from this one have both."""
    Office.open()
    gx.warm_up()


def catalog_check() -> dict[str, Any]:
    """Read the whole catalog and every suite. Raises CatalogError with file, line and key."""
    office = Office.open()
    catalog = office.catalog
    return {
        "units": len(catalog.units),
        "sources": len(catalog.sources),
        "platforms": len(catalog.platforms),
        "indicators": len(catalog.indicators),
        "forms": sorted(catalog.forms),
        "rules": {name: len(office.suite(name).rules) for name in catalog.datasets}
        | {"across": len(office.across().rules)},
        "waivers": len(office.waivers),
        "version": catalog.version,
    }


def sources() -> list[dict[str, Any]]:
    """Every source of the catalog, in id order: what it is, and its last attempt (None: never pulled)."""
    office = Office.open()
    catalog = office.catalog
    names = {unit.code: unit.name for unit in catalog.units if unit.valid_to is None}
    found = []
    for source in sorted(catalog.sources.values(), key=lambda source: source.id):
        last = office.landing.last_attempt(source.id)
        found.append(
            {
                "id": source.id,
                "dataset": catalog.dataset_of(source),
                "platform": source.platform,
                "role": source.role,
                "unit": source.unit,
                "unit_name": names.get(source.unit, source.unit),
                "address": source.address,
                "owner": source.owner,
                "last_state": last and last.state,
                "last_title": last and PULL_STATES[last.state].both,
                "last_period": last and last.period,
                "last_attempt": last and last.finished_at.isoformat(),
                "last_message": last and last.message,
            }
        )
    return found


def plan(period_key: str) -> list[str]:
    """Ids of the sources that owe the period. Raises PeriodError when it is not closed yet."""
    return [source.id for source in Office.open().catalog.due_sources(closed(period_key))]


def plan_again(period_key: str) -> list[str]:
    """Ids of the due sources whose newest complete pull is old enough for another one to prove anything."""
    office = Office.open()
    period = closed(period_key)
    before = dt.datetime.now(dt.UTC) - dt.timedelta(hours=office.catalog.calendar.confirm_after_hours)
    found = []
    for source in office.catalog.due_sources(period):
        last = office.landing.latest_complete(source.id, period.key)
        if last is not None and last.finished_at <= before:
            found.append(source.id)
    return found


def collect(
    source_id: str, period_key: str, *, afresh: bool = False, connections: Connections | None = None
) -> dict[str, Any]:
    """Pull one source: every answer is landed before it is judged, every attempt leaves a receipt.

    afresh: ask for every page, also where the platform lets us ask only for what changed. Whether figures stand still
    is proven by bytes that came twice, not by the portal's word that they are the same.
    connections: how Airflow looks up `credential: conn:ID`; without it, the environment's AIRFLOW_CONN_<ID> is read.

    Raises SourceError, after the receipt is written, when the pull is not proven complete.
    """
    office = Office.open(connections)
    (source,) = _named(office, [source_id])
    receipt, problem = _attempt(office, source, closed(period_key), kept_rows, afresh=afresh)
    if problem:
        raise problem
    return _told(receipt)


def collect_all(
    period_key: str, source_ids: Sequence[str] | None = None, jobs: int | None = None
) -> Iterator[dict[str, Any]]:
    """Pull these sources, or all that owe the period, side by side; how each ended, as it ends.

    jobs: how many at once, Settings.pulls where it is None. A pull that fails stops no other, and is told by its
    state and message. Raises PeriodError or SettingsError before the first pull.
    """
    office, period = Office.open(), closed(period_key)
    office.catalog.tree(period)  # made once, not by each pull
    wanted = office.catalog.due_sources(period) if source_ids is None else _named(office, source_ids)
    return _side_by_side(office, period, _by_turns(office, wanted), jobs or office.settings.pulls)


def _side_by_side(office: Office, period: Period, sources: list[Source], jobs: int) -> Iterator[dict[str, Any]]:
    """One thread reads the rows of all: the interpreter runs one anyway, asking must not wait for all, and what Arrow
    keeps for each thread that uses it is kept once. Lists of single records are counted outside the interpreter, so
    there are as many threads for them as processors."""
    pool, reader = ThreadPoolExecutor(jobs, thread_name_prefix="pull"), ThreadPoolExecutor(1, thread_name_prefix="read")
    counter = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="count")

    def read(catalog: Catalog, landing: Landing, source: Source, *answer: Any) -> parsing.Parsed:
        of = reader if catalog.platform_of(source).records_of is None else counter
        return of.submit(kept_rows, catalog, landing, source, *answer).result()

    gc.freeze()  # the catalog is not looked through for garbage while portals wait
    try:
        pulls = [pool.submit(_outcome, office, source, period, read) for source in sources]
        for pull in as_completed(pulls):
            yield pull.result()
    finally:
        pool.shutdown(cancel_futures=True)
        reader.shutdown()
        counter.shutdown()
        gc.unfreeze()


def _outcome(office: Office, source: Source, period: Period, read: Callable[..., parsing.Parsed]) -> dict[str, Any]:
    try:
        receipt, _ = _attempt(office, source, period, read)
    except TraceError as problem:  # bytes that were landed before are damaged: no receipt can name them
        return {"source": source.id, "state": "broken", "rows": 0, "message": str(problem), "receipt": None}
    return _told(receipt)


def _told(receipt: Receipt) -> dict[str, Any]:
    told = {name: getattr(receipt, name) for name in ("source", "state", "rows", "message", "proof")}
    return {**told, "proof": list(receipt.proof), "receipt": receipt.id}


def _named(office: Office, source_ids: Sequence[str]) -> list[Source]:
    for source_id in source_ids:
        if source_id not in office.catalog.sources:
            raise SettingsError(f"không có nguồn {source_id!r}, xem `baocao sources` (no such source in the catalog)")
    return [office.catalog.sources[source_id] for source_id in dict.fromkeys(source_ids)]


def _by_turns(office: Office, sources: Sequence[Source]) -> list[Source]:
    """One source of each host after the other, the host of most sources first: it takes longest, and would otherwise
    take up every job at the end."""
    hosts: dict[str, list[Source]] = {}
    for source in sources:
        try:
            host = urlsplit(office.settings.resolve(source.address)).netloc
        except (SettingsError, ValueError):  # its pull will say so
            host = source.id
        hosts.setdefault(host, []).append(source)
    busiest = sorted(hosts.values(), key=len, reverse=True)
    return [source for rank in zip_longest(*busiest) for source in rank if source is not None]


def _attempt(
    office: Office, source: Source, period: Period, read: Callable[..., parsing.Parsed], *, afresh: bool = False
) -> tuple[Receipt, SourceError | None]:
    started_at = dt.datetime.now(dt.UTC)
    pages: list[Page] = []
    rows, proof, problem = 0, tuple[Proof, ...](), None
    try:
        earlier = None if afresh else _earlier(office, source, period)
        rows, proof = _pull(office, source, period, pages, earlier, read)
    except SourceError as error:
        problem = error
    receipt = Receipt(
        id=uuid.uuid4().hex,
        source=source.id,
        period=period.key,
        started_at=started_at,
        finished_at=dt.datetime.now(dt.UTC),
        state=problem.state if problem else "complete",
        message=str(problem) if problem else "",
        rows=rows,
        pages=tuple(pages),
        proof=proof,
    )
    office.landing.write_receipt(receipt)
    return receipt, problem


def _earlier(office: Office, source: Source, period: Period) -> connectors.Earlier | None:
    """What was landed last, for a platform that may be asked only for what changed. Damaged, it is asked for again."""
    if not office.catalog.platform_of(source).request.conditional:
        return None

    def read(page: Page) -> bytes | None:
        try:
            return office.landing.read(page)
        except TraceError:
            return None

    try:
        last = office.landing.latest_complete(source.id, period.key)
    except TraceError:
        return None
    return None if last is None else connectors.Earlier(last.pages, read)


def _pull(
    office: Office,
    source: Source,
    period: Period,
    pages: list[Page],
    earlier: connectors.Earlier | None,
    read: Callable[..., parsing.Parsed],
) -> tuple[int, tuple[Proof, ...]]:
    """Fills `pages` as answers land, so that a failing pull keeps what it got; gives the rows read and the proof."""
    catalog = office.catalog
    platform = catalog.platform_of(source)
    bodies: dict[str, bytes] = {}
    answers = connectors.pull(source, platform, period, tuple(catalog.fields), office.settings, earlier)
    try:
        while True:
            response = next(answers)
            page = office.landing.land(source.id, period.key, **vars(response))
            pages.append(page)
            if platform.records_of is None:  # lists of single records are long: their pages are read from the store
                bodies[page.sha256] = response.body
    except StopIteration as end:
        proof: tuple[Proof, ...] = end.value
    except SettingsError as error:
        advice = "Đặt biến đó rồi chạy lại nguồn này"
        raise SourceRefused(source.id, period.key, "cấu hình", str(error), advice, state="misconfigured") from error
    landed = Pages(tuple(pages), lambda page: bodies.get(page.sha256) or office.landing.read(page))
    parsed = read(catalog, office.landing, source, period, landed)
    return int(parsed.table.num_rows), (*proof, *parsed.proof)


def coverage(period_key: str) -> dict[str, Any]:
    """Whose last pull is complete, state and sentence of each whose is not, and which are for comparison only."""
    office = Office.open()
    complete, failed = [], {}
    for source in office.catalog.due_sources(closed(period_key)):
        try:
            last = office.landing.receipts(source.id, period_key)[-1:]
        except TraceError as problem:
            failed[source.id] = f"{source.id}: {problem}"
            continue
        if last and last[0].state == "complete":
            complete.append(source.id)
        elif last:
            failed[source.id] = f"({PULL_STATES[last[0].state].both}) {last[0].message}"
        else:
            failed[source.id] = f"{source.id}: chưa lấy lần nào (never pulled)"
    compared = sorted(office.catalog.compared(closed(period_key)))
    return {"complete": complete, "failed": failed, "comparison": compared}
