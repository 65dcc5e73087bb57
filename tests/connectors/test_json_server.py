"""A server that nobody here wrote is added by two YAML files, pulled over HTTP and read: json-server, from npm.

It is installed from the lock file beside its catalog, into a folder of this test. Without npm the test is
skipped on a desk, and says so; in CI it fails.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etl import catalog
from etl.connectors import pull
from etl.landing import Landing
from etl.model import Pages
from etl.parsing import parse
from etl.periods import Period
from etl.settings import ROOT, Settings

HERE = Path(__file__).parent / "json_server"
CATALOG = catalog.load((ROOT / "catalog", HERE / "catalog"))
SOURCE = CATALOG.sources["json_server_cao_bang"]
Q3 = Period.parse("2026-Q3")
SECONDS = 25


def test_npm_is_there_in_ci() -> None:
    if os.environ.get("CI") == "true":
        assert shutil.which("npm"), "CI must prove that a foreign server is added by YAML alone: install node and npm"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("npm và node phải có trên máy CI (npm and node are missing)")
        pytest.skip("máy này không có npm: chưa thử máy chủ lạ (npm is missing, json-server was NOT tried)")
    folder = tmp_path_factory.mktemp("json_server")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [node, str(folder / "node_modules/json-server/lib/cli/bin.js")]


def reports() -> list[dict[str, Any]]:
    """Two fields of every commune and one department, of this quarter; and rows of others, which must not come."""
    chance = random.Random(3)
    units = [("04.01", "Sở Nội vụ"), *((unit.code, unit.name) for unit in CATALOG.tree(Q3).children("04"))]
    made = []
    for first, last, province in (
        ("2026-06-15", "2026-09-14", "04"),
        ("2026-03-15", "2026-06-14", "04"),
        ("2026-06-15", "2026-09-14", "08"),
    ):
        for code, name in units:
            for field in ("ho_tich", "dat_dai"):
                parts = {key: chance.randrange(50) for key in ("truc_tuyen", "truc_tiep", "buu_chinh")}
                more = ("ky_truoc", "som", "dung", "muon", "con_han", "het_han")
                row = {
                    "id": len(made) + 1,
                    "tinh": province,
                    "tu_ngay": first,
                    "den_ngay": last,
                    "don_vi": {"ma": code, "ten": name},
                    "linh_vuc": field,
                    "tiep_nhan": sum(parts.values()),
                    **parts,
                    **{key: chance.randrange(50) for key in more},
                }
                made.append(row)
    return made


@pytest.fixture
def server(program: list[str], tmp_path: Path) -> Iterator[str]:
    (tmp_path / "db.json").write_text(json.dumps({"reports": reports()}), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "log").open("w") as log:
        command = [*program, "--host", "127.0.0.1", "--port", str(port), "--quiet", "db.json"]
        running = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{url}/reports?_page=1&_limit=1", timeout=5).close()
                break
            except OSError:
                assert running.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline, "json-server does not answer"
                time.sleep(0.1)
        yield url
    finally:
        running.terminate()
        running.wait(10)


def test_two_yaml_files_add_it(server: str, tmp_path: Path) -> None:
    platform = CATALOG.platforms[SOURCE.platform]
    settings = Settings((), Path(), tmp_path, "", {"JSON_SERVER_URL": server})
    landing = Landing(str(tmp_path / "store"))
    answers = pull(SOURCE, platform, Q3, list(CATALOG.fields), settings)
    landed = [landing.land(SOURCE.id, Q3.key, **vars(answer)) for answer in answers]
    pages = Pages(tuple(landed), landing.read)
    dataset = CATALOG.datasets["onestop"]
    parsed = parse(SOURCE, platform, dataset, Q3, pages, CATALOG.tree(Q3), CATALOG.fields)
    assert parsed.findings == []

    wanted = [row for row in reports() if (row["tu_ngay"], row["tinh"]) == ("2026-06-15", "04")]
    assert len(wanted) > 2 * 40
    assert len(landed) == -(-len(wanted) // 40)
    rows = {(row["agency"], row["field"]): row for row in parsed.table.to_pylist()}
    assert len(rows) == parsed.table.num_rows == len(wanted)
    for row in wanted:
        found = rows[row["don_vi"]["ma"], row["linh_vuc"]]
        assert {name: found[name] for name in dataset.columns} == {
            name: sum(row[part] for part in platform.columns[name]) for name in dataset.columns
        }
        assert found["unit"] == ("04" if row["don_vi"]["ma"] == "04.01" else row["don_vi"]["ma"])
