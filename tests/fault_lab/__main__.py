"""`python -m tests.fault_lab`: run every round and write docs/fault_lab.md."""

from __future__ import annotations

import tempfile
from pathlib import Path

from launcher.postgres import Postgres
from tests.fault_lab.lab import EXCHANGED, ROUNDS, opened
from tests.fault_lab.table import DOCUMENT, document


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="fault-lab-") as folder:
        postgres = Postgres(Path(folder) / "postgres", durable=False)
        postgres.start()
        try:
            with opened(Path(folder) / "lab", postgres) as lab:
                found = {place: one for platforms in ROUNDS for place, one in lab.outcome(platforms).struck.items()}
                everywhere = {key: one for platforms in EXCHANGED for key, one in lab.exchanged(platforms).items()}
        finally:
            postgres.destroy()
    for (platform, kind), one in found.items():
        print(f"{platform:14} {kind:15} {one.name:50} {len(one.silently_wrong)} {'; '.join(one.silently_wrong[:2])}")
    DOCUMENT.write_text(document(found, everywhere), "utf-8")


if __name__ == "__main__":
    main()
