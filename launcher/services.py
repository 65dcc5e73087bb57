"""`make up` and `make down`: Airflow's real services on one machine, watched by one process that ends them all."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import click
import psutil

from launcher import LauncherError, airflow_home, machine, processes
from launcher.airflow_api import AirflowApi
from launcher.airflow_home import Ports
from launcher.postgres import Postgres
from launcher.simulator import Simulator

METADATA = "airflow"
OPERATOR = "data_engineer"
REVIEWER = "reviewer"
"""Who is asked about critical findings, unless BAOCAO_REVIEWERS names others."""
OWNER, OWNED = "tuyen_quang", "08"
"""Who answers for one province, and for that reason sees its units only: an account of the warehouse says so."""
ROLES = {OPERATOR: "op", REVIEWER: "user", "viewer": "viewer", OWNER: ""}
"""Users and roles in Airflow's simple auth manager: `op` may also run, repeat, backfill; without one nobody sees it."""
_SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer")
_PORT = 8080
_PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_HEALTHY_SECONDS = 240.0
_DOWN_SECONDS = 90.0


def up() -> int:
    """Start everything, say where it is, and stay until Ctrl-C, `make down`, or the end of a service."""
    with _alone() as mine:
        if not mine:
            click.echo(f"Đang chạy rồi / already running: {_address(_ports())}   (make down: dừng / stops it)")
            return 0
        try:
            with processes.orderly_exit(), _started() as services:
                return _watch(services)
        except processes.Interrupted:
            return 0


@contextlib.contextmanager
def running() -> Iterator[AirflowApi]:
    """Airflow for the time of one command: that of `up` where it runs, else started for it and then ended."""
    with _alone() as mine, contextlib.ExitStack() as things:
        if mine:
            things.enter_context(_started())
        elif not processes.wait_until(lambda: _healthy(_ports()), _HEALTHY_SECONDS, lambda: True):
            raise LauncherError(f"Airflow không khoẻ / is not healthy: {_address(_ports())}: xem / see: make up")
        yield AirflowApi(_address(_ports()), OPERATOR, _passwords()[OPERATOR])


@contextlib.contextmanager
def _started() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    _end_leftovers()
    ports = _ports()
    _check_free(ports)
    services: dict[str, subprocess.Popen[bytes]] = {}
    things = contextlib.ExitStack()
    try:
        _start(ports, services, things)
        yield services
    except processes.Interrupted as reason:
        click.echo(f"\nĐang dừng / stopping ({reason}) …")
        raise
    finally:
        with processes.uninterrupted():
            processes.end_tree(process.pid for process in services.values())
            things.close()
            _state().unlink(missing_ok=True)
            click.echo("Đã dừng / stopped.")


def airflow(arguments: Sequence[str]) -> int:
    """Airflow's own command line on the metadata of `up`: `backfill create`, `dags list`, `tasks clear`."""
    server = machine.postgres()
    server.start()
    try:
        command = [sys.executable, "-m", "airflow", *arguments]
        return subprocess.run(command, env=_environment(server, _ports()), check=False).returncode  # noqa: S603
    finally:
        server.stop()


def down() -> int:
    """Ask the watching process to end everything; where it was killed, end what it left."""
    watcher = _process(_read_state().get("watcher"))
    if watcher is not None:
        watcher.send_signal(signal.SIGTERM)
        with contextlib.suppress(psutil.TimeoutExpired):
            watcher.wait(_DOWN_SECONDS)
    left = _end_leftovers()
    server = machine.postgres()
    if server.running() and not server.stop():
        click.echo("Cơ sở dữ liệu còn được lệnh khác dùng / another command still uses the database.")
    click.echo("Đã dừng / stopped." if watcher is not None or left else "Không có gì đang chạy / nothing was running.")
    return 0


def forget() -> int:
    """Remove the state of this machine: databases, landed answers, forms, logs, passwords."""
    down()
    machine.postgres().destroy()
    shutil.rmtree(folder := machine.home())
    click.echo(f"Đã xoá / removed: {folder}")
    return 0


# --- starting ----------------------------------------------------------------------------------------


def _start(ports: Ports, running: dict[str, subprocess.Popen[bytes]], things: contextlib.ExitStack) -> None:
    logs = machine.logs()
    click.echo(f"Đang khởi động / starting …   nhật ký / logs: {logs}")
    server = machine.postgres()
    things.callback(server.stop)
    simulator = None
    if not os.environ.get(machine.SIMULATOR_URL):  # else the user has named portals that run already
        simulator = Simulator(logs, scale=machine.demo_scale(), port=ports.simulator, mail_port=ports.mail)
        things.callback(simulator.stop)
        simulator.launch()
    server.start()
    own_warehouse = not os.environ.get(machine.WAREHOUSE_URL)
    environment = _environment(server, ports)
    if simulator:
        environment |= simulator.environment | simulator.mail_environment
    account = ["--account", OWNER, "--unit", OWNED] if own_warehouse else []  # else its owner gives accounts there
    command = [sys.executable, "-m", "launcher", "migrate", *account]
    migrated = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603
    if migrated.returncode != 0:
        raise LauncherError(f"the databases could not be brought up to date:\n{migrated.stderr[-2000:]}")
    for service in _SERVICES:
        command = [sys.executable, "-m", "airflow", service]
        running[service] = processes.start(command, logs / f"{service}.log", environment)
        _write_state(running, simulator)
    if simulator:
        simulator.wait()
    if not processes.wait_until(lambda: _healthy(ports), _HEALTHY_SECONDS, lambda: not _ended(running)):
        ended = _ended(running) or ["api-server"]
        words = "\n".join(f"{name}:\n{processes.tail(logs / f'{name}.log')}" for name in ended)
        raise LauncherError(f"the services did not become healthy; the end of the log of {words}")
    click.echo(f"\nAirflow: {_address(ports)}")
    for user, password in _passwords().items():
        click.echo(f"  {user:<14} {password:<24} ({ROLES.get(user) or f'đơn vị / unit {OWNED}'})")
    if simulator:
        click.echo(f"Thư nhắc mà máy mô phỏng nhận được / reminders the simulator received: {simulator.url}/mail")
    click.echo("\nDừng / stop: Ctrl-C, hoặc / or: make down")


