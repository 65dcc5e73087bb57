"""The environment, read once into one frozen Settings: every BAOCAO_ variable of the pipeline.

Those that only say how one machine runs it (BAOCAO_PORT and the like) are the launcher's; README has all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from etl import logins
from etl.errors import SettingsError

CONNECTION = "conn:"
MOST_PULLS = 256
_MEMORY = re.compile(r"([1-9][0-9]*(?:\.[0-9]+)?)\s*([KMGT])(i?)B", re.IGNORECASE)
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Where things are.

    catalogs: BAOCAO_CATALOG, folders parted by ":"; a later one is laid over the earlier ones.
    expectations: the folder of the rule suites.
    home: BAOCAO_HOME, state of this machine (embedded database, logs, forms).
    store_url: BAOCAO_STORE_URL, raw answers and Parquet; a folder by default, any fsspec URL.
    revision: BAOCAO_REVISION, the commit that the catalog was taken from, of an image that holds no git work tree.
    pulls: BAOCAO_PULLS, how many sources are pulled at once where Airflow does not say.
    memory: BAOCAO_MEMORY ("600MB"), how many bytes of what it reads a process holds at once; the rest waits under home.
    environment: what `env:NAME` references in the catalog are resolved against.
    connections: how `conn:ID` is looked up in Airflow; None outside it, where `environment` holds AIRFLOW_CONN_<ID>.
    """

    catalogs: tuple[Path, ...]
    expectations: Path
    home: Path
    store_url: str
    environment: Mapping[str, str] = field(repr=False)  # it holds credentials, and settings get logged
    revision: str | None = None
    pulls: int = 16
    memory: int = 10**9
    connections: logins.Connections | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        env = dict(os.environ if environment is None else environment)
        home = Path(env.get("BAOCAO_HOME") or ROOT / ".baocao").absolute()
        folders = env.get("BAOCAO_CATALOG") or str(ROOT / "catalog")
        catalogs = tuple(Path(part).absolute() for part in folders.split(os.pathsep) if part)
        for folder in catalogs:
            if not folder.is_dir():
                raise SettingsError(f"BAOCAO_CATALOG names {folder}, which is not a folder")
        pulls = env.get("BAOCAO_PULLS") or str(cls.pulls)
        if not (pulls.isascii() and pulls.isdigit() and 1 <= int(pulls) <= MOST_PULLS):
            raise SettingsError(f"BAOCAO_PULLS is {pulls!r}: a number from 1 to {MOST_PULLS} is expected")
        return cls(
            catalogs=catalogs,
            expectations=ROOT / "expectations",
            home=home,
            store_url=env.get("BAOCAO_STORE_URL") or str(home / "store"),
            environment=env,
            revision=env.get("BAOCAO_REVISION") or None,
            pulls=int(pulls),
            memory=_bytes(env.get("BAOCAO_MEMORY") or "1GB"),
        )

    @property
    def warehouse_url(self) -> str:
        """SQLAlchemy URL of the reporting warehouse. Raises SettingsError when it is not set."""
        return self.resolve("env:BAOCAO_WAREHOUSE_URL")

    def resolve(self, reference: str) -> str:
        """The value of `env:NAME` or `env:NAME/rest`; any other text is returned as it is.

        A credential enters the catalog only by such a reference or `conn:ID`, never by value.
        """
        if not reference.startswith("env:"):
            return reference
        name, slash, rest = reference.removeprefix("env:").partition("/")
        value = self.environment.get(name)
        if not value:
            raise SettingsError(f"chưa đặt biến {name} mà danh mục trỏ tới (variable {name} is not set)")
        return value.rstrip("/") + slash + rest if slash else value

    def credential(self, reference: str) -> str | logins.Login:
        """The value of `env:NAME`, or the login of `conn:ID`. Raises SettingsError, never showing what it read."""
        if not reference.startswith(CONNECTION):
            return self.resolve(reference)
        name = reference.removeprefix(CONNECTION)
        if self.connections is not None:
            found = self.connections(name)
            if found is None:
                raise SettingsError(f"Airflow không có kết nối {name} nào mà tác vụ này được đọc (no such connection)")
            return logins.Login(*(part or "" for part in found))
        value = self.environment.get(logins.variable(name))
        if not value:
            raise SettingsError(f"chưa có kết nối Airflow {name} (no such connection)")
        try:
            return logins.parse(value)
        except ValueError:
            problem = "không phải JSON, cũng không phải URI (neither JSON nor a URI)"
            raise SettingsError(f"kết nối Airflow {name} không đọc được: {problem}") from None


def _bytes(memory: str) -> int:
    found = _MEMORY.fullmatch(memory)
    if found is None:
        raise SettingsError(f"BAOCAO_MEMORY is {memory!r}: a number with its unit is expected, such as 600MB or 2GB")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** ("KMGT".index(unit.upper()) + 1))
