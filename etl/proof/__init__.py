"""The proof of an issued form that needs nothing of this project: its cells, its bundle, a verifier of one file."""

from etl.proof.verify import Cell, Rows, of_whole, ratio, read_cells, sheets, told, verify

__all__ = ["Cell", "Rows", "of_whole", "ratio", "read_cells", "sheets", "told", "verify"]
