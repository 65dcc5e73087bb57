"""The tables of schema `baocao` as the queries name them; migrations/versions/*.sql is what makes them.

What each column means is written in the database (COMMENT ON); a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Integer,
    Numeric,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from etl.warehouse.columns import SCHEMA, key, metadata, texts

__all__ = ["SCHEMA", "metadata"]

unit = Table(
    "unit",
    metadata,
    key("code", Text),
    *texts("name", "level", "type"),
    *texts("parent", nullable=True),
    key("valid_from", Date),
    Column("valid_to", Date),
    Column("verified", Boolean, nullable=False),
    *texts("source"),
)
indicator = Table(
    "indicator", metadata, key("code", Text), *texts("dataset", "title_vi", "title_en", "unit_vi", "unit_en", "law")
)
field = Table("field", metadata, key("code", Text), *texts("name"))
form = Table(
    "form",
    metadata,
    key("number", Text),
    *texts("name", "dataset", "law"),
    Column("official", Boolean, nullable=False),
)
account_unit = Table(
    "account_unit",
    metadata,
    *(key(name, Text) for name in ("account", "unit")),
    key("valid_from", Date),
    Column("granted_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("granted_by", Text, nullable=False, server_default=text("SESSION_USER")),
)
load = Table(
    "load",
    metadata,
    key("id", BigInteger),
    *texts("period"),
    Column("last_day", Date, nullable=False),
    *texts("run", "catalog_version", "rules_version"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("facts_new", Integer, nullable=False),
    Column("facts_revised", Integer, nullable=False),
    Column("facts_same", Integer, nullable=False),
    Column("withheld", JSONB, nullable=False),
    *texts("units_sha256", "catalog_revision", nullable=True),
)
fact = Table(
    "fact",
    metadata,
    *(key(name, Text) for name in ("period", "unit", "indicator", "tier", "field")),
    key("revision", Integer),
    Column("value", Numeric(20, 4)),
    *texts("reason", nullable=True),
    Column("leaf", Boolean, nullable=False),
    *texts("state", "revision_reason"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("load", BigInteger, nullable=False),
    postgresql_partition_by="LIST (period)",
)
receipt = Table(
    "receipt",
    metadata,
    key("id", Text),
    Column("load", BigInteger, nullable=False),
    *texts("source", "period"),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    *texts("state", "message"),
    Column("rows", Integer, nullable=False),
    Column("proof", ARRAY(Text), nullable=False),
)
payload = Table(
    "payload",
    metadata,
    key("receipt", Text),
    key("position", Integer),
    *texts("sha256", "uri"),
    Column("size", BigInteger, nullable=False),
    *texts("media_type"),
    Column("status", Integer, nullable=False),
    *texts("method", "address", "request"),
    Column("fetched_at", DateTime(timezone=True), nullable=False),
    *texts("field", nullable=True),
    Column("first_day", Date),
    Column("last_day", Date),
)
load_source = Table(
    "load_source",
    metadata,
    key("load", BigInteger),
    key("source", Text),
    *texts("state", "receipt"),
    *texts("dataset", nullable=True),
    Column("rows", Integer, nullable=False),
    *texts("rows_sha256", nullable=True),
    Column("rows_load", BigInteger),
    Column("role", Text, nullable=False, server_default="reporting"),
)
standard_row = Table(
    "standard_row",
    metadata,
    key("load", BigInteger),
    key("source", Text),
    key("position", Integer),
    *texts("dataset", "payload", "pointer", "agency"),
    *texts("unit", "tier", "field", "field_raw", "problem", "problem_rule", nullable=True),
    *texts("raw"),
    Column("values", JSONB, nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
)
quarantine = Table(
    "quarantine",
    metadata,
    key("load", BigInteger),
    key("position", Integer),
    *texts("dataset"),
    Column("rules", ARRAY(Text), nullable=False),
    *texts("messages", "source", "payload", "pointer", "agency"),
    *texts("unit", "tier", "field", "problem", nullable=True),
    *texts("raw"),
    Column("values", JSONB, nullable=False),
)
finding = Table(
    "finding",
    metadata,
    key("load", BigInteger),
    key("position", Integer),
    *texts("rule", "severity", "source", "period", "message"),
    *texts("unit", "field", "payload", nullable=True),
    *texts("row", "column", "value", "expected"),
    *texts("other_source", "other_period", "other_payload", "other_row", nullable=True),
    *texts("tier", "waiver", nullable=True),
)
waiver = Table(
    "waiver",
    metadata,
    key("load", BigInteger),
    key("id", Text),
    *texts("state", "dataset", "rule", "source", "reason", "owner", "agreed_by"),
    Column("findings", BigInteger, nullable=False),
    Column("periods", ARRAY(Text), nullable=False),
    Column("expires", Date, nullable=False),
    *texts("unit", "tier", "field", "measure", "value", "expected", nullable=True),
)
hole = Table(
    "hole",
    metadata,
    key("load", BigInteger),
    key("position", Integer),
    *texts("dataset", "source", "province"),
    *texts("unit", "tier", "field", nullable=True),
    *texts("reason"),
)
rule_outcome = Table(
    "rule_outcome",
    metadata,
    key("load", BigInteger),
    key("dataset", Text),
    key("rule", Text),
    Column("position", Integer, nullable=False),
    *texts("title_vi", "title_en", "severity", "dimension", "law", "kind", "state"),
    Column("judged", BigInteger, nullable=False),
    Column("broken", BigInteger, nullable=False),
    Column("waived", BigInteger, nullable=False),
    Column("sources", JSONB, nullable=False),
    Column("proven", Boolean),
    *texts("reason"),
    Column("unknown", BigInteger, nullable=False, server_default=text("0")),
)
validation = Table(
    "validation",
    metadata,
    key("load", BigInteger),
    key("dataset", Text),
    Column("suite_version", Integer, nullable=False),
    Column("result", JSONB, nullable=False),
)
form_issue = Table(
    "form_issue",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    *texts("form", "unit", "period"),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    *texts("sha256", "uri"),
)
obligation = Table(
    "obligation",
    metadata,
    *(key(name, Text) for name in ("form", "period", "unit")),
    *texts("level", "name", "type", "province"),
    Column("due_on", Date, nullable=False),
    Column("due_verified", Boolean, nullable=False),
    Column("frozen_at", DateTime(timezone=True), nullable=False),
    *texts("catalog_version"),
)
submission = Table(
    "submission",
    metadata,
    *(key(name, Text) for name in ("form", "period", "unit")),
    Column("received_at", DateTime(timezone=True), primary_key=True),
    key("kind", Text),
    *texts("origin", "evidence"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
reminder = Table(
    "reminder",
    metadata,
    key("day", Date),
    key("unit", Text),
    *texts("address", "subject", "html"),
    Column("sent_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
publication = Table(
    "publication",
    metadata,
    key("period", Text),
    Column("published_at", DateTime(timezone=True), nullable=False),
    *texts("published_by", "reason"),
)
restatement = Table(
    "restatement",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    *texts("period"),
    Column("load", BigInteger, nullable=False),
    Column("base_load", BigInteger, nullable=False),
    *texts("code"),
    Column("facts", Integer, nullable=False),
    *texts("sha256"),
    Column("gaps", Boolean, nullable=False, server_default=text("true")),
)
restatement_fact = Table(
    "restatement_fact",
    metadata,
    key("restatement", BigInteger),
    *(key(name, Text) for name in ("unit", "indicator", "tier", "field")),
    Column("revision", Integer, nullable=False),
    Column("value", Numeric(20, 4)),
    *texts("reason", nullable=True),
    Column("leaf", Boolean, nullable=False),
    *texts("state", "revision_reason", "code"),
)
waiting_load = Table(
    "waiting_load", metadata, key("load", BigInteger), Column("restatement", BigInteger, nullable=False)
)
restatement_decision = Table(
    "restatement_decision",
    metadata,
    key("restatement", BigInteger),
    *texts("verdict"),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    *texts("decided_by", "reason"),
    *texts("code", nullable=True),
    Column("load", BigInteger),
)
review = Table(
    "review",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    *texts("period", "run", "sha256", "verdict", "decided_by", "reason"),
    Column("findings", Integer, nullable=False),
    Column("sources", ARRAY(Text), nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
)
seal = Table(
    "seal",
    metadata,
    key("number", BigInteger),
    *texts("kind", "of"),
    *texts("parts", nullable=True),
    *texts("content", "previous", "sha256"),
)
access = Table("access", metadata, key("relation", Text), *texts("loader", "reviewer", "reader", "unit"))
