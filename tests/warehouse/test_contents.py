"""What a seal is of: recomputed by plain SQL and hashlib, from the table alone; and seals of the recipe before."""

from __future__ import annotations

import hashlib
import itertools
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy import create_engine

from etl.warehouse import Warehouse, contents, schema, seals
from etl.warehouse.chain import Chain
from etl.warehouse.staging import copy, sha256_of, sha256_sent
from tests.warehouse.samples import FILLED, Load, connect, figure, query

_FACTS = (
    "SELECT period, unit, indicator, tier, field, revision, value, reason, leaf, state, revision_reason, recorded_at, "
    "load FROM baocao.fact WHERE period = {period} AND load = {load} ORDER BY unit, indicator, tier, field, revision"
)
_periods = (f"{year}-Q{number}" for year, number in itertools.product(range(1900, 2020), range(1, 5)))
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
keys = st.tuples(texts, texts, texts, texts)
figures = st.one_of(
    st.integers(-(10**20) + 1, 10**20 - 1).map(lambda whole: (Decimal(whole).scaleb(-4), None)),
    st.sampled_from([0, 1, 10_000, 100_000_000, 99_999, -1]).map(lambda whole: (Decimal(whole).scaleb(-4), None)),
    texts.filter(lambda reason: reason != "withdrawn").map(lambda reason: (None, reason)),
)


def _sealed(warehouse_url: str, load: int) -> dict[str, tuple[int, str]]:
    parts = query(warehouse_url, f"SELECT parts FROM baocao.seal WHERE kind = 'load' AND of = '{load}'")[0][0]
    first, *lines = parts.splitlines()
    assert first == "recipe 3"
    return {table: (int(count), sha256) for table, count, sha256 in map(str.split, lines)}


def _copied(warehouse_url: str, statement: str) -> str:
    told = hashlib.sha256()
    copied = f"COPY ({statement}) TO STDOUT (FORMAT binary)"
    with connect(warehouse_url) as session, session.cursor() as cursor, cursor.copy(copied) as stream:
        for part in stream:
            told.update(part)
    return told.hexdigest()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.dictionaries(keys, figures, max_size=6), later=st.dictionaries(keys, figures, max_size=6))
def test_the_seal_of_any_figures_is_what_the_table_gives(
    warehouse: Warehouse, warehouse_url: str, first: dict, later: dict
) -> None:
    period = next(_periods)
    for state in (first, {**first, **later}):
        recorded = Load(state).into(warehouse, period)
        written = _copied(warehouse_url, _FACTS.format(period=f"'{period}'", load=recorded.load))
        assert _sealed(warehouse_url, recorded.load)["fact"] == (recorded.new + recorded.revised, written)


def test_the_seal_of_each_table_is_what_the_table_gives(warehouse: Warehouse, warehouse_url: str) -> None:
    FILLED.into(warehouse)
    sealed = _sealed(warehouse_url, 1)
    for table, order in [("standard_row", "source, position"), ("finding", "position"), ("hole", "position")]:
        columns = query(
            warehouse_url,
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
            f"WHERE attrelid = 'baocao.{table}'::regclass AND attnum > 0",
        )[0][0]
        told = _copied(warehouse_url, f"SELECT {columns} FROM baocao.{table} WHERE load = 1 ORDER BY {order}")
        assert sealed[table] == (1, told)


def test_every_column_that_a_load_writes_is_sealed() -> None:
    """A column that a migration adds to these tables needs a recipe of its own, or nobody sees it changed."""
    for table, content in contents._COPIED[contents.NEWEST].items():
        sealed = {column.strip('"') for column in content.columns.split(", ")}
        assert sealed == set(schema.metadata.tables[f"baocao.{table}"].c.keys()), table


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (None, []),
        ("UPDATE baocao.fact_2026_q3 SET value = 13 WHERE unit = '01'", ["bảng fact đã bị sửa"]),
        ("UPDATE baocao.standard_row SET raw = '[]'", ["bảng standard_row đã bị sửa"]),
    ],
)
def test_a_seal_of_the_first_recipe_is_checked_by_it(
    warehouse: Warehouse, warehouse_url: str, monkeypatch: pytest.MonkeyPatch, change: str | None, wrong: list[str]
) -> None:
    with monkeypatch.context() as before:
        before.setattr(seals, "parts_of", lambda *given, known: contents.parts_of(*given, recipe=1))
        FILLED.into(warehouse)
    Load({**FILLED.figures, ("received", "02", "commune", "land"): figure(1)}).into(warehouse)
    parts = query(warehouse_url, "SELECT parts FROM baocao.seal WHERE kind = 'load' ORDER BY number")
    assert [told.startswith("recipe 3\n") for (told,) in parts] == [False, True]
    facts = query(
        warehouse_url,
        "SELECT encode(sha256(convert_to(string_agg(ROW(unit, indicator, tier, field, revision, value, reason, leaf, "
        "state, revision_reason, recorded_at)::text, E'\\n' ORDER BY unit, indicator, tier, field, revision), "
        "'UTF8')), 'hex') FROM baocao.fact WHERE load = 1",
    )[0][0]
    assert f"\nfact 2 {facts}\n" in parts[0][0]
    if change:
        with connect(warehouse_url) as owner:
            owner.execute(f"ALTER TABLE {change.split()[1]} DISABLE TRIGGER insert_only")
            owner.execute(change)
    found = Chain(warehouse_url).walk().wrong
    assert len(found) == len(wrong)
    assert all(told in one for told, one in zip(wrong, found, strict=True))


def test_what_is_sent_is_what_the_server_gives_back(warehouse_url: str) -> None:
    table = pa.table(
        {
            "a": pa.array(["", "x\ty\\", "Hồ sơ", None]),
            "b": pa.array([1, -(2**62), 0, None], pa.int64()),
            "c": pa.array([True, False, None, None]),
            "d": pa.array(
                [Decimal("-0.0001"), Decimal(0), Decimal("9999999999999999.9999"), None], pa.decimal128(20, 4)
            ),
        }
    )
    with create_engine(warehouse_url).begin() as connection:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE q (a text, b bigint, c boolean, d numeric(20, 4))")
        sent = copy(connection, sql.Identifier("q"), table)
        assert (table.num_rows, sent) == sha256_of(connection, sql.SQL("SELECT * FROM q"))
    assert sent == sha256_sent(table)
