"""The country's dossiers: the same for a seed everywhere, of the promised size, and whole."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from etl.periods import Period
from simulator.country import Country
from simulator.documents import ABROAD, PARTY, Post, organs
from simulator.dossiers import DAY, LONGEST, NO_DAY, OFFSET, REFUSED, REGISTERED, Archive, Dossiers, day_number
from tests.simulator.asking import Q3, SCALE, SEED

ROOT = Path(__file__).resolve().parents[2]
_DIGEST = """
import hashlib, sys
from dataclasses import fields
from etl.periods import Period
from simulator.country import Country
from simulator.documents import Post
from simulator.dossiers import Archive
country, quarter, digest = Country(int(sys.argv[1]), 0.05), Period.parse("2026-Q3"), hashlib.sha256()
for code in ("04", "79"):
    for made in (Archive(country), Post(country)):
        cohort = made.cohort(country.provinces[code], quarter)
        for item in fields(cohort):
            digest.update(getattr(cohort, item.name).tobytes())
print(digest.hexdigest())
"""


def _digest(seed: int, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _DIGEST, str(seed)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_seed_gives_the_same_country_in_every_process_and_another_seed_another() -> None:
    first = _digest(SEED, "1")
    assert first == _digest(SEED, "2")
    assert first != _digest(SEED + 1, "1")


def test_a_cohort_does_not_depend_on_what_was_asked_before(country: Country) -> None:
    one, other, province = Archive(country), Archive(country), country.provinces["08"]
    for quarter in ("2025-Q4", "2026-Q2", "2027-Q1"):
        other.cohort(province, Period.parse(quarter))
    mine, theirs = one.cohort(province, Q3), other.cohort(province, Q3)
    for item in fields(Dossiers):
        assert np.array_equal(getattr(mine, item.name), getattr(theirs, item.name))


def _accepted(scale: float) -> dict[str, int]:
    country = Country(SEED, scale)
    archive = Archive(country)
    cohorts = {code: archive.cohort(province, Q3) for code, province in country.provinces.items()}
    return {code: int((~np.isin(c.outcome, (REGISTERED, REFUSED))).sum()) for code, c in cohorts.items()}


def test_at_scale_one_two_million_dossiers_are_received_unevenly() -> None:
    full = _accepted(1.0)
    assert 1_800_000 <= sum(full.values()) <= 2_200_000
    assert max(full.values()) > 20 * min(full.values())
    tenth = _accepted(0.1)
    assert sum(tenth.values()) == pytest.approx(sum(full.values()) / 10, rel=0.02)


def test_every_commune_and_department_handles_something_even_in_a_tiny_country() -> None:
    country = Country(SEED, 0.001)
    archive = Archive(country)
    communes = 0
    for province in country.provinces.values():
        cohort = archive.cohort(province, Q3)
        handled = np.unique(cohort.agency[~np.isin(cohort.outcome, (REGISTERED, REFUSED))])
        assert len(handled) == len(province.agencies)
        communes += len(province.communes)
    assert communes == 3321
    assert len(country.provinces) == 34


def test_lives_keep_their_bounds(country: Country, archive: Archive) -> None:
    for key in ("2026-Q1", "2026-Q3", "2026-Q4"):
        quarter = Period.parse(key)
        d = archive.cohort(country.provinces["79"], quarter)
        day, end_day = (d.received + OFFSET) // DAY, (d.ended + OFFSET) // DAY
        assert day.min() >= day_number(quarter.first_day)
        assert day.max() <= day_number(quarter.last_day)
        assert ((d.received + OFFSET) % DAY > 0).all(), "one vendor counts midnight sharp with the day before"
        assert (d.ended >= d.received).all()
        assert (end_day - day).max() <= LONGEST
        assert (d.due[d.due != NO_DAY] >= day[d.due != NO_DAY]).all()
        assert 0.005 < (d.due == NO_DAY).mean() < 0.05
        assert (d.waits_to <= end_day).all()


def test_two_quarters_always_hold_the_longest_life() -> None:
    quarter = Period.parse("2024-Q1")
    for _ in range(24):
        window = quarter.first_day - quarter.shift(-2).first_day
        assert window > dt.timedelta(days=LONGEST)
        quarter = quarter.shift(1)


def test_dates_in_utc_would_differ(country: Country, archive: Archive) -> None:
    """Some dossiers come before 07:00, so a portal or a report that forgets the time zone is found out."""
    d = archive.cohort(country.provinces["79"], Q3)
    assert ((d.received // DAY) < day_number(Q3.first_day)).any()


def test_communes_idle_in_some_fields_and_departments_answer_for_theirs(country: Country) -> None:
    province = country.provinces["08"]
    expected = country.expected(province)
    busy = (expected[: len(province.communes)] > 0).sum(axis=1)
    assert 7 <= busy.min() < busy.max() <= 11
    assert ((expected[len(province.communes) :] > 0).sum(axis=1) <= 4).all()
    assert (expected.sum(axis=0) > 0).all()
    assert np.array_equal(expected, Country(SEED, SCALE).expected(province))


def test_each_document_reaches_the_report_and_never_its_sender(country: Country, post: Post) -> None:
    province = country.provinces["08"]
    documents, reported = post.cohort(province, Q3), len(organs(province)) - len(PARTY)
    assert (documents.sender[documents.document] != documents.recipient).all()
    reached = np.unique(documents.document[documents.recipient < reported])
    assert len(reached) == len(documents.sender)
    assert (documents.sender == ABROAD).any()
    assert (documents.recipient >= reported).any()
