"""Alembic's environment: the connection comes from the caller, so no ini file and no second way to configure."""

from __future__ import annotations

from alembic import context

from etl.warehouse.schema import SCHEMA, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
