"""The first load of a period fills its partition before it has an index."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

LOSES = "không mất gì / nothing"

_OF_BEFORE = """
CREATE OR REPLACE FUNCTION baocao.fact_partition(wanted text) RETURNS regclass
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'fact_' || lower(replace(wanted, '-', '_'));
    found regclass := to_regclass(format('baocao.%I', name));
BEGIN
    IF found IS NULL THEN
        EXECUTE format('CREATE TABLE baocao.%I (LIKE baocao.fact INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE baocao.fact ATTACH PARTITION baocao.%I FOR VALUES IN (%L)', name, wanted);
        found := format('baocao.%I', name)::regclass;
        CALL baocao.make_insert_only(found);
    END IF;
    RETURN found;
END $$"""


def upgrade() -> None:
    _run(Path(__file__).with_name("v0015_first_load.sql").read_text("utf-8"))


def downgrade() -> None:
    """Seals of recipe 2 stay, and want the code that knows it."""
    _run("DROP FUNCTION baocao.fresh_fact_partition(text)")
    _run(_OF_BEFORE)
    _run(
        "ALTER TABLE baocao.standard_row ALTER COLUMN pointer SET STATISTICS -1, ALTER COLUMN raw SET STATISTICS -1, "
        'ALTER COLUMN "values" SET STATISTICS -1'
    )


def _run(statement: str) -> None:
    """By the driver's own cursor: SQLAlchemy would read the colons and percent signs of the SQL as parameters."""
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
