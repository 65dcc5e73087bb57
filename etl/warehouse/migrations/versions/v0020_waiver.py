"""Waivers: those about the period of a load, what became of each, and which findings it let pass."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

LOSES = (
    "miễn trừ nào cho lỗi nào của lần nạp nào đi qua; các biểu đã lập vẫn ghi chúng / "
    "which waiver let which finding of which load pass; the issued forms still say it"
)

_TITLE = "Miễn trừ trong từng lần nạp / Waivers in each load"
_COLUMNS = {
    "load": ("lan_nap", "Lần nạp / Load"),
    "id": ("ma", "Mã miễn trừ / Id of the waiver"),
    "state": (
        "tinh_trang",
        "used đã dùng, idle không khớp lỗi nào, expired hết hạn nên không có tác dụng / "
        "used, idle - matched nothing, expired - had no effect",
    ),
    "findings": ("so_loi", "Số lỗi được miễn / How many findings it let pass"),
    "dataset": ("bo_du_lieu", "Bộ số liệu của quy tắc, hoặc across / Dataset of the rule, or across"),
    "rule": ("quy_tac", "Mã quy tắc / Id of the rule"),
    "source": ("nguon", "Nguồn số liệu / Source"),
    "periods": ("cac_ky", "Các kỳ được miễn / Periods that it is about"),
    "reason": ("ly_do", "Lý do / Reason"),
    "owner": ("chiu_trach_nhiem", "Ai chịu trách nhiệm về số liệu / Who answers for the figures"),
    "agreed_by": ("nguoi_dong_y", "Ai đồng ý / Who agreed"),
    "expires": ("het_han", "Ngày cuối còn hiệu lực / Last day on which a run heeds it"),
    "unit": ("don_vi", "Đơn vị; trống: bất kỳ / Unit; null: any"),
    "tier": ("cap", "Cấp giải quyết; trống: bất kỳ / Tier; null: any"),
    "field": ("linh_vuc", "Lĩnh vực hoặc thủ tục; trống: bất kỳ / Field or procedure; null: any"),
    "measure": ("chi_so", "Chỉ số, với quy tắc đặt hai số cạnh nhau / Measure, of a rule over two figures"),
    "value": ("so_lieu", "Số liệu được miễn; trống: bất kỳ / The figures; null: any"),
    "expected": ("so_doi_chieu", "Số đối chiếu; trống: bất kỳ / The figure it is held against; null: any"),
}
_OF_FINDING = {
    "tier": "Cấp giải quyết của dòng, của hai số đặt cạnh nhau / Tier of the row, or of the two figures",
    "waiver": "Miễn trừ đã cho lỗi này đi qua / Waiver that lets it pass",
}


def upgrade() -> None:
    op.execute("""
        CREATE TABLE baocao.waiver (
            load bigint NOT NULL REFERENCES baocao.load,
            id text COLLATE "C" NOT NULL,
            state text NOT NULL CHECK (state IN ('used', 'idle', 'expired')),
            findings bigint NOT NULL CHECK ((findings > 0) = (state = 'used')),
            dataset text COLLATE "C" NOT NULL,
            rule text COLLATE "C" NOT NULL,
            source text COLLATE "C" NOT NULL,
            periods text[] NOT NULL CHECK (cardinality(periods) > 0),
            reason text NOT NULL CHECK (reason <> ''),
            owner text NOT NULL CHECK (owner <> ''),
            agreed_by text NOT NULL CHECK (agreed_by <> ''),
            expires date NOT NULL,
            unit text COLLATE "C",
            tier text COLLATE "C",
            field text COLLATE "C",
            measure text COLLATE "C",
            value text,
            expected text,
            PRIMARY KEY (load, id)
        )""")
    op.execute("CALL baocao.make_insert_only('baocao.waiver')")
    for column, comment in _OF_FINDING.items():
        op.execute(f'ALTER TABLE baocao.finding ADD COLUMN {column} text COLLATE "C"')
        op.execute(f"COMMENT ON COLUMN baocao.finding.{column} IS '{comment}'")
    op.execute(
        "ALTER TABLE baocao.finding ADD CONSTRAINT finding_waiver FOREIGN KEY (load, waiver) REFERENCES baocao.waiver, "
        "ADD CONSTRAINT finding_waived CHECK (waiver IS NULL OR severity = 'info')"
    )
    told = ", ".join(_COLUMNS)
    in_vietnamese = ", ".join(f"{name} AS {other}" for name, (other, _) in _COLUMNS.items())
    op.execute(f"COMMENT ON TABLE baocao.waiver IS '{_TITLE}'")
    for view, query in {
        "reporting.waiver": f"SELECT {told} FROM baocao.waiver",
        "bao_cao.mien_tru": f"SELECT {in_vietnamese} FROM reporting.waiver",
    }.items():
        op.execute(f"CREATE VIEW {view} WITH (security_invoker = true) AS {query}")
        op.execute(f"COMMENT ON VIEW {view} IS '{_TITLE}'")
    for name, (other, comment) in _COLUMNS.items():
        for column in (f"baocao.waiver.{name}", f"reporting.waiver.{name}", f"bao_cao.mien_tru.{other}"):
            op.execute(f"COMMENT ON COLUMN {column} IS '{comment}'")
    op.execute("""
        INSERT INTO baocao.access (relation, loader, reviewer, reader, unit) VALUES
            ('baocao.waiver', '', 'SELECT', '', ''),
            ('reporting.waiver', '', 'SELECT', '', ''), ('bao_cao.mien_tru', '', 'SELECT', '', '')""")
    op.execute("CALL baocao.grant_roles()")


def downgrade() -> None:
    op.execute("CALL baocao.revoke_roles()")
    op.execute("DELETE FROM baocao.access WHERE relation IN ('baocao.waiver', 'reporting.waiver', 'bao_cao.mien_tru')")
    op.execute("ALTER TABLE baocao.finding DROP COLUMN tier, DROP COLUMN waiver")
    op.execute("DROP VIEW bao_cao.mien_tru; DROP VIEW reporting.waiver; DROP TABLE baocao.waiver")
    op.execute("CALL baocao.grant_roles()")