def _environment(server: Postgres, ports: Ports) -> dict[str, str]:
    """What every process of Airflow needs; the server runs already."""
    server.createdb(METADATA)
    machine.use_warehouse(server)
    folder = machine.home() / "airflow"
    environment = os.environ | airflow_home.environment(folder, server.url(METADATA, "psycopg2"), ports)
    # A new DAG starts by itself, and collect begins with the latest closed period. One that somebody pauses
    # afterwards stays paused.
    environment["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "False"
    environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = ",".join(f"{user}:{role}" for user, role in ROLES.items())
    environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"] = str(_passwords_file())
    environment.setdefault("BAOCAO_REVIEWERS", REVIEWER)
    _passwords()
    return environment


def _passwords_file() -> Path:
    return machine.home() / "airflow" / "passwords.json"


def _passwords() -> dict[str, str]:
    """One password for each user, made at the first start."""
    fresh = {user: airflow_home.fresh_password() for user in ROLES}
    found: dict[str, str] = json.loads(airflow_home.secret(_passwords_file(), json.dumps(fresh)))
    return found


# --- watching ------------------------------------------------------------------------------------------


def _watch(running: dict[str, subprocess.Popen[bytes]]) -> int:
    while not (ended := _ended(running)):
        time.sleep(1)
    for name in ended:
        click.echo(f"{name} đã dừng / has ended:\n{processes.tail(machine.logs() / f'{name}.log')}", err=True)
    return 1


def _ended(running: dict[str, subprocess.Popen[bytes]]) -> list[str]:
    return [name for name, process in running.items() if process.poll() is not None]


def _healthy(ports: Ports) -> bool:
    try:
        with urllib.request.urlopen(f"{_address(ports)}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310
            health: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):
        return False
    return all((health.get(part) or {}).get("status") == "healthy" for part in _PARTS)


# --- one at a time, and what a killed one left ---------------------------------------------------------


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    """False when another process of this machine's state folder already watches the services."""
    with (machine.home() / "up.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _state() -> Path:
    return machine.home() / "up.json"


def _write_state(running: dict[str, subprocess.Popen[bytes]], simulator: Simulator | None) -> None:
    pids = [process.pid for process in running.values()] + ([simulator.pid] if simulator and simulator.pid else [])
    state = {"watcher": _identity(os.getpid()), "children": [_identity(pid) for pid in pids]}
    _state().write_text(json.dumps(state), "ascii")


def _read_state() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(_state().read_text("ascii"))
    except FileNotFoundError:
        return {}
    return found


def _identity(pid: int) -> list[float]:
    """A process by its number and the moment it began: numbers are used again."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [pid, psutil.Process(pid).create_time()]
    return [pid, 0.0]


def _process(identity: list[float] | None) -> psutil.Process | None:
    with contextlib.suppress(psutil.NoSuchProcess):
        if identity and abs((process := psutil.Process(int(identity[0]))).create_time() - identity[1]) < 1:
            return process
    return None


def _end_leftovers() -> bool:
    children = [_process(identity) for identity in _read_state().get("children", [])]
    left = [child.pid for child in children if child is not None]
    processes.end_tree(left)
    _state().unlink(missing_ok=True)
    return bool(left)


# --- ports ---------------------------------------------------------------------------------------------


def _ports() -> Ports:
    """BAOCAO_PORT for the user interface (8080); the others keep their distance to it."""
    text = os.environ.get("BAOCAO_PORT") or str(_PORT)
    if not text.isdigit() or not 1024 <= int(text) <= 64000:
        raise LauncherError(f"BAOCAO_PORT={text} is no port between 1024 and 64000")
    shift = int(text) - _PORT
    usual = Ports()
    return Ports(*(port + shift for port in astuple(usual)))


def _address(ports: Ports) -> str:
    return f"http://127.0.0.1:{ports.api}"


def _check_free(ports: Ports) -> None:
    for port in astuple(ports):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise LauncherError(
                    f"cổng {port} đang có chương trình khác dùng / port {port} is taken by another program: hãy đặt "
                    f"BAOCAO_PORT / set BAOCAO_PORT, ví dụ / such as: BAOCAO_PORT={ports.api + 1000} make up"
                ) from None
