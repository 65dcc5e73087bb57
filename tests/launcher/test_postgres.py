"""The embedded database: private, durable, shared, and gone when the last one lets go."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from launcher import LauncherError
from launcher.postgres import Postgres


@pytest.fixture
def server(tmp_path: Path):
    made = Postgres(tmp_path / "a home with spaces", durable=False)
    yield made
    made.destroy()


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def test_only_the_password_opens_it(postgres: Postgres, warehouse_url: str) -> None:
    with psycopg.connect(plain(warehouse_url)) as connection:
        assert connection.execute("select current_setting('listen_addresses')").fetchone() == ("127.0.0.1",)
        assert connection.execute("select current_setting('unix_socket_directories')").fetchone() == ("",)
        assert connection.info.server_version >= 140000
        assert connection.execute("select lower('ĐẶC KHU') = 'đặc khu'").fetchone() == (True,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(plain(warehouse_url).replace("postgres:", "postgres:x", 1))
    assert stat.S_IMODE((postgres.home / "password").stat().st_mode) == 0o600


def test_each_test_has_an_empty_database(warehouse_url: str) -> None:
    with psycopg.connect(plain(warehouse_url)) as connection:
        count = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    assert count == (0,)


def test_data_stays_over_a_restart_in_a_path_with_spaces(server: Postgres) -> None:
    assert server.start() is True
    server.createdb("warehouse")
    server.createdb("warehouse")  # is there already: nothing happens
    with psycopg.connect(plain(server.url("warehouse"))) as connection:
        connection.execute("create table kept (n int)")
    before = server.url("warehouse")
    assert server.stop() is True
    assert not server.running()
    assert server.start() is True
    assert server.url("warehouse") == before, "the port and the password are remembered"
    with psycopg.connect(plain(server.url("warehouse"))) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_the_last_one_to_let_go_ends_it(server: Postgres) -> None:
    other = Postgres(server.home, durable=False)
    assert server.start() is True
    assert other.start() is False, "it runs already: reused"
    assert server.stop() is False, "the other still needs it"
    assert other.running()
    assert other.stop() is True
    assert not server.running()


def test_a_stale_pid_file_of_a_crash_is_no_obstacle(server: Postgres) -> None:
    server.start()
    data = server._data()
    assert data is not None
    pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    stale = (data / "postmaster.pid").read_text().replace(str(pid), str(os.getpid()), 1)
    server.stop()
    (data / "postmaster.pid").write_text(stale)  # the number now belongs to this very test
    assert not server.running()
    assert server.start() is True


def test_a_taken_port_is_exchanged(server: Postgres) -> None:
    import socket

    server.start()
    old = server.url("postgres")
    server.stop()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", int((server.home / "port").read_text())))
        squatter.listen()
        server.start()
        assert server.url("postgres") != old
        with psycopg.connect(plain(server.url("postgres"))) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_another_process_that_dies_does_not_hold_it(server: Postgres) -> None:
    server.start()
    code = (
        "import os, sys, pathlib; from launcher.postgres import Postgres;"
        "p = Postgres(pathlib.Path(sys.argv[1]), durable=False); print(p.start(), flush=True); os._exit(1)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(server.home)], cwd=root, check=False, capture_output=True, text=True
    )
    assert done.stdout == "False\n", done.stderr
    assert server.stop() is True


def test_programs_that_are_none_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAOCAO_PG_BIN", str(tmp_path))
    with pytest.raises(LauncherError, match="BAOCAO_PG_BIN"):
        Postgres(tmp_path / "home", durable=False).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_root_never_runs_it_as_root_nor_opens_its_folders(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "home", durable=False)
    try:
        server.start()
        data = server._data()
        assert data is not None
        assert not data.is_relative_to(closed), "the account cannot enter there"
        assert data.stat().st_uid != 0
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        server.destroy()
    assert not data.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps a database outside its state folder")
def test_a_folder_that_somebody_else_laid_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    os.chown(foreign, 65534, 65534)
    monkeypatch.setattr("launcher.postgres._OUTSIDE_TESTS", foreign)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(LauncherError, match="belongs to somebody else"):
        Postgres(closed / "home", durable=False).start()
    assert list(foreign.iterdir()) == []
