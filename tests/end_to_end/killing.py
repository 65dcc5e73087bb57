"""An office whose runs are processes of their own, to be killed or raced, and what two such offices have in common."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import re
import resource
import shutil
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl import pipeline
from etl.__main__ import main
from etl.quality import gx

PERIOD = "2026-Q3"
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])  # each run is forked from one process that imported everything
gx.warm_up()
HALF = 4096
"""Bytes, less than a form has."""
_PART = re.compile(r"\.[0-9a-f]{32}\.part")
"""What a killed run leaves beside the files: hidden, and it counts as none (etl/files.py)."""
_MOMENTS = (
    re.compile(rb"\d\d:\d\d:\d\d \d\d/\d\d/\d{4}"),
    re.compile(rb"(?<=W3CDTF\">)[0-9T:Z-]+"),
)
"""In a workbook: when its figures were recorded, at its foot and among its properties."""
_TOLD = {
    "fact": "period, unit, indicator, tier, field, revision, value, reason, leaf, state, revision_reason",
    "receipt": "id, source, period, started_at, finished_at, state, message, rows, proof",
    "payload": "*",
    "standard_row": "source, position, dataset, payload, pointer, agency, unit, tier, field, raw, values, first_day, "
    "last_day",
    "submission": "form, period, unit, kind, origin",
    "form_issue": "form, unit, period, regexp_replace(uri, '^.*/', '')",
}
"""Left out: numbers of loads and issues, and when each was recorded, issued or received. A run that is killed after its
load has made one, and the next makes another that finds everything the same. sha256 of an issue: see `forms`."""
_OF_LOAD = {
    "load_source": "source, state, receipt, dataset, rows, rows_sha256, role",
    "quarantine": "position, dataset, rules, messages, source, payload, pointer, agency, unit, tier, field, raw",
    "finding": "position, rule, severity, source, period, message, unit, field, payload, row",
    "hole": "position, dataset, source, province, unit, tier, field, reason",
}
"""Of each load, which is why all of them must be alike."""


@dataclass(frozen=True)
class Stand:
    """A home with landed answers, and a database. `url` is SQLAlchemy's."""

    home: Path
    url: str
    environment: dict[str, str]

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Its environment in this process."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._all().items():
                patch.setenv(name, value)
            yield

    def copy(self, home: Path) -> Path:
        shutil.copytree(self.home, home)
        return home

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url.replace("+psycopg", ""), autocommit=autocommit)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.connect() as session:
            return session.execute(query).fetchall()  # type: ignore[arg-type]

    def files(self) -> list[Path]:
        """Every form that counts as issued."""
        folder = self.home / "store/forms"
        return sorted(path for path in folder.rglob("*") if path.is_file() and not _PART.fullmatch(path.name))

    def start(self, job: Callable[..., None], *arguments: Any) -> Running:
        here, there = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=_run, args=(self._all(), there, job, arguments))
        process.start()
        there.close()
        return Running(process, here)

    def told(self) -> dict[str, list[str]]:
        """The warehouse and the names of its forms, but for what differs between any two runs."""
        found = {
            table: sorted(map(repr, self.ask(f"SELECT {columns} FROM baocao.{table}")))
            for table, columns in _TOLD.items()
        }
        for table, columns in _OF_LOAD.items():
            loads = {
                repr(sorted(map(repr, self.ask(f"SELECT {columns} FROM baocao.{table} WHERE load = {load}"))))
                for (load,) in self.ask("SELECT id FROM baocao.load")
            }
            found[table] = sorted(loads)
        found["files"] = [str(path.relative_to(self.home)) for path in self.files()]
        return found

    def forms(self) -> dict[str, str]:
        """sha256 of each form over its parts, without the moments at which its figures were recorded."""
        return {path.name: _digest(path.read_bytes()) for path in self.files()}

    def wrong(self) -> list[str]:
        """What `baocao verify` finds: the chain, the loads, and each issued file byte for byte."""
        with self.entered():
            return list(pipeline.verify_chain()["wrong"])

    def _all(self) -> dict[str, str]:
        return {**self.environment, "BAOCAO_HOME": str(self.home), "BAOCAO_WAREHOUSE_URL": self.url}


@dataclass
class Running:
    process: ForkServerProcess
    told: Connection
    stage: str = "begin"

    def reach(self, stage: str) -> None:
        """Wait until the run says that it is there."""
        while self.stage != stage:
            self.stage = self.told.recv()

    def listen(self) -> str:
        """The last stage that it told of."""
        try:
            while self.told.poll():
                self.stage = self.told.recv()
        except EOFError:
            pass
        return self.stage

    def wait_for(self, there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not there():
            assert self.process.is_alive(), f"it ended before, at {self.listen()}"
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def kill(self) -> str:
        """SIGKILL, now; the stage at which it hit."""
        self.process.kill()
        self.process.join()
        assert self.process.exitcode in (-signal.SIGKILL, -signal.SIGXFSZ), f"{self.process.exitcode} at {self.stage}"
        return self.listen()

    def finish(self) -> None:
        self.process.join()
        assert self.process.exitcode == 0, f"{self.process.exitcode} at {self.listen()}"


def record_and_publish(tell: Callable[[str], None], run: str, half: bool = False, start: Any = None) -> None:
    """The last two steps of a run whose rows are checked and computed. half: the process dies within the first file
    that it writes; nobody can kill it from outside at that very moment."""
    if start is not None:
        start.wait()
    tell("record")
    pipeline.record(PERIOD, run)
    if half:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, HALF))
    for form in pipeline.forms():
        tell(f"publish {form}")
        pipeline.publish(PERIOD, form)
    tell("end")


def replay(tell: Callable[[str], None]) -> None:
    """The command itself, from landed bytes to forms."""
    tell("replay")
    main(["replay", PERIOD, "--json"], standalone_mode=False)
    tell("end")


def _run(environment: dict[str, str], told: Connection, job: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.environ.update(environment)
    job(told.send, *arguments)


def _digest(package: bytes) -> str:
    digest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(package)) as parts:
        for name in sorted(parts.namelist()):
            content = parts.read(name)
            for moment in _MOMENTS:
                content = moment.sub(b"then", content)
            digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()
