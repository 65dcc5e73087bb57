"""What is published: star-shaped views in English (reporting) and Vietnamese (bao_cao), each as of any moment; roles.

Every view runs with the rights of who asks (security_invoker), so the row-level security of the tables below holds.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LOSES = (
    "tài khoản nào được xem đơn vị nào, các khung nhìn reporting và bao_cao; các vai trò mất quyền, vai trò vẫn còn / "
    "which account sees which unit, and the views of reporting and bao_cao; roles lose their rights and stay"
)

_COLUMNS = {
    "period": ("ky", "Kỳ báo cáo, ví dụ 2026-Q3 / Reporting period such as 2026-Q3"),
    "kind": ("loai_ky", "Q quý, M tháng, H nửa năm, 9M, Y năm / Q quarter, M month, H half-year, 9M, Y year"),
    "year": ("nam", "Năm / Year"),
    "last_day": ("ngay_cuoi", "Ngày cuối tính vào kỳ / Last day counted in the period"),
    "published_at": ("cong_bo_luc", "Thời điểm khóa; trống là chưa / Moment of its lock; null while open"),
    "unit": ("don_vi", "Mã đơn vị vào ngày cuối kỳ / Code of the unit on the last day of the period"),
    "name": ("ten", "Tên đầy đủ / Full name"),
    "level": ("cap", "Cấp của đơn vị / Level of the unit"),
    "type": ("loai", "Loại đơn vị / Kind of unit"),
    "parent": ("cap_tren", "Mã đơn vị cấp trên / Code of the unit above"),
    "parent_name": ("ten_cap_tren", "Tên đơn vị cấp trên / Name of the unit above"),
    "province": ("tinh", "Mã tỉnh mà đơn vị thuộc về, hoặc của chính nó / Code of the province it lies in, or its own"),
    "province_name": ("ten_tinh", "Tên tỉnh / Name of the province"),
    "verified": ("da_kiem_chung", "Đã đối chiếu với nguồn thứ hai / Checked against a second source"),
    "indicator": ("chi_tieu", "Mã chỉ tiêu / Code of the indicator"),
    "dataset": ("bo_so_lieu", "Bộ số liệu / Dataset"),
    "title_vi": ("ten_tieng_viet", "Tên tiếng Việt / Title in Vietnamese"),
    "title_en": ("ten_tieng_anh", "Tên tiếng Anh / Title in English"),
    "unit_vi": ("don_vi_tinh", "Đơn vị tính, tiếng Việt / Unit of measure in Vietnamese"),
    "unit_en": ("don_vi_tinh_anh", "Đơn vị tính, tiếng Anh / Unit of measure in English"),
    "law": ("can_cu", "Căn cứ pháp lý / Source in law"),
    "tier": ("cap_giai_quyet", "Cấp giải quyết; all là mọi cấp / Tier that resolves; all is every tier"),
    "field": ("linh_vuc", "Mã lĩnh vực hoặc thủ tục; all là tất cả / Code of the field or procedure; all is every one"),
    "form": ("bieu", "Số hiệu biểu / Number of the form"),
    "official": ("chinh_thuc", "Cột của biểu đã đọc trong văn bản / Its columns were read in the law"),
    "value": ("gia_tri", "Giá trị; trống khi chưa có, không phải 0 / Value; null where there is none, which is not 0"),
    "reason": ("ly_do", "Vì sao không có giá trị / Why there is no value"),
    "state": ("tinh_trang", "preliminary, final, revised, moving: sơ bộ, chính thức, đã sửa, còn đổi / State"),
    "revision": ("lan_ghi", "Lần ghi thứ mấy / Number of the revision"),
    "revision_reason": ("ly_do_ghi", "Vì sao ghi lần này / Why it was recorded"),
    "recorded_at": ("ghi_luc", "Thời điểm ghi vào kho / Moment of recording"),
    "load": ("lan_nap", "Số của lần nạp / Number of the load"),
    "run": ("luot_chay", "Lượt chạy / Run"),
    "catalog_version": ("ban_danh_muc", "sha256 của danh mục / sha256 of the catalog"),
    "rules_version": ("ban_quy_tac", "sha256 của quy tắc kiểm tra / sha256 of the rules"),
    "facts_new": ("so_moi", "Số liệu ghi lần đầu / Figures recorded for the first time"),
    "facts_revised": ("so_sua", "Số liệu sửa hoặc rút / Figures revised or withdrawn"),
    "facts_same": ("so_nhu_cu", "Số liệu như cũ / Figures as before"),
    "known_at": ("biet_den_luc", "Biểu lập theo những gì kho biết lúc đó / The form holds what was known then"),
    "issued_at": ("phat_hanh_luc", "Thời điểm phát hành / Moment of issue"),
    "sha256": ("sha256", "sha256 của tệp / sha256 of the file"),
    "uri": ("tep", "Nơi giữ tệp / Where the file is kept"),
    "due_on": ("han_gui", "Ngày cuối phải nhận được / Last day to be received on"),
    "due_verified": ("han_da_kiem_chung", "Hạn gửi đã đọc trong văn bản / The due date was read in a legal text"),
    "received_at": ("nhan_luc", "Lần nhận đầu, đủ hay thiếu / First filing, whole or not"),
    "completed_at": ("nhan_du_luc", "Lần nhận đầu đủ số liệu hoặc báo không phát sinh / First whole filing or nil"),
    "corrections": ("so_lan_sua", "Số bản sửa đã nhận / Corrections received"),
    "restatement": ("thay_doi", "Số của thay đổi chờ duyệt / Number of the restatement"),
    "code": ("ma_ly_do", "late, correction, method, restructuring / Reason code"),
    "facts": ("so_du_kien", "Số dữ kiện sẽ đổi / Facts that would change"),
    "verdict": ("quyet_dinh", "approved duyệt, rejected bác; trống là đang chờ / Verdict; null while it waits"),
    "decided_at": ("quyet_dinh_luc", "Thời điểm quyết định / Moment of the decision"),
    "decided_by": ("nguoi_quyet_dinh", "Người quyết định / Who decided"),
    "rule": ("quy_tac", "Quy tắc / Rule"),
    "severity": ("muc_do", "critical, warning, info / Severity"),
    "source": ("nguon", "Nguồn / Source"),
    "message": ("noi_dung", "Phát hiện gì / What was found"),
}  # fmt: skip
_IN_FORCE = "{0}.valid_from <= {1} AND ({0}.valid_to IS NULL OR {1} < {0}.valid_to)"
_LOADED = "SELECT DISTINCT period, last_day FROM baocao.load WHERE recorded_at <= {known}"
# English name -> Vietnamese name, comment, query: its columns in order; {known} is the moment asked for.
_VIEWS = {
    "period": ("ky_bao_cao", "Kỳ có trong kho / Periods in the warehouse", f"""
        SELECT l.period, coalesce(substring(l.period FROM '-(9M|[QMH])'), 'Y') AS kind,
            left(l.period, 4)::integer AS year,
            l.last_day, p.published_at
        FROM ({_LOADED}) l LEFT JOIN baocao.publication p ON p.period = l.period AND p.published_at <= {{known}}"""),
    "unit": ("don_vi", "Đơn vị của từng kỳ, theo ngày cuối kỳ / Units of each period, as on its last day", f"""
        SELECT l.period, u.code AS unit, u.name, u.level, u.type, u.parent, a.name AS parent_name,
            CASE 'province' WHEN u.level THEN u.code WHEN a.level THEN a.code WHEN b.level THEN b.code END AS province,
            CASE 'province' WHEN u.level THEN u.name WHEN a.level THEN a.name WHEN b.level THEN b.name END
                AS province_name, u.verified
        FROM ({_LOADED}) l
        JOIN baocao.unit u ON {_IN_FORCE.format("u", "l.last_day")}
        LEFT JOIN baocao.unit a ON a.code = u.parent AND {_IN_FORCE.format("a", "l.last_day")}
        LEFT JOIN baocao.unit b ON b.code = a.parent AND {_IN_FORCE.format("b", "l.last_day")}"""),
    "indicator": ("chi_tieu", "Chỉ tiêu / Indicators", """
        SELECT code AS indicator, dataset, title_vi, title_en, unit_vi, unit_en, law FROM baocao.indicator"""),
    "tier": ("cap_giai_quyet", "Cấp giải quyết / Tiers", """
        SELECT * FROM (VALUES ('province', 'Cấp tỉnh', 'Province'), ('district', 'Cấp huyện', 'District'),
            ('commune', 'Cấp xã', 'Commune'), ('all', 'Mọi cấp', 'All tiers')) AS t (tier, title_vi, title_en)"""),
    "field": ("linh_vuc", "Lĩnh vực thủ tục hành chính / Fields of procedures", """
        SELECT code AS field, name FROM baocao.field"""),
    "form": ("bieu", "Biểu mẫu / Forms", """
        SELECT number AS form, name, dataset, official, law FROM baocao.form"""),
    "fact": ("so_lieu", "Số liệu, mỗi số một dòng / Figures, one a row", """
        SELECT f.period, f.unit, f.indicator, f.tier, f.field, f.value, f.reason,
            baocao.shown_state(f.state, f.recorded_at, p.published_at) AS state, f.revision, f.revision_reason,
            f.recorded_at, f.load
        FROM baocao.fact f LEFT JOIN baocao.publication p ON p.period = f.period AND p.published_at <= {known}
        WHERE f.recorded_at <= {known} AND f.revision_reason <> 'withdrawn' AND NOT EXISTS (
            SELECT FROM baocao.fact later
            WHERE later.period = f.period AND later.unit = f.unit AND later.indicator = f.indicator
                AND later.tier = f.tier AND later.field = f.field AND later.revision > f.revision
                AND later.recorded_at <= {known})"""),
    "load": ("lan_nap", "Các lần nạp / Loads", """
        SELECT id AS load, period, run, catalog_version, rules_version, facts_new, facts_revised, facts_same,
            recorded_at FROM baocao.load WHERE recorded_at <= {known}"""),
    "issued_form": ("bieu_phat_hanh", "Các bản biểu đã phát hành / Issued forms", """
        SELECT form, unit, period, known_at, issued_at, sha256, uri
        FROM baocao.form_issue WHERE issued_at <= {known}"""),
    "standing": ("tinh_hinh_gui", "Phải gửi gì, đã nhận gì / What is owed and what was received", """
        SELECT o.form, o.period, o.unit, o.name, o.level, o.province, o.due_on, o.due_verified,
            min(s.received_at) FILTER (WHERE s.kind <> 'correction') AS received_at,
            min(s.received_at) FILTER (WHERE s.kind IN ('report', 'nil')) AS completed_at,
            count(*) FILTER (WHERE s.kind = 'correction') AS corrections
        FROM baocao.obligation o LEFT JOIN baocao.submission s
            ON s.form = o.form AND s.period = o.period AND s.unit = o.unit AND s.recorded_at <= {known}
        WHERE o.frozen_at <= {known}
        GROUP BY o.form, o.period, o.unit, o.name, o.level, o.province, o.due_on, o.due_verified"""),
    "restatement": ("thay_doi_cho_duyet", "Thay đổi của kỳ đã khóa / Changes of locked periods", """
        SELECT r.id AS restatement, r.period, coalesce(d.code, r.code) AS code, r.facts, d.verdict, d.decided_at,
            d.decided_by, d.reason
        FROM baocao.restatement r JOIN baocao.load l ON l.id = r.load AND l.recorded_at <= {known}
        LEFT JOIN baocao.restatement_decision d ON d.restatement = r.id AND d.decided_at <= {known}"""),
    "finding": ("phat_hien", "Kết quả kiểm tra của các lần nạp / Findings of the loads", """
        SELECT f.load, f.period, f.rule, f.severity, f.source, f.unit, f.field, f.message
        FROM baocao.finding f JOIN baocao.load l ON l.id = f.load WHERE l.recorded_at <= {known}"""),
}  # fmt: skip
_SCHEMAS = {
    "reporting": "Khung nhìn công bố, tên tiếng Anh / Published views with English names",
    "bao_cao": "Khung nhìn công bố, tên tiếng Việt / Published views with Vietnamese names",
}


_READER_OF_BEFORE = """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'baocao_reader') THEN
            GRANT USAGE ON SCHEMA baocao TO baocao_reader;
            GRANT SELECT ON baocao.fact_current, baocao.fact_history, baocao.unit, baocao.indicator TO baocao_reader;
        END IF;
    END $$"""


def upgrade() -> None:
    _run(Path(__file__).with_name("v0009_roles.sql").read_text("utf-8"))
    for schema, comment in _SCHEMAS.items():
        _run(f"CREATE SCHEMA {schema}; COMMENT ON SCHEMA {schema} IS '{comment}'")
    for english, (vietnamese, comment, query) in _VIEWS.items():
        timed = "{known}" in query
        _view("reporting", english, query.format(known="'infinity'::timestamptz"), comment)
        names = _columns(english)
        told = ", ".join(f"{name} AS {_COLUMNS[name][0]}" for name in names)
        _view("bao_cao", vietnamese, f"SELECT {told} FROM reporting.{english}", comment)
        for name in names:
            _run(f"COMMENT ON COLUMN reporting.{english}.{name} IS '{_COLUMNS[name][1]}'")
            _run(f"COMMENT ON COLUMN bao_cao.{vietnamese}.{_COLUMNS[name][0]} IS '{_COLUMNS[name][1]}'")
        if timed:
            _function(f"reporting.{english}_as_of", f"reporting.{english}", query.format(known="moment"), comment)
            again = f"SELECT {', '.join(names)} FROM reporting.{english}_as_of(moment)"
            _function(f"bao_cao.{vietnamese}_tai", f"bao_cao.{vietnamese}", again, comment)
    _run("CALL baocao.grant_roles()")


def downgrade() -> None:
    _run("DROP SCHEMA bao_cao CASCADE; DROP SCHEMA reporting CASCADE")
    _run("CALL baocao.revoke_roles()")
    for table in ("fact", "form_issue", "obligation", "submission", "restatement_decision"):
        _run(f"ALTER TABLE baocao.{table} DISABLE ROW LEVEL SECURITY")
    _run(
        "DROP PROCEDURE baocao.grant_roles(); DROP PROCEDURE baocao.revoke_roles(); DROP FUNCTION baocao.units_of(name)"
    )
    _run("DROP TABLE baocao.account_unit; DROP TABLE baocao.field; DROP TABLE baocao.form")
    _run("ALTER FUNCTION baocao.fact_partition(text) SECURITY INVOKER RESET search_path")
    _run("GRANT EXECUTE ON FUNCTION baocao.fact_partition(text) TO PUBLIC")
    _run(_READER_OF_BEFORE)


def _columns(view: str) -> list[str]:
    found = op.get_bind().exec_driver_sql(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
        (f"reporting.{view}",),
    )
    return list(found.scalars())


def _view(schema: str, name: str, query: str, comment: str) -> None:
    _run(f"CREATE VIEW {schema}.{name} WITH (security_invoker = true) AS {query}")
    _run(f"COMMENT ON VIEW {schema}.{name} IS '{comment}'")


def _function(name: str, rows: str, query: str, comment: str) -> None:
    """Its tables are looked up now, by whoever migrates: a reader needs no right to the schema they are in."""
    _run(
        f"CREATE FUNCTION {name}(moment timestamptz) RETURNS SETOF {rows} LANGUAGE sql STABLE BEGIN ATOMIC {query}; END"
    )
    vi, en = comment.split(" / ")
    _run(f"COMMENT ON FUNCTION {name}(timestamptz) IS '{vi}, như kho đã biết lúc đó / {en}, as known at the moment'")


def _run(statement: str) -> None:
    """By the driver's own cursor: SQLAlchemy would read the colons and percent signs of the SQL as parameters."""
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
