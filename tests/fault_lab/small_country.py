"""A country small enough for every fault of every platform: all 34 provinces, six communes each, three fields.

Its catalog is the project's own, with shorter pages (so that there is a second one) and shorter waits.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCALE, LISTED_SCALE = 0.15, 0.008
LISTED = frozenset({"dossier_list", "document_list", "vxp"})
"""Portals that list single records; a hundred of them a province show the same as a thousand."""
COMMUNES = 6
FIELDS = ("ho_tich", "chung_thuc", "dat_dai")
PAGES = {
    "opencps_v2": 60, "tandan_06b": 60, "tandan_06caccap": 4, "dossier_list": 100, "document_list": 50, "vxp": 50,
}  # fmt: skip
PAGE = 7
"""Rows of a page, so that every series has a second one and none has many."""
SECONDS = 6
"""How long a pull of the lab waits for an answer."""
_TOKEN = "credential: env:BAOCAO_SIMULATOR_TOKEN\n"
EXTRA = {
    "opencps_v2": "headers: {{groupId: '{code}0001'}}\n",
    "igate": _TOKEN,
    "dossier_list": _TOKEN,
    "document_list": _TOKEN + "identifiers: [X{code}]\n",
    "vxp": "credential: env:BAOCAO_SIMULATOR_LOGIN\n",
    "egov": "credential: env:BAOCAO_SIMULATOR_LOGIN\n",
    "dvcqg": "role: comparison\nheaders: {{Referer: https://dichvucong.gov.vn/p/home/dvc-index.html}}\n"
    "body: {{p_tinh_id: '{portal_id}'}}\n",
    "tandan_06caccap": "role: comparison\n",
}
"""What a source of a platform says beside its unit and its address."""
PATHS = {"egov": "/bao-cao"}
"""What stands behind the address of a platform whose YAML leaves it to the source."""
COMPARED = frozenset(platform for platform, text in EXTRA.items() if "comparison" in text)
"""Platforms that feed no figure: their rows are only compared with those of others."""


def make_catalog(folder: Path) -> Path:
    """The catalog of the small country, without any source."""
    shutil.copytree(ROOT / "catalog", folder, ignore=shutil.ignore_patterns("sources"))
    _rewrite(folder / "fields.csv", lambda row: row["code"] in FIELDS)
    seen: Counter[str] = Counter()
    known: set[str] = set()

    def kept(row: dict[str, str]) -> bool:
        if row["valid_to"] and row["valid_to"] <= "2025-07-01":
            return row["level"] in ("nation", "ministry")
        if row["level"] != "commune":
            return True
        if row["code"] not in known and not row["valid_to"] and seen[row["parent"]] < COMMUNES:
            seen[row["parent"]] += 1
            known.add(row["code"])
        return row["code"] in known

    _rewrite(folder / "units/units.csv", kept)
    for name in ("changes", "codes"):
        _rewrite(folder / f"units/{name}.csv", lambda row: False)
    for path in folder.glob("platforms/*.yml"):
        text = re.sub(r"\bsize: \d+", f"size: {PAGES.get(path.stem, PAGE)}", path.read_text("utf-8"))
        path.write_text(re.sub(r"timeout_seconds: \d+", f"timeout_seconds: {SECONDS}", text), "utf-8")
    calendar = folder / "calendar.yml"  # a closed period is pulled again at once, not after a day
    text = re.sub(r"confirm_after_hours: \d+", "confirm_after_hours: 0", calendar.read_text("utf-8"))
    calendar.write_text(text, "utf-8")
    return folder


def make_sources(folder: Path, platforms: dict[str, list[str]]) -> Path:
    """A folder to lay over the catalog: a source for each platform and province given."""
    (folder / "sources").mkdir(parents=True)
    for platform, provinces in platforms.items():
        for code in provinces:
            (folder / f"sources/{source_id(platform, code)}.yml").write_text(
                f"platform: {platform}\nunit: '{code}'\nowner: Phòng thử lỗi\n"
                f"address: env:BAOCAO_SIMULATOR_URL/{platform}/{code}{PATHS.get(platform, '')}\n"
                + EXTRA.get(platform, "").format(code=code, portal_id=11304 + int(code)),
                "utf-8",
            )
    return folder


def source_id(platform: str, province: str) -> str:
    return f"{platform}_{province}"


def _rewrite(path: Path, kept: Callable[[dict[str, str]], bool]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names = list(reader.fieldnames or ())
        rows = [row for row in reader if kept(row)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
