"""The account of a unit in the containers, where the warehouse's owner may not create roles: it sees its own alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from etl import pipeline
from etl.console import Login, create_app
from etl.warehouse.lookup import lookup
from launcher.postgres import Postgres
from launcher.services import OWNED, OWNER

ROOT = Path(__file__).resolve().parents[2]
SECRET = "one-of-this-test"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The databases as the first start of the containers makes them, on a server of their own."""
    folder = tmp_path_factory.mktemp("containers")
    server = Postgres(folder / "postgres", durable=False)
    server.start()
    script = (ROOT / "deploy/postgres/databases.sh").read_text("utf-8")
    (statements,) = re.findall(r"<<'SQL'\n(.*)^SQL$", script, re.DOTALL | re.MULTILINE)
    statements = "".join(line for line in statements.splitlines(True) if not line.startswith("\\getenv"))
    assert "getenv" not in statements
    root = server.url("postgres").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(root, autocommit=True) as connection:
        for statement in re.sub(r":'\w+'", f"'{SECRET}'", statements).split(";"):
            if statement.strip():
                connection.execute(statement.encode())
    url = re.sub(r"//postgres:[^@]+@", f"//warehouse:{SECRET}@", server.url("warehouse"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAOCAO_HOME", str(folder))
        patch.setenv("BAOCAO_WAREHOUSE_URL", url)
        pipeline.prepare()
        yield url
        lookup(url).close()
        lookup.cache_clear()
    server.destroy()


def test_the_account_is_tied_to_its_unit_as_the_first_start_does(warehouse: str) -> None:
    init = (ROOT / "deploy/airflow/init.sh").read_text("utf-8")
    assert f"python -m etl db grant {OWNER} --unit {OWNED}" in init
    before = next(one for one in pipeline.database_accounts() if one["name"] == OWNER)
    assert (before["role"], before["units"]) == ("unit", [])
    for _ in range(2):
        assert pipeline.database_grant(OWNER, None, OWNED)["password"] is None
    now = next(one for one in pipeline.database_accounts() if one["name"] == OWNER)
    assert OWNED in str(now["units"])


def test_it_sees_its_own_subtree_in_the_console_and_nothing_else(warehouse: str) -> None:
    login = Login(OWNER, reads=False, decides=False, operates=False)
    client = TestClient(create_app(lambda: login, "a secret of this test"), follow_redirects=False)
    own = client.get(f"/unit/{OWNED}", params={"period": "2026-Q3"})
    assert own.status_code == 200
    for unit in ("04", "01", "VN"):
        assert client.get(f"/unit/{unit}", params={"period": "2026-Q3"}).status_code == 404
    listed = client.get("/units", params={"period": "2026-Q3"}).text
    assert "Tuyên Quang" in listed
    assert "Cao Bằng" not in listed

    stranger = Login("ai_do", reads=False, decides=False, operates=False)
    nobody = TestClient(create_app(lambda: stranger, "a secret of this test"), follow_redirects=False)
    assert nobody.get("/").status_code == 403
