"""The verbs composed: the only place that knows them all.

Each function reads the environment, takes and returns small JSON-able things (ids, period keys,
counts), and leaves its result in the store or the warehouse, so that each can be a task of its own
on a machine of its own. The parts have the names of the DAGs: collect, standardize, publish.
"""

from etl.pipeline.annual import annual
from etl.pipeline.as_of import forms_as_of
from etl.pipeline.bundle import bundle, verify_bundle
from etl.pipeline.calendar import calendar, calendar_delay_hours, confirm_delay_hours
from etl.pipeline.collect import (
    catalog_check,
    collect,
    collect_all,
    coverage,
    plan,
    plan_again,
    prepare,
    sources,
    warm_up,
)
from etl.pipeline.database import (
    database_accounts,
    database_downgrade,
    database_grant,
    database_revoke,
    database_status,
    database_upgrade,
)
from etl.pipeline.days import days_of, with_days
from etl.pipeline.draft import platform_draft, source_new
from etl.pipeline.earlier import chain, growth
from etl.pipeline.export import export
from etl.pipeline.figures import events, facts, restated, units
from etl.pipeline.loading import record, run_from_landed
from etl.pipeline.narrating import narrate, narratives
from etl.pipeline.portal import source_check
from etl.pipeline.printing import add_pdf
from etl.pipeline.publish import copy_issue, fill_forms, forms, issued, publish, summary
from etl.pipeline.quality_report import (
    quality_page,
    quality_pdf,
    quality_ready,
    quality_report,
    quality_rows,
    validation_report,
)
from etl.pipeline.quarantine import quarantine
from etl.pipeline.question import answer, question
from etl.pipeline.restatements import approve, lock, lock_due, reject, restatements
from etl.pipeline.review import decide, review
from etl.pipeline.rules import prove_rules, rule_outcomes
from etl.pipeline.standardize import check, compute, datasets, parse
from etl.pipeline.standings import freeze, import_receipts, standings
from etl.pipeline.tracing import trace, traces
from etl.pipeline.verifying import verify_chain, verify_print
from etl.pipeline.watch import alert_on, reminded, reminder, watch

__all__ = [
    "add_pdf",
    "alert_on",
    "annual",
    "answer",
    "approve",
    "bundle",
    "calendar",
    "calendar_delay_hours",
    "catalog_check",
    "chain",
    "check",
    "collect",
    "collect_all",
    "compute",
    "confirm_delay_hours",
    "copy_issue",
    "coverage",
    "database_accounts",
    "database_downgrade",
    "database_grant",
    "database_revoke",
    "database_status",
    "database_upgrade",
    "datasets",
    "days_of",
    "decide",
    "events",
    "export",
    "facts",
    "fill_forms",
    "forms",
    "forms_as_of",
    "freeze",
    "growth",
    "import_receipts",
    "issued",
    "lock",
    "lock_due",
    "narrate",
    "narratives",
    "parse",
    "plan",
    "plan_again",
    "platform_draft",
    "prepare",
    "prove_rules",
    "publish",
    "quality_page",
    "quality_pdf",
    "quality_ready",
    "quality_report",
    "quality_rows",
    "quarantine",
    "question",
    "record",
    "reject",
    "reminded",
    "reminder",
    "restated",
    "restatements",
    "review",
    "rule_outcomes",
    "run_from_landed",
    "source_check",
    "source_new",
    "sources",
    "standings",
    "summary",
    "trace",
    "traces",
    "units",
    "validation_report",
    "verify_bundle",
    "verify_chain",
    "verify_print",
    "warm_up",
    "watch",
    "with_days",
]
