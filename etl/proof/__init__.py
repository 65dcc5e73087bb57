"""The proof of an issued form that needs nothing of this project: its cells, its bundle, a verifier of one file."""

import re
from pathlib import Path

from etl.proof.documents import Cell, read_cells, sheets
from etl.proof.files import is_workbook, read_file
from etl.proof.sums import Rows, changed, of_whole, ratio
from etl.proof.verify import told, verify

__all__ = [
    "Cell",
    "Rows",
    "changed",
    "is_workbook",
    "of_whole",
    "ratio",
    "read_cells",
    "read_file",
    "script",
    "sheets",
    "told",
    "verify",
]


def script() -> bytes:
    """The verifier as one file: what verify.py imports of this package stands in it, in the place of the imports."""
    folder = Path(__file__).parent
    modules = [(folder / f"{name}.py").read_text("utf-8") for name in ("documents", "files", "sums", "verify")]
    whole = "".join(one.partition("from __future__ import annotations\n")[2] for one in modules[:-1])
    first, *others = _IMPORT.split(modules[-1])
    assert len(others) == 3, "verify.py imports documents.py, files.py and sums.py, each once"  # noqa: S101
    return "".join([first, _IMPORT.sub("", whole).strip(), "\n", *others]).encode()


_IMPORT = re.compile(r"^from etl\.proof\..* import .*\n", re.MULTILINE)
