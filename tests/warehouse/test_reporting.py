"""The published views, in both languages and as of any moment, and who may see which rows of them."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from etl.errors import SettingsError
from etl.model import Finding, Waiver, WaiverUse
from etl.warehouse import Warehouse
from tests.warehouse.samples import (
    FILLED,
    INDICATORS,
    OWED,
    PERIOD,
    UNITS,
    Key,
    Load,
    connect,
    current,
    figure,
    issue,
    query,
)

OWN: Key = ("received", "00101", "commune", "land")
NEIGHBOUR: Key = ("received", "00201", "commune", "land")
SECRET = 424_242
SINCE = dt.date(2025, 7, 1)
VIEWS = "SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = '{}'::regnamespace ORDER BY 1"


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    """Two provinces: 01 with its commune, and 02, whose figure nobody of 01 may ever see."""
    figures = {OWN: figure(12), ("received", "01", "commune", "all"): figure(12), NEIGHBOUR: figure(SECRET)}
    Load(figures, FILLED.rows, FILLED.quarantine, FILLED.findings, FILLED.holes, FILLED.receipts).into(warehouse)
    warehouse.freeze([OWED], "c1")
    for unit in ("01", "02"):
        issue(warehouse, "II.06a", unit, PERIOD, warehouse.known_at(PERIOD), "a" * 64, f"file:///{unit}", True)  # type: ignore[arg-type]
    return warehouse


@dataclass(frozen=True)
class Login:
    name: str
    url: str

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with connect(self.url) as session:
            return session.execute(statement).fetchall()  # type: ignore[arg-type]

    def is_refused(self, statement: str) -> bool:
        try:
            self.ask(statement)
        except psycopg.errors.InsufficientPrivilege:
            return True
        return False


@pytest.fixture
def login(filled: Warehouse, warehouse_url: str) -> Iterator[Callable[..., Login]]:
    """Makes real logins, which are those of the whole server, and removes them."""
    made: list[str] = []

    def make(role: Any, unit: str | None = None) -> Login:
        name = f"t_{secrets.token_hex(5)}"
        made.append(name)
        password = filled.grant(name, role, None if unit is None else (unit, SINCE))
        assert password is not None
        url = make_url(warehouse_url).set(username=name, password=password)
        return Login(name, url.render_as_string(hide_password=False))

    yield make
    with connect(warehouse_url) as session:
        for name in made:
            session.execute(f"DROP OWNED BY {name} CASCADE")
            session.execute(f"DROP ROLE {name}")


def test_every_view_tells_the_same_in_both_languages(filled: Warehouse, warehouse_url: str) -> None:
    english = [name for (name,) in query(warehouse_url, VIEWS.format("reporting"))]
    vietnamese = [name for (name,) in query(warehouse_url, VIEWS.format("bao_cao"))]
    assert len(english) == len(vietnamese) == 14
    pairs = query(
        warehouse_url,
        "SELECT e.relname, v.relname FROM pg_description d JOIN pg_class e ON e.oid = d.objoid AND d.objsubid = 0 "
        "JOIN pg_description o USING (description) JOIN pg_class v ON v.oid = o.objoid AND o.objsubid = 0 "
        "WHERE e.relnamespace = 'reporting'::regnamespace AND v.relnamespace = 'bao_cao'::regnamespace",
    )
    assert len(pairs) == 14
    for one, other in pairs:
        rows = (query(warehouse_url, f"SELECT v::text FROM {name} v ORDER BY 1") for name in
                (f"reporting.{one}", f"bao_cao.{other}"))  # fmt: skip
        assert next(rows) == next(rows), one


def test_everything_published_is_described_in_both_languages(filled: Warehouse, warehouse_url: str) -> None:
    published = "('reporting'::regnamespace, 'bao_cao'::regnamespace, 'baocao'::regnamespace)"
    told = query(
        warehouse_url,
        f"""
        SELECT c.oid::regclass::text, a.attname, col_description(c.oid, a.attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace IN {published} AND c.relkind IN ('r', 'p', 'v') AND c.relname <> 'alembic_version'
        UNION ALL SELECT c.oid::regclass::text, '', obj_description(c.oid, 'pg_class') FROM pg_class c
        WHERE c.relnamespace IN {published} AND c.relkind IN ('r', 'p', 'v') AND c.relname <> 'alembic_version'
            AND NOT c.relispartition
        UNION ALL SELECT p.oid::regprocedure::text, '', obj_description(p.oid, 'pg_proc') FROM pg_proc p
        WHERE p.pronamespace IN {published}
        UNION ALL SELECT nspname, '', obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE oid IN {published}
        """,
    )
    assert len(told) > 350
    assert [(name, column) for name, column, comment in told if " / " not in (comment or "")] == []


def test_every_view_as_of_a_moment(filled: Warehouse, warehouse_url: str) -> None:
    """What a view showed at each moment, its function shows later."""
    functions = query(warehouse_url, "SELECT proname FROM pg_proc WHERE pronamespace = 'reporting'::regnamespace")
    timed = [name.removesuffix("_as_of") for (name,) in functions]
    assert {"fact", "load", "issued_form", "standing", "period", "unit", "restatement", "review", "finding"} == set(
        timed
    )

    def shown(source: str = "{}") -> dict[str, Any]:
        asked = "SELECT v::text FROM reporting.{} v ORDER BY 1"
        return {name: query(warehouse_url, asked.format(source.format(name))) for name in timed}

    stood = {}
    for number in range(4):
        Load({OWN: figure(20 + number), **({NEIGHBOUR: figure(1)} if number % 2 else {})}).into(filled)
        if number == 1:
            issue(filled, "II.06a", "01", PERIOD, filled.known_at(PERIOD), "b" * 64, "file:///b", True)  # type: ignore[arg-type]
        if number == 2:
            filled.lock_period(PERIOD, "A", "thử")
        ((now,),) = query(warehouse_url, "SELECT clock_timestamp()")
        stood[now] = shown()
        if number != 3:
            told = {one: (value, None) for one, value in _facts(warehouse_url, now).items()}
            assert told == current(filled, known_at=now)
    assert len({str(state) for state in stood.values()}) == 4
    for moment, state in stood.items():
        assert shown(f"{{}}_as_of('{moment.isoformat()}')") == state
        again = query(warehouse_url, f"SELECT v::text FROM bao_cao.so_lieu_tai('{moment.isoformat()}') v ORDER BY 1")
        assert again == state["fact"]


def _facts(url: str, at: dt.datetime) -> dict[Key, Any]:
    rows = query(url, f"SELECT indicator, unit, tier, field, value FROM reporting.fact_as_of('{at.isoformat()}')")
    return {tuple(row[:4]): row[4] for row in rows}  # type: ignore[misc]


def test_units_are_those_of_the_last_day_with_those_above(filled: Warehouse, warehouse_url: str) -> None:
    told = query(warehouse_url, "SELECT unit, parent_name, province, province_name FROM reporting.unit ORDER BY unit")
    assert len(told) == len(UNITS)
    assert told[0:2] == [("00101", "Tên 01", "01", "Tên 01"), ("00102", "Tên 01", "01", "Tên 01")]
    assert ("VN", None, None, None) in told


def test_a_unit_account_sees_its_subtree_and_no_neighbour(
    login: Callable[..., Login], warehouse_url: str, filled: Warehouse
) -> None:
    account = login("unit", "01")
    assert account.ask("SELECT unit, value FROM reporting.fact ORDER BY unit") == [("00101", 12), ("01", 12)]
    assert account.ask("SELECT don_vi FROM bao_cao.so_lieu ORDER BY 1") == [("00101",), ("01",)]
    assert account.ask("SELECT unit FROM reporting.fact_as_of(now())") == account.ask("SELECT unit FROM reporting.fact")
    assert account.ask("SELECT unit FROM reporting.issued_form") == [("01",)]
    assert account.ask("SELECT unit FROM reporting.standing") == [("01",)]
    may = f"has_table_privilege('{account.name}', oid, 'SELECT')"
    readable = [
        f"{schema}.{name}"
        for schema in ("reporting", "bao_cao")
        for (name,) in query(warehouse_url, VIEWS.format(schema).replace("ORDER", f"AND {may} ORDER"))
    ]
    assert len(readable) == 18
    for name in readable:
        rows = account.ask(f"SELECT v::text FROM {name} v")
        assert not [row for row in rows if str(SECRET) in row[0]], name
    assert account.ask("SELECT count(*) FROM reporting.fact WHERE unit = '00201'") == [(0,)]
    plan = account.ask(f"EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM reporting.fact WHERE value = {SECRET}")
    assert "rows=0" in plan[0][0]
    assert account.ask(f"SELECT 1 FROM reporting.fact WHERE 1 / (value - {SECRET}) > 5") == [], "nor by an error"
    with connect(account.url) as session:
        heard: list[str] = []
        session.add_notice_handler(lambda notice: heard.append(str(notice.message_primary)))
        session.execute(
            "CREATE FUNCTION pg_temp.tell(numeric) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS "
            "$$ BEGIN RAISE NOTICE 'seen %', $1; RETURN true; END $$"
        )
        session.execute("SELECT * FROM reporting.fact WHERE pg_temp.tell(value)").fetchall()
        session.execute("SELECT * FROM reporting.fact_as_of(now()) WHERE pg_temp.tell(value)").fetchall()
        assert heard
        assert not [one for one in heard if str(SECRET) in one]
    for statement in (
        "SELECT * FROM baocao.fact",
        "SELECT * FROM baocao.fact_2026_q3",
        "SELECT * FROM baocao.fact_current",
        "SELECT baocao.units_of('postgres')",
        "SELECT * FROM baocao.account_unit",
        "SELECT * FROM reporting.load",
        "SELECT * FROM reporting.finding",
        "SELECT * FROM reporting.restatement_as_of(now())",
        "SELECT * FROM reporting.review",
        "SELECT * FROM reporting.review_as_of(now())",
        "SELECT * FROM reporting.finding_as_of(now())",
        "SELECT * FROM reporting.load_as_of(now())",
        "CREATE TABLE reporting.x (a int)",
    ):
        assert account.is_refused(statement), statement
    statistics = account.ask("SELECT count(*) FROM pg_stats WHERE schemaname = 'baocao' AND tablename LIKE 'fact%'")
    assert statistics == [(0,)]
    assert filled.revoke(account.name)
    assert account.is_refused("SELECT * FROM reporting.fact")


def test_a_unit_account_is_of_the_unit_and_not_of_its_code(
    login: Callable[..., Login], filled: Warehouse, warehouse_url: str
) -> None:
    """The code 00101 was another unit before the reform; whose account is of now sees nothing of then."""
    Load({OWN: figure(7)}).into(filled, "2024-Q3")
    account = login("unit", "00101")
    assert account.ask("SELECT period, unit, value FROM reporting.fact") == [(PERIOD, "00101", 12)]
    nobody = login("unit")
    assert nobody.ask("SELECT * FROM reporting.fact") == []


def test_a_reviewer_reads_where_both_figures_stand_and_what_let_one_pass(
    filled: Warehouse, warehouse_url: str, login: Callable[..., Login]
) -> None:
    waiver = Waiver("TON-01", "across", "CHAIN", "onestop_a", (PERIOD,), "lý do", "A", "B", dt.date(2027, 1, 1))
    there = {"other_source": "onestop_b", "other_period": "2026-Q2", "other_payload": "b" * 64, "other_row": "/data/3"}
    here = {"unit": "00101", "payload": "a" * 64, "row": "/data/1", "column": "carried_over", "tier": "commune"}
    found = Finding(
        "CHAIN", "info", "onestop_a", PERIOD, "lệch", value="7", expected="9", **here, **there, waiver="TON-01"
    )
    moment = filled.known_at(PERIOD)
    Load({OWN: figure(13)}, findings=[found], waivers=[WaiverUse(waiver, "used", 1)]).into(filled)
    account = login("reviewer")
    told = [str(value) for value in (*here.values(), "7", "9", *there.values(), "TON-01")]
    english = f'unit, payload, "row", "column", tier, value, expected, {", ".join(there)}, waiver'
    vietnamese = (
        "don_vi, sha256_goc, vi_tri, cot, cap_giai_quyet, so_lieu, le_ra, nguon_doi_chieu, ky_doi_chieu, "
        "sha256_doi_chieu, vi_tri_doi_chieu, mien_tru"
    )
    for columns, view, rule in ((english, "reporting.finding", "rule"), (vietnamese, "bao_cao.phat_hien", "quy_tac")):
        assert account.ask(f"SELECT {columns} FROM {view} WHERE {rule} = 'CHAIN'") == [tuple(told)]
    for view in ("reporting.finding_as_of", "bao_cao.phat_hien_tai"):
        assert account.ask(f"SELECT count(*) FROM {view}('{moment}')") == [(1,)], "the load of before"
        assert account.ask(f"SELECT count(*) FROM {view}(now())") == [(2,)]
    filled.downgrade("0020")
    assert query(warehouse_url, "SELECT count(*) FROM reporting.finding") == [(2,)]
    filled.migrate()
    assert account.ask("SELECT waiver FROM reporting.finding WHERE rule = 'CHAIN'") == [("TON-01",)]


def test_readers_and_reviewers(login: Callable[..., Login]) -> None:
    reader, reviewer = login("reader"), login("reviewer")
    for account in (reader, reviewer):
        assert account.ask("SELECT count(*) FROM reporting.fact") == [(3,)]
        assert account.ask("SELECT count(*) FROM bao_cao.lan_nap") == [(1,)]
        for refused in ("DELETE FROM reporting.indicator", "UPDATE reporting.indicator SET law = ''"):
            assert account.is_refused(refused), refused
    for table in ("fact", "standard_row", "unit"):
        assert reader.is_refused(f"SELECT * FROM baocao.{table}")
    assert reviewer.ask("SELECT count(*) FROM reporting.finding") == [(1,)]
    assert reviewer.ask("SELECT count(*) FROM reporting.restatement") == [(0,)]
    assert reader.is_refused("SELECT * FROM reporting.finding")
    assert reader.is_refused("SELECT * FROM reporting.restatement")
    assert reviewer.ask("SELECT count(*) FROM reporting.review") == [(0,)]
    assert reader.is_refused("SELECT * FROM reporting.review")


def test_a_reviewer_locks_and_decides_and_makes_no_figure_up(login: Callable[..., Login], filled: Warehouse) -> None:
    FILLED.into(filled, "2026-Q2")
    account = login("reviewer")
    own = Warehouse(account.url)
    own.migrate()
    own.lock_period(PERIOD, "A", "thử")
    wrong = Load({OWN: figure(98)}).into(filled).restatement
    own.reject(wrong or 0, "A", "số cũ đúng")
    waits = Load({OWN: figure(99)}).into(filled).restatement
    assert own.approve(waits or 0, "A").state == "approved"
    assert current(filled)[OWN] == figure(99)
    assert issue(own, "II.06a", "01", PERIOD, own.known_at(PERIOD), "d" * 64, "file:///d", True)  # type: ignore[arg-type]
    columns = "period, unit, indicator, tier, field, revision, value, leaf, state, revision_reason, recorded_at, load"
    given = "'{}', '00101', 'received', 'commune', 'land', {}, {}, true, 'revised', 'correction', now(), 1"
    for made_up in (
        *(f"INSERT INTO baocao.fact ({columns}) VALUES ({given.format(*of)}) RETURNING 1"
          for of in ((PERIOD, 4, 1), (PERIOD, 2, 100), ("2026-Q2", 2, 99))),
        *(f"INSERT INTO baocao.{name} SELECT * FROM baocao.{name} RETURNING 1"
          for name in ("receipt", "payload", "standard_row", "unit", "obligation")),
        "UPDATE baocao.unit SET name = '' RETURNING 1",
        "SELECT * FROM baocao.account_unit",
        "UPDATE baocao.access SET reader = 'SELECT' RETURNING 1",
    ):  # fmt: skip
        assert account.is_refused(made_up), made_up


def test_whoever_may_see_every_relation_is_told_or_follows_from_the_rule(warehouse_url: str, filled: Warehouse) -> None:
    """A view that nobody may read, or a name in `access` that is no relation, was forgotten by a migration."""
    untold = query(
        warehouse_url,
        """
        SELECT coalesce(c.oid::regclass::text, a.relation) FROM baocao.access a FULL JOIN (
            SELECT c.oid, n.nspname || '.' || c.relname AS relation, n.nspname
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('baocao', 'reporting', 'bao_cao') AND c.relkind IN ('r', 'p', 'v')
                AND NOT c.relispartition) c USING (relation)
        WHERE c.oid IS NULL OR (a.relation IS NULL AND NOT has_table_privilege('baocao_loader', c.oid, 'SELECT'))
        """,
    )
    assert untold == []
    unread = query(
        warehouse_url, "SELECT relation FROM baocao.access WHERE relation NOT LIKE 'baocao.%' AND reviewer = ''"
    )
    assert unread == []


def test_a_table_that_a_later_migration_brings(
    login: Callable[..., Login], warehouse_url: str, filled: Warehouse
) -> None:
    """Unless the migration says more, the loader adds to it and nobody else knows it; a unit sees its own rows."""
    accounts = {role: login(role) for role in ("loader", "reader", "reviewer")} | {"unit": login("unit", "01")}
    with connect(warehouse_url) as owner:
        owner.execute("CREATE TABLE baocao.later (period text, unit text)")
        owner.execute("CALL baocao.make_insert_only('baocao.later')")
        owner.execute("CREATE VIEW reporting.later WITH (security_invoker = true) AS SELECT * FROM baocao.later")
        owner.execute("CALL baocao.grant_roles()")
    for unit in ("01", "02"):
        row = f"INSERT INTO baocao.later VALUES ('{PERIOD}', '{unit}') RETURNING 1"
        assert accounts["loader"].ask(row) == [(1,)]
        assert all(accounts[role].is_refused(row) for role in ("reader", "reviewer", "unit"))
    for role in ("reader", "reviewer", "unit"):
        assert accounts[role].is_refused("SELECT * FROM baocao.later")
        assert accounts[role].is_refused("SELECT * FROM reporting.later")
    with connect(warehouse_url) as owner:
        owner.execute("INSERT INTO baocao.access (relation, reader, unit) VALUES "
                      "('baocao.later', 'SELECT', 'SELECT'), ('reporting.later', 'SELECT', 'SELECT')")  # fmt: skip
        owner.execute("CALL baocao.grant_roles()")
    assert accounts["reader"].ask("SELECT unit FROM reporting.later ORDER BY 1") == [("01",), ("02",)]
    assert accounts["unit"].ask("SELECT unit FROM reporting.later") == [("01",)]
    assert accounts["reviewer"].is_refused("SELECT * FROM reporting.later")


def test_a_loader_runs_the_pipeline_and_changes_nothing(login: Callable[..., Login], filled: Warehouse) -> None:
    account = login("loader")
    own = Warehouse(account.url)
    own.migrate()
    own.sync_units(UNITS)
    own.sync_indicators(INDICATORS)
    assert Load({OWN: figure(99)}).into(own).revised == 3
    assert FILLED.into(own, "2026-Q2").new == 2, "a partition of a new period"
    assert own.freeze([OWED], "c1") == 0
    assert issue(own, "II.06a", "01", PERIOD, own.known_at(PERIOD), "c" * 64, "file:///c", True)  # type: ignore[arg-type]
    own.lock_period(PERIOD, "A", "thử")
    waits = Load({OWN: figure(100)}).into(own).restatement
    assert waits is not None
    own.approve(waits, "A")
    assert current(filled)[OWN] == figure(100)
    for table in ("fact", "fact_2026_q2", "load", "form_issue", "receipt", "account_unit"):
        for statement in (f"DELETE FROM baocao.{table}", f"TRUNCATE baocao.{table}", f"DROP TABLE baocao.{table}"):
            assert account.is_refused(statement), statement
    assert account.is_refused("INSERT INTO baocao.account_unit (account, unit, valid_from) VALUES ('x', '01', now())")


def test_who_was_granted_what(login: Callable[..., Login], filled: Warehouse) -> None:
    account, reader = login("unit", "01"), login("reader")
    assert filled.grant(account.name, "unit", ("02", SINCE)) is None, "a second unit, and no second password"
    told = {one.name: (one.role, one.units) for one in filled.accounts()}
    assert told[account.name] == ("unit", (("01", SINCE), ("02", SINCE)))
    assert told[reader.name] == ("reader", ())
    assert account.ask("SELECT count(*) FROM reporting.fact") == [(3,)]
    with pytest.raises(SettingsError, match="baocao db revoke"):
        filled.grant(reader.name, "unit", ("01", SINCE))
    with pytest.raises(SettingsError, match="pg_x"):
        filled.grant("pg_x", "reader", None)
