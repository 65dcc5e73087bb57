"""What the console shows, page by page: each function reads, writes nothing, and answers in one go.

`units`: of an account that sees its own units only, their codes with the first day in force (see Account); None sees
everything. Whatever lies outside is as if it were not there: NotSeen, the same as for a unit that never was.
"""

from etl.pipeline.pages.accounts import account
from etl.pipeline.pages.desk import Desk, NotSeen, Units
from etl.pipeline.pages.findings import findings
from etl.pipeline.pages.forms import File, copy_of, form_place, preview
from etl.pipeline.pages.overview import overview
from etl.pipeline.pages.quarantine import quarantine
from etl.pipeline.pages.report import quality_of, style
from etl.pipeline.pages.restatements import restatement, waiting
from etl.pipeline.pages.sources import sources
from etl.pipeline.pages.trace import trace_cell
from etl.pipeline.pages.unit import unit, units

__all__ = [
    "Desk",
    "File",
    "NotSeen",
    "Units",
    "account",
    "copy_of",
    "findings",
    "form_place",
    "overview",
    "preview",
    "quality_of",
    "quarantine",
    "restatement",
    "sources",
    "style",
    "trace_cell",
    "unit",
    "units",
    "waiting",
]
