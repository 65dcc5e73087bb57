"""The embedded PostgreSQL of one machine: Airflow's metadata and the warehouse in one server on loopback.

Files in `home`: `data` (the cluster), `password`, `port`, `lock`, `users`. As root, when the unprivileged user
the server runs as cannot enter `home`, the cluster stands under `/var/lib/baocao` instead, in a folder named
by a hash of the path of `home` (`/var/tmp` is no place for it: systems empty that by age).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from launcher import LauncherError, binaries

HOST = "127.0.0.1"
_OUTSIDE = Path("/var/lib/baocao")
_OUTSIDE_TESTS = Path("/var/tmp/baocao-tests")  # noqa: S108 (owner and mode are checked)
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_TRIES = 3


class Postgres:
    """One server. `durable=False` trades the data's safety in a power cut for speed: for tests only.

    Several processes may share a server: each that called `start` holds it, and the last `stop` ends it.
    """

    def __init__(self, home: Path, port: int | None = None, *, durable: bool = True) -> None:
        self.home = home.absolute()
        self.durable = durable
        self._port = port
        self._hold: Any = None
        self._settled: tuple[binaries.Account, Path, Path] | None = None

    def start(self) -> bool:
        """Start the server, or hold on to the one that runs. True when it was not running before.

        Raises LauncherError with the server's own words when it does not come up.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._take_hold()
            if self._running():
                return False
            account, programs, data = self._settle()
            if not (data / "PG_VERSION").exists():
                self._create_cluster(account, programs, data)
            self._check_version(programs, data, account)
            self._launch(account, programs, data)
            return True

    def stop(self) -> bool:
        """Let go of the server and end it if nobody else holds it. True when it is not running any more."""
        if not self.home.is_dir():
            return True
        with self._locked():
            self._let_go()
            if self._held_by_others():
                return False
            if not self._running():
                return True
            account, programs, data = self._settle()
            done = account.run(programs / "pg_ctl", "-D", data, "-m", "fast", "-w", "-t", "60", "stop")
            if done.returncode != 0:
                raise LauncherError(f"PostgreSQL did not stop: {done.stdout.strip()}")
            return True

    def running(self) -> bool:
        return self.home.is_dir() and self._running()

    def url(self, database: str, driver: str = "psycopg") -> str:
        """SQLAlchemy URL of a database of this server; it holds the password, so it belongs in no log."""
        return f"postgresql+{driver}://postgres:{self._password()}@{HOST}:{self._known_port()}/{database}"

    def createdb(self, name: str) -> None:
        """Make an empty database unless it is there."""
        with self._connect() as connection:
            if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is None:
                connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))

    def dropdb(self, name: str) -> None:
        """Remove a database, ending the sessions that use it."""
        with self._connect() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def destroy(self) -> None:
        """End the server and remove its cluster, also the one outside `home`."""
        self.stop()
        shutil.rmtree(self._outside(), ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)

    # --- where things are ------------------------------------------------------------------------

    def _outside(self) -> Path:
        base = _OUTSIDE if self.durable else _OUTSIDE_TESTS
        return base / hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]

    def _data(self) -> Path | None:
        """The cluster that is there already, wherever it was put when it was made."""
        for folder in (self.home / "data", self._outside() / "data"):
            with contextlib.suppress(PermissionError):
                if (folder / "PG_VERSION").exists():
                    return folder
        return None

    def _settle(self) -> tuple[binaries.Account, Path, Path]:
        """The account, the programs and the data folder: those of the cluster that is there, else new ones."""
        if self._settled is None:
            data = self._data()
            account = binaries.Account.choose(data.stat().st_uid if data else None)
            if data is None:
                data = (self.home if account.can_enter(self.home) else self._outside()) / "data"
            elif not account.can_enter(data):
                raise LauncherError(
                    f"user id {account.uid}, who owns the database in {data}, cannot enter that folder any more: "
                    "give its parents back the permission to be passed through (chmod o+x)"
                )
            self._settled = account, binaries.find(account, self._outside()), data
        return self._settled

    def _password(self) -> str:
        file = self.home / "password"
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(secrets.token_urlsafe(24))
        return file.read_text("ascii")

    def _known_port(self) -> int:
        try:
            return int((self.home / "port").read_text("ascii"))
        except FileNotFoundError:
            raise LauncherError(f"the database in {self.home} has never been started: start it first") from None

    # --- the server's life -------------------------------------------------------------------------

    def _create_cluster(self, account: binaries.Account, programs: Path, data: Path) -> None:
        if data.parent == self._outside():
            binaries.own_folder(data.parent)
        # A first start that was cut short leaves a folder without PG_VERSION: nothing of worth is in it.
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=data.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(self._password())
            if account.drop:
                os.chown(data, account.uid, account.gid)
                os.chown(name, account.uid, account.gid)
            done = account.run(
                *(programs / "initdb", "--pgdata", data, "--username", "postgres", "--pwfile", name),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
                *(() if self.durable else ("--no-sync",)),
            )
        finally:
            Path(name).unlink()
        if done.returncode != 0:
            shutil.rmtree(data, ignore_errors=True)
            raise LauncherError(f"the database could not be created in {data}: {done.stdout.strip()}")

    def _launch(self, account: binaries.Account, programs: Path, data: Path) -> None:
        (data / "postmaster.pid").unlink(missing_ok=True)  # `_running` has shown that nobody is behind it
        log = data / "server.log"
        for attempt in range(_TRIES):
            port = self._choose_port(another=attempt > 0)
            settings = [
                *(f"listen_addresses={HOST}", f"port={port}", "unix_socket_directories=''", "max_connections=200"),
                *("password_encryption=scram-sha-256", "timezone=UTC", "log_timezone=UTC"),
                *(() if self.durable else _FAST),
            ]
            log.unlink(missing_ok=True)
            options = " ".join(f"-c {setting}" for setting in settings)
            done = account.run(programs / "pg_ctl", "-D", data, "-w", "-t", "120", "-l", log, "-o", options, "start")
            if done.returncode == 0:
                return
            words = log.read_text("utf-8", errors="replace") if log.exists() else done.stdout
            if self._port is not None or "Address already in use" not in words:
                break
        raise LauncherError(f"PostgreSQL did not start on port {port}: {words.strip()[-1500:]}")

    def _choose_port(self, *, another: bool) -> int:
        """The port given, else the one of the last time if it is free, else any free one; remembered."""
        file = self.home / "port"
        port = self._port
        if port is None and not another and file.exists() and _free(int(file.read_text("ascii"))):
            port = int(file.read_text("ascii"))
        if port is None:
            with socket.socket() as probe:
                probe.bind((HOST, 0))
                port = probe.getsockname()[1]
        file.write_text(str(port), "ascii")
        return port

    def _running(self) -> bool:
        """Whether the process named in the pid file is this cluster's server, and not a stranger with its number."""
        data = self._data()
        if data is None:
            return False
        try:
            lines = (data / "postmaster.pid").read_text("utf-8").splitlines()
            process = psutil.Process(int(lines[0]))
            return str(data) in process.cmdline()
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return False

    @staticmethod
    def _check_version(programs: Path, data: Path, account: binaries.Account) -> None:
        made, found = int((data / "PG_VERSION").read_text("ascii")), binaries.version(programs, account)
        if made != found:
            raise LauncherError(
                f"the database in {data} was made by PostgreSQL {made}, but {programs} is version {found}: "
                f"set BAOCAO_PG_BIN to the programs of version {made}"
            )

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=HOST, port=self._known_port(), user="postgres", password=self._password(), dbname="postgres",
            autocommit=True,
        )  # fmt: skip

    # --- several processes, one server -----------------------------------------------------------

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.home / "lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _take_hold(self) -> None:
        if self._hold is None:
            self._hold = (self.home / "users").open("w")
            fcntl.flock(self._hold, fcntl.LOCK_SH)

    def _let_go(self) -> None:
        if self._hold is not None:
            self._hold.close()
            self._hold = None

    def _held_by_others(self) -> bool:
        with (self.home / "users").open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
