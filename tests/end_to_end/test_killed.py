"""A run that is killed at any moment, and two runs of a quarter at once, leave what one undisturbed run leaves."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from etl import pipeline
from launcher.postgres import Postgres
from launcher.simulator import Simulator
from tests.end_to_end.killing import PERIOD, PROCESSES, Stand, record_and_publish, replay
from tests.fault_lab.small_country import make_catalog, make_sources

SEED = int(os.environ.get("KILLS_SEED") or 20261123)
RUN, EARLY = "prepared", "early"
"""Runs that are checked and computed: of everything landed, and of what was landed before the last portal answered."""
RACES = 5
PORTALS = {"opencps_v2": ["01", "04", "08", "46"], "bkav_axis": ["01", "04"]}
LAST = "opencps_v2_46"
CURRENT = (
    "SELECT DISTINCT ON (unit, indicator, tier, field) unit, indicator, tier, field, value, reason FROM baocao.fact "
    "ORDER BY unit, indicator, tier, field, revision DESC"
)
MISSING = (
    "SELECT position, dataset, source, province, unit, tier, field, reason FROM baocao.hole "
    "WHERE load = (SELECT max(id) FROM baocao.load) ORDER BY position"
)
Make = Callable[[], Stand]


@pytest.fixture(scope="module")
def stand(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Makes copies of a small country whose answers are landed, checked and computed, and nothing of it loaded."""
    base = tmp_path_factory.mktemp("killed")
    catalog, names, numbers = make_catalog(base / "catalog"), [f"killed_{os.getpid()}"], itertools.count(1)
    simulator = Simulator(base, scale=0.05, catalog=catalog)
    simulator.start()
    catalogs = os.pathsep.join(map(str, (catalog, make_sources(base / "sources", PORTALS))))
    (base / "first").mkdir()
    postgres.createdb(names[0])
    first = Stand(base / "first", postgres.url(names[0]), {"BAOCAO_CATALOG": catalogs, **simulator.environment})

    def copy() -> Stand:
        names.append(f"{names[0]}_{next(numbers)}")
        with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as owner:
            database, template = sql.Identifier(names[-1]), sql.Identifier(names[0])
            owner.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(database, template))
        return Stand(first.copy(base / names[-1]), postgres.url(names[-1]), first.environment)

    try:
        with first.entered():
            pipeline.prepare()
            everyone = pipeline.plan(PERIOD)
            for run, sources in ((EARLY, [one for one in everyone if one != LAST]), (RUN, [LAST])):
                assert {pull["state"] for pull in pipeline.collect_all(PERIOD, sources)} == {"complete"}
                pipeline.parse(PERIOD, run)
                for dataset in pipeline.datasets():
                    pipeline.check(PERIOD, run, dataset)
                pipeline.compute(PERIOD, run)
        yield copy
    finally:
        simulator.stop()
        for name in names:
            postgres.dropdb(name)


@pytest.fixture(scope="module")
def undisturbed(stand: Make) -> tuple[Stand, dict[str, float]]:
    """One run from its begin to its end, and how many seconds each of its stages took."""
    whole, took = stand(), {}
    running = whole.start(record_and_publish, RUN)
    running.reach("record")
    begun = time.monotonic()
    while running.stage != "end":
        stage = running.stage
        running.stage = running.told.recv()
        took[stage] = time.monotonic() - begun
        begun = time.monotonic()
    running.finish()
    assert len(whole.files()) == 70, "two forms of 34 provinces and the nation"
    assert whole.wrong() == []
    return whole, took


Kill = Callable[[Stand, dict[str, float], random.Random], str]


def before(table: str) -> Kill:
    """While the run waits to write the table: what it wrote before stands in an open transaction."""

    def kill(at: Stand, took: dict[str, float], dice: random.Random) -> str:
        with at.connect(autocommit=False) as holder:
            holder.execute(f"LOCK TABLE baocao.{table} IN SHARE MODE")  # type: ignore[arg-type]
            run = at.start(record_and_publish, RUN)
            waits = f"SELECT FROM pg_locks WHERE relation = 'baocao.{table}'::regclass AND NOT granted"
            run.wait_for(lambda: bool(at.ask(waits)))
            return f"{run.kill()}, before {table}"

    return kill


def within(stage: str) -> Kill:
    """At some moment of the stage, as far as it takes as long as in the undisturbed run."""

    def kill(at: Stand, took: dict[str, float], dice: random.Random) -> str:
        run = at.start(record_and_publish, RUN)
        run.reach(stage)
        time.sleep(dice.random() * took[stage])
        return run.kill()

    return kill


