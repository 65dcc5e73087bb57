"""The proof of an issued form that needs nothing of this project: its cells, its bundle, a verifier of one file."""

import re
from pathlib import Path

from etl.proof.documents import Cell, read_cells, sheets
from etl.proof.verify import Rows, of_whole, ratio, told, verify

__all__ = ["Cell", "Rows", "of_whole", "ratio", "read_cells", "script", "sheets", "told", "verify"]


def script() -> bytes:
    """The verifier as one file: verify.py with what it imports from documents.py in the place of that import."""
    verifier, documents = (Path(__file__).with_name(name).read_text("utf-8") for name in ("verify.py", "documents.py"))
    whole = documents.partition("from __future__ import annotations\n")[2].strip()
    made, count = re.subn(r"from etl\.proof\.documents import .*\n", lambda _: f"{whole}\n", verifier)
    assert count == 1, "verify.py imports documents.py once"  # noqa: S101
    return made.encode()
