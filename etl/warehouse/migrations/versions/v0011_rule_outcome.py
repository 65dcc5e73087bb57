"""What each rule said in a load, with the validation result that it rests on; figures that no rule could judge."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LOSES = (
    "kết quả từng quy tắc của các lần nạp, và biên bản kiểm tra của Great Expectations / "
    "what each rule said in the loads, and the validation results of Great Expectations"
)

_COMMENTS = {
    "rule_outcome": {
        "": "Kết quả của từng quy tắc trong một lần nạp / What each rule said in a load",
        "load": "Lần nạp / Load",
        "dataset": "Bộ số liệu / Dataset",
        "rule": "Mã quy tắc / Id of the rule",
        "position": "Thứ tự trong lần nạp / Order within the load",
        "title_vi": "Tên quy tắc, tiếng Việt / Title of the rule in Vietnamese",
        "title_en": "Tên quy tắc, tiếng Anh / Title of the rule in English",
        "severity": "Mức: critical, warning, info / Severity",
        "dimension": "Tiêu chí chất lượng: completeness, accuracy, coherence, timeliness, comparability / "
        "Quality dimension of the European Statistical System",
        "law": "Căn cứ: cột của biểu, văn bản / Column of the form, or document that the rule stands on",
        "kind": "row - từng dòng, table - cả bộ / row - each row, table - the whole",
        "state": "pass đạt, fail không đạt, error không chạy được, waived được miễn, not_run chưa chạy / "
        "pass, fail, error - could not run, waived, not_run - had nothing to judge",
        "judged": "Số dòng, hoặc số nguồn với quy tắc cả bộ, đã kiểm tra / Rows judged; of a table rule, sources",
        "broken": "Số vi phạm, kể cả của nguồn chỉ để đối chiếu / Violations, also of sources for comparison",
        "waived": "Số vi phạm được miễn / Violations that a waiver lets pass",
        "sources": "Số vi phạm của từng nguồn / Violations by source",
        "proven": "Có bắt được dòng sai trồng thử không; trống: không thử / Whether it fired on a record "
        "planted to break it; null: none was",
        "reason": "Vì sao không chạy được, không chạy / Why error or not_run",
    },
    "validation": {
        "": "Biên bản của Great Expectations, để kiểm toán / Validation results of Great Expectations, for audit",
        "load": "Lần nạp / Load",
        "dataset": "Bộ số liệu / Dataset",
        "suite_version": "Phiên bản bộ quy tắc / Version of the suite",
        "result": "Biên bản, JSON / The validation result, JSON",
    },
}

_LOADS_ALL = """
        GRANT INSERT ON baocao.unit, baocao.indicator, baocao.field, baocao.form TO baocao_loader;
        FOR secured IN SELECT c.oid::regclass FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE t.tgname = 'insert_only' AND c.relnamespace = 'baocao'::regnamespace AND NOT c.relispartition LOOP
            EXECUTE format('GRANT INSERT ON %s TO baocao_loader', secured);
        END LOOP;"""


def upgrade() -> None:
    op.execute("""
        CREATE TABLE baocao.rule_outcome (
            load bigint NOT NULL REFERENCES baocao.load,
            dataset text COLLATE "C" NOT NULL,
            rule text COLLATE "C" NOT NULL,
            position integer NOT NULL,
            title_vi text NOT NULL,
            title_en text NOT NULL,
            severity text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
            dimension text NOT NULL,
            law text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('row', 'table')),
            state text NOT NULL CHECK (state IN ('pass', 'fail', 'error', 'waived', 'not_run')),
            judged bigint NOT NULL,
            broken bigint NOT NULL,
            waived bigint NOT NULL CHECK (waived BETWEEN 0 AND broken),
            sources jsonb NOT NULL,
            proven boolean,
            reason text NOT NULL,
            PRIMARY KEY (load, dataset, rule),
            CHECK (state <> 'pass' OR broken = 0),
            CHECK (state <> 'waived' OR waived = broken AND broken > 0),
            CHECK ((reason <> '') = (state IN ('error', 'not_run')))
        )""")
    op.execute("""
        CREATE TABLE baocao.validation (
            load bigint NOT NULL REFERENCES baocao.load,
            dataset text COLLATE "C" NOT NULL,
            suite_version integer NOT NULL,
            result jsonb NOT NULL,
            PRIMARY KEY (load, dataset)
        )""")
    for table, comments in _COMMENTS.items():
        op.execute(f"CALL baocao.make_insert_only('baocao.{table}')")
        for column, comment in comments.items():
            what = f"COLUMN baocao.{table}.{column}" if column else f"TABLE baocao.{table}"
            op.execute(f"COMMENT ON {what} IS '{comment}'")
    # A table that a later revision makes insert-only is the loader's to fill, without being named again.
    _grant_roles(re.sub(r"GRANT INSERT ON .*? TO baocao_loader;", _LOADS_ALL, _granting(), count=1, flags=re.DOTALL))


def downgrade() -> None:
    _grant_roles(_granting())
    op.execute("DROP TABLE baocao.validation")
    op.execute("DROP TABLE baocao.rule_outcome")


def _granting() -> str:
    """The procedure that sets the rights of the roles, as revision 0009 made it."""
    roles = Path(__file__).with_name("v0009_roles.sql").read_text("utf-8")
    start = roles.index("CREATE PROCEDURE baocao.grant_roles()")
    return roles[start : roles.index("END $$;", start) + len("END $$;")]


def _grant_roles(procedure: str) -> None:
    bind = op.get_bind()
    bind.exec_driver_sql(procedure.replace("CREATE", "CREATE OR REPLACE", 1).replace("%", "%%"))
    bind.exec_driver_sql("CALL baocao.grant_roles()")
