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
    MetaData,
    Numeric,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

SCHEMA = "baocao"
metadata = MetaData(schema=SCHEMA)


def _key(name: str, kind: type[BigInteger | Integer | Text | Date]) -> Column[object]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _text(*names: str, nullable: bool = False) -> list[Column[str]]:
    return [Column(name, Text, nullable=nullable) for name in names]


unit = Table(
    "unit",
    metadata,
    _key("code", Text),
    *_text("name", "level", "type"),
    *_text("parent", nullable=True),
    _key("valid_from", Date),
    Column("valid_to", Date),
    Column("verified", Boolean, nullable=False),
    *_text("source"),
)
indicator = Table(
    "indicator",
    metadata,
    _key("code", Text),
    *_text("dataset", "title_vi", "title_en", "unit_vi", "unit_en", "law"),
)
field = Table("field", metadata, _key("code", Text), *_text("name"))
form = Table(
    "form",
    metadata,
    _key("number", Text),
    *_text("name", "dataset", "law"),
    Column("official", Boolean, nullable=False),
)
account_unit = Table(
    "account_unit",
    metadata,
    *(_key(name, Text) for name in ("account", "unit")),
    _key("valid_from", Date),
    Column("granted_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("granted_by", Text, nullable=False, server_default=text("SESSION_USER")),
)
load = Table(
    "load",
    metadata,
    _key("id", BigInteger),
    *_text("period"),
    Column("last_day", Date, nullable=False),
    *_text("run", "catalog_version", "rules_version"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("facts_new", Integer, nullable=False),
    Column("facts_revised", Integer, nullable=False),
    Column("facts_same", Integer, nullable=False),
    Column("withheld", JSONB, nullable=False),
    *_text("units_sha256", "catalog_revision", nullable=True),
)
fact = Table(
    "fact",
    metadata,
    *(_key(name, Text) for name in ("period", "unit", "indicator", "tier", "field")),
    _key("revision", Integer),
    Column("value", Numeric(20, 4)),
    *_text("reason", nullable=True),
    Column("leaf", Boolean, nullable=False),
    *_text("state", "revision_reason"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("load", BigInteger, nullable=False),
    postgresql_partition_by="LIST (period)",
)
receipt = Table(
    "receipt",
    metadata,
    _key("id", Text),
    Column("load", BigInteger, nullable=False),
    *_text("source", "period"),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    *_text("state", "message"),
    Column("rows", Integer, nullable=False),
    Column("proof", ARRAY(Text), nullable=False),
)
payload = Table(
    "payload",
    metadata,
    _key("receipt", Text),
    _key("position", Integer),
    *_text("sha256", "uri"),
    Column("size", BigInteger, nullable=False),
    *_text("media_type"),
    Column("status", Integer, nullable=False),
    *_text("method", "address", "request"),
    Column("fetched_at", DateTime(timezone=True), nullable=False),
    *_text("field", nullable=True),
    Column("first_day", Date),
    Column("last_day", Date),
)
load_source = Table(
    "load_source",
    metadata,
    _key("load", BigInteger),
    _key("source", Text),
    *_text("state", "receipt"),
    *_text("dataset", nullable=True),
    Column("rows", Integer, nullable=False),
    *_text("rows_sha256", nullable=True),
    Column("rows_load", BigInteger),
    Column("role", Text, nullable=False, server_default="reporting"),
)
standard_row = Table(
    "standard_row",
    metadata,
    _key("load", BigInteger),
    _key("source", Text),
    _key("position", Integer),
    *_text("dataset", "payload", "pointer", "agency"),
    *_text("unit", "tier", "field", "field_raw", "problem", "problem_rule", nullable=True),
    *_text("raw"),
    Column("values", JSONB, nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
)
quarantine = Table(
    "quarantine",
    metadata,
    _key("load", BigInteger),
    _key("position", Integer),
    *_text("dataset"),
    Column("rules", ARRAY(Text), nullable=False),
    *_text("messages", "source", "payload", "pointer", "agency"),
    *_text("unit", "tier", "field", "problem", nullable=True),
    *_text("raw"),
    Column("values", JSONB, nullable=False),
)
finding = Table(
    "finding",
    metadata,
    _key("load", BigInteger),
    _key("position", Integer),
    *_text("rule", "severity", "source", "period", "message"),
    *_text("unit", "field", "payload", nullable=True),
    *_text("row", "column", "value", "expected"),
    *_text("other_source", "other_period", "other_payload", "other_row", nullable=True),
    *_text("tier", "waiver", nullable=True),
)
waiver = Table(
    "waiver",
    metadata,
    _key("load", BigInteger),
    _key("id", Text),
    *_text("state"),
    Column("findings", BigInteger, nullable=False),
    *_text("dataset", "rule", "source"),
    Column("periods", ARRAY(Text), nullable=False),
    *_text("reason", "owner", "agreed_by"),
    Column("expires", Date, nullable=False),
    *_text("unit", "tier", "field", "measure", "value", "expected", nullable=True),
)
hole = Table(
    "hole",
    metadata,
    _key("load", BigInteger),
    _key("position", Integer),
    *_text("dataset", "source", "province"),
    *_text("unit", "tier", "field", nullable=True),
    *_text("reason"),
)
rule_outcome = Table(
    "rule_outcome",
    metadata,
    _key("load", BigInteger),
    _key("dataset", Text),
    _key("rule", Text),
    Column("position", Integer, nullable=False),
    *_text("title_vi", "title_en", "severity", "dimension", "law", "kind", "state"),
    Column("judged", BigInteger, nullable=False),
    Column("broken", BigInteger, nullable=False),
    Column("waived", BigInteger, nullable=False),
    Column("sources", JSONB, nullable=False),
    Column("proven", Boolean),
    *_text("reason"),
    Column("unknown", BigInteger, nullable=False, server_default=text("0")),
)
validation = Table(
    "validation",
    metadata,
    _key("load", BigInteger),
    _key("dataset", Text),
    Column("suite_version", Integer, nullable=False),
    Column("result", JSONB, nullable=False),
)
form_issue = Table(
    "form_issue",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    *_text("form", "unit", "period"),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    *_text("sha256", "uri"),
)
obligation = Table(
    "obligation",
    metadata,
    *(_key(name, Text) for name in ("form", "period", "unit")),
    *_text("level", "name", "type", "province"),
    Column("due_on", Date, nullable=False),
    Column("due_verified", Boolean, nullable=False),
    Column("frozen_at", DateTime(timezone=True), nullable=False),
    *_text("catalog_version"),
)
submission = Table(
    "submission",
    metadata,
    *(_key(name, Text) for name in ("form", "period", "unit")),
    Column("received_at", DateTime(timezone=True), primary_key=True),
    _key("kind", Text),
    *_text("origin", "evidence"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
reminder = Table(
    "reminder",
    metadata,
    _key("day", Date),
    _key("unit", Text),
    *_text("address", "subject", "html"),
    Column("sent_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
publication = Table(
    "publication",
    metadata,
    _key("period", Text),
    Column("published_at", DateTime(timezone=True), nullable=False),
    *_text("published_by", "reason"),
)
restatement = Table(
    "restatement",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    *_text("period"),
    Column("load", BigInteger, nullable=False),
    Column("base_load", BigInteger, nullable=False),
    *_text("code"),
    Column("facts", Integer, nullable=False),
    *_text("sha256"),
    Column("gaps", Boolean, nullable=False, server_default=text("true")),
)
restatement_fact = Table(
    "restatement_fact",
    metadata,
    _key("restatement", BigInteger),
    *(_key(name, Text) for name in ("unit", "indicator", "tier", "field")),
    Column("revision", Integer, nullable=False),
    Column("value", Numeric(20, 4)),
    *_text("reason", nullable=True),
    Column("leaf", Boolean, nullable=False),
    *_text("state", "revision_reason", "code"),
)
waiting_load = Table(
    "waiting_load", metadata, _key("load", BigInteger), Column("restatement", BigInteger, nullable=False)
)
restatement_decision = Table(
    "restatement_decision",
    metadata,
    _key("restatement", BigInteger),
    *_text("verdict"),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    *_text("decided_by", "reason"),
    *_text("code", nullable=True),
    Column("load", BigInteger),
)
review = Table(
    "review",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    *_text("period", "run", "sha256", "verdict", "decided_by", "reason"),
    Column("findings", Integer, nullable=False),
    Column("sources", ARRAY(Text), nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
)
seal = Table(
    "seal",
    metadata,
    _key("number", BigInteger),
    *_text("kind", "of"),
    *_text("parts", nullable=True),
    *_text("content", "previous", "sha256"),
)
access = Table("access", metadata, _key("relation", Text), *_text("loader", "reviewer", "reader", "unit"))
