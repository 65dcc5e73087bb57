"""The quality report for who decides what is published: its parts, and how it reads as a page, a PDF, JSON and CSV.

Pure: plain values in, JSON-able dicts and text out. Nothing of it reaches outside: no address, font or script.
"""

from __future__ import annotations

from etl.report.criteria import CRITERIA, MEASURES, criteria
from etl.report.ess import validation_report, validations
from etl.report.formats import Lang
from etl.report.html import fragment, page, style
from etl.report.issues import alike, dated, issues, open_findings, outcomes, ranked
from etl.report.listing import table
from etl.report.mirror import mirror
from etl.report.pdf import pdf
from etl.report.question import question
from etl.report.rows import SEVERITIES, Holder, Known, rows

__all__ = [
    "CRITERIA",
    "MEASURES",
    "SEVERITIES",
    "Holder",
    "Known",
    "Lang",
    "alike",
    "criteria",
    "dated",
    "fragment",
    "issues",
    "mirror",
    "open_findings",
    "outcomes",
    "page",
    "pdf",
    "question",
    "ranked",
    "rows",
    "style",
    "table",
    "validation_report",
    "validations",
]
