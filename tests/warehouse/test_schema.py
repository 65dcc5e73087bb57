"""Migrations, the description of every column, the views and who may read them."""

from __future__ import annotations

import secrets
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url

from etl.warehouse import Warehouse, schema
from etl.warehouse.accounts import ROLES
from tests.warehouse.samples import FILLED, INDICATORS, PERIOD, UNITS, Load, connect, current, figure, query, row, rows


def test_down_and_up_again_on_a_filled_database(warehouse: Warehouse, warehouse_url: str) -> None:
    FILLED.into(warehouse)
    warehouse.downgrade("base")
    left = query(warehouse_url, "SELECT relname FROM pg_class WHERE relnamespace = 'baocao'::regnamespace")
    assert {name for (name,) in left} == {"alembic_version", "alembic_version_pkc"}
    functions = query(warehouse_url, "SELECT proname FROM pg_proc WHERE pronamespace = 'baocao'::regnamespace")
    assert functions == []
    warehouse.migrate()
    assert FILLED.into(warehouse).new == len(FILLED.figures)
    warehouse.migrate()
    assert len(current(warehouse)) == len(FILLED.figures)


def test_each_revision_goes_down_and_up_on_a_filled_database(warehouse: Warehouse, warehouse_url: str) -> None:
    FILLED.into(warehouse)
    warehouse.downgrade("0001")
    assert query(warehouse_url, "SELECT agency FROM baocao.standard_row") == [("00101",)]
    warehouse.migrate()
    assert query(warehouse_url, "SELECT agency, first_day FROM baocao.standard_row") == [("00101", None)]
    with pytest.raises(psycopg.errors.RestrictViolation):
        query(warehouse_url, "UPDATE baocao.standard_row SET first_day = '2026-06-15' RETURNING 1")
    other = {"onestop": rows([row("onestop_a", "p1", "/data/7", "00101", received=12)], ["received"])}
    assert replace(FILLED, rows=other).into(warehouse).same == len(FILLED.figures)
    days = query(warehouse_url, "SELECT first_day::text, last_day::text FROM baocao.standard_row ORDER BY load")
    assert days == [(None, None), ("2026-06-15", "2026-09-14")]


def test_the_tables_of_the_code_are_those_of_the_migrations(warehouse: Warehouse, warehouse_url: str) -> None:
    with create_engine(warehouse_url).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_schemas": True, "compare_type": True, "version_table_schema": schema.SCHEMA,
                  "include_name": lambda name, kind, _: kind != "schema" or name == schema.SCHEMA},
        )  # fmt: skip
        differences = compare_metadata(context, schema.metadata)
    # Comments, keys to other tables and indexes are the business of the migrations alone.
    told = [
        entry
        for entry in (item[0] if isinstance(item, list) else item for item in differences)
        if entry[0] not in ("modify_comment", "remove_fk", "remove_index", "remove_constraint", "remove_table_comment")
    ]
    assert told == []


def test_everything_is_described_in_both_languages(warehouse: Warehouse, warehouse_url: str) -> None:
    FILLED.into(warehouse)
    described = query(
        warehouse_url,
        """
        SELECT c.relname, coalesce(a.attname, ''), col_description(c.oid, a.attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = 'baocao'::regnamespace AND c.relkind IN ('r', 'p', 'v')
            AND c.relname <> 'alembic_version'
        UNION ALL
        SELECT c.relname, '', obj_description(c.oid, 'pg_class') FROM pg_class c
        WHERE c.relnamespace = 'baocao'::regnamespace AND c.relkind IN ('r', 'p', 'v')
            AND c.relname <> 'alembic_version' AND NOT c.relispartition
        """,
    )
    assert len(described) > 120
    assert [(table, column) for table, column, comment in described if " / " not in (comment or "")] == []


def test_the_view_shows_current_figures_with_names(warehouse: Warehouse, warehouse_url: str) -> None:
    gone = ("sent", "01", "commune", "all")
    Load({**FILLED.figures, gone: figure(3)}).into(warehouse)
    kept = ("received", "01", "commune", "land")
    Load({kept: figure(13), ("received", "00101", "commune", "land"): figure(None, "quarantined")}).into(warehouse)
    shown = query(
        warehouse_url,
        "SELECT unit, unit_name, unit_parent, indicator_title, value, reason, revision FROM baocao.fact_current "
        f"WHERE period = '{PERIOD}' ORDER BY unit",
    )
    assert shown == [
        ("00101", "Tên 00101", "01", "Chỉ tiêu received", None, "quarantined", 2),
        ("01", "Tên 01", "VN", "Chỉ tiêu received", Decimal(13), None, 2),
    ]
    assert query(warehouse_url, "SELECT count(*) FROM baocao.fact_history") == [(6,)]


def test_a_user_who_may_not_make_roles_gets_a_warehouse_all_the_same(warehouse_url: str) -> None:
    """The roles of the whole server are put aside meanwhile, so that there is none to find."""
    user, aside = f"plain_{secrets.token_hex(4)}", f"aside_{secrets.token_hex(4)}"
    Warehouse(warehouse_url).migrate()
    with connect(warehouse_url) as session:
        session.execute("DROP SCHEMA baocao CASCADE; DROP SCHEMA reporting CASCADE; DROP SCHEMA bao_cao CASCADE")
        session.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'thu'")
        session.execute(f"GRANT CREATE ON DATABASE {make_url(warehouse_url).database} TO {user}")
        for role in ROLES:
            session.execute(f"ALTER ROLE baocao_{role} RENAME TO {aside}_{role}")
        try:
            url = make_url(warehouse_url).set(username=user, password="thu")
            plain = Warehouse(url.render_as_string(hide_password=False))
            plain.migrate()
            plain.sync_units(UNITS)
            plain.sync_indicators(INDICATORS)
            assert FILLED.into(plain).new == 2
            assert session.execute("SELECT 1 FROM pg_roles WHERE rolname LIKE 'baocao_%'").fetchone() is None
            assert session.execute("SELECT count(*) FROM reporting.fact").fetchone() == (2,)
        finally:
            for role in ROLES:
                session.execute(f"ALTER ROLE {aside}_{role} RENAME TO baocao_{role}")
            session.execute(f"DROP OWNED BY {user} CASCADE")
            session.execute(f"DROP ROLE {user}")


def test_a_unit_is_reached_by_index(warehouse: Warehouse, warehouse_url: str) -> None:
    figures = {("received", f"{number:05d}", "commune", "land"): figure(number) for number in range(20_000)}
    Load(figures).into(warehouse)
    for view in ("baocao.fact_current", "reporting.fact", "bao_cao.so_lieu", "reporting.fact_as_of(now())"):
        column = "don_vi" if view.startswith("bao_cao.") else "unit"
        wanted = f"{'ky' if column == 'don_vi' else 'period'} = '{PERIOD}' AND {column} = '00042'"
        text = "\n".join(line for (line,) in query(warehouse_url, f"EXPLAIN SELECT * FROM {view} WHERE {wanted}"))
        assert "Index Scan using fact_2026_q3_pkey" in text, view
        assert "Seq Scan on fact" not in text, view