def among_files(at: Stand, took: dict[str, float], dice: random.Random) -> str:
    """As soon as some more files are there: a part of what is issued in one transaction, or all of it and not noted."""
    there = len(at.files())
    more = dice.randint(1, max(1, 35 - there % 35))
    run = at.start(record_and_publish, RUN)
    run.wait_for(lambda: len(at.files()) >= there + more)
    return f"{run.kill()}, after {more} files"


def in_a_file(at: Stand, took: dict[str, float], dice: random.Random) -> str:
    """Half of its bytes are written."""
    run = at.start(record_and_publish, RUN, True)
    run.process.join()
    return f"{run.kill()}, in a file"


def of_the_command(at: Stand, took: dict[str, float], dice: random.Random) -> str:
    """Somewhere in the reading, the checks or the computing."""
    run = at.start(replay)
    run.reach("replay")
    time.sleep(dice.random() * 2 * sum(took.values()))
    return run.kill()


# What waits for a table comes before what may have brought all that is written to it.
HISTORIES: tuple[tuple[Kill, ...], ...] = (
    (before("load"), within("record"), in_a_file, among_files, within("publish VBDT")),
    (before("standard_row"), within("record"), before("form_issue"), in_a_file, among_files),
    (of_the_command, before("seal"), within("record"), before("submission"), among_files),
    (before("finding"), within("record"), within("publish II.06a"), among_files, of_the_command),
)


def test_twenty_kills_leave_what_an_undisturbed_run_leaves(
    stand: Make, undisturbed: tuple[Stand, dict[str, float]]
) -> None:
    whole, took = undisturbed
    dice, hit = random.Random(SEED), []
    for history in HISTORIES:
        at = stand()
        for kill in history:
            where = kill(at, took, dice)
            (loads,), (rows,) = at.ask(
                "SELECT count(*) FROM baocao.load UNION ALL SELECT count(*) FROM baocao.form_issue"
            )
            hit.append(f"{where} ({loads} loads, {len(at.files())} files, {rows} of them noted)")
            assert at.wrong() == [], hit
        if of_the_command in history:
            at.start(replay).finish()
        else:
            at.start(record_and_publish, RUN).finish()
        told = at.told()
        for what, rows in whole.told().items():
            assert told[what] == rows, f"{what} after {hit}"
        assert at.forms() == whole.forms(), hit
        assert at.wrong() == [], hit
    stages = Counter(one.split()[0].strip(",") for one in hit)
    assert len(hit) == 20
    assert min(stages["record"], stages["publish"]) >= 5, hit


def race(at: Stand, *runs: str) -> None:
    start = PROCESSES.Barrier(len(runs))
    racing = [at.start(record_and_publish, run, False, start) for run in runs]
    for running in racing:
        running.finish()


def test_two_runs_at_once_leave_what_one_leaves(stand: Make, undisturbed: tuple[Stand, dict[str, float]]) -> None:
    whole, _ = undisturbed
    for _ in range(RACES):
        at = stand()
        race(at, RUN, RUN)
        told = at.told()
        for what, rows in whole.told().items():
            assert told[what] == rows, what
        assert at.forms() == whole.forms()
        assert at.wrong() == []
        assert at.ask("SELECT count(*) FROM baocao.load") == [(2,)]


def test_of_two_runs_at_once_the_later_answers_stand(stand: Make, undisturbed: tuple[Stand, dict[str, float]]) -> None:
    """Whichever loads first: a run that read the store before the last portal answered takes nothing back."""
    whole, _ = undisturbed
    for number in range(RACES):
        at = stand()
        if number == 0:  # the worst case for certain
            at.start(record_and_publish, RUN).finish()
            at.start(record_and_publish, EARLY).finish()
        else:
            race(at, EARLY, RUN)
        assert at.ask(CURRENT) == whole.ask(CURRENT)
        assert at.ask(MISSING) == whole.ask(MISSING)
        assert at.wrong() == []
        with at.entered():
            assert {pipeline.publish(PERIOD, form)["changed"] for form in pipeline.forms()} == {0}
            issued = {Path(one["path"]).name for one in pipeline.issued(PERIOD)}
        last = "SELECT DISTINCT ON (form, unit) regexp_replace(uri, '^.*/', '') FROM baocao.form_issue ORDER BY form, "
        assert issued == {name for (name,) in at.ask(f"{last} unit, id DESC")}
