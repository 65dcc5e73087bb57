"""Who may what, as a table with one rule for whatever a later migration adds; a reviewer's login locks and decides."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LOSES = (
    "quyền của từng vai trò trên từng bảng như đã đặt; người duyệt lại cần quyền của loader / "
    "the rights of each role as they were set; a reviewer needs the loader's again"
)

_AS_0011_HAS_IT = """
        FOR secured IN SELECT c.oid::regclass FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE t.tgname = 'insert_only' AND c.relnamespace = 'baocao'::regnamespace AND NOT c.relispartition LOOP
            EXECUTE format('GRANT INSERT ON %s TO baocao_loader', secured);
        END LOOP;
"""


def upgrade() -> None:
    _run(Path(__file__).with_name("v0012_access.sql").read_text("utf-8"))
    _run("CALL baocao.grant_roles()")


def downgrade() -> None:
    _run("CALL baocao.revoke_roles()")
    _run("DROP PROCEDURE baocao.grant_roles(); DROP PROCEDURE baocao.revoke_roles()")
    _run("DROP PROCEDURE baocao.grant_role(text, regclass, text, text); DROP TABLE baocao.access")
    roles = Path(__file__).with_name("v0009_roles.sql").read_text("utf-8")
    first = "        GRANT UPDATE ON baocao.unit"
    _run(roles[roles.index("CREATE PROCEDURE baocao.grant_roles()") :].replace(first, _AS_0011_HAS_IT + first, 1))
    _run("CALL baocao.grant_roles()")


def _run(statement: str) -> None:
    """By the driver's own cursor: SQLAlchemy would read the colons and percent signs of the SQL as parameters."""
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
