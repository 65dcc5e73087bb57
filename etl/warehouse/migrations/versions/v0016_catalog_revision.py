"""A load knows at which commit its catalog stood, and the published views show it."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LOSES = (
    "mỗi lần nạp dùng danh mục ở commit nào; niêm phong của các lần nạp ấy không còn khớp / "
    "at which commit the catalog of each load stood; the seals of those loads match no more"
)

_COLUMNS = {
    "load": ("lan_nap", "Số của lần nạp / Number of the load"),
    "period": ("ky", "Kỳ báo cáo, ví dụ 2026-Q3 / Reporting period such as 2026-Q3"),
    "run": ("luot_chay", "Lượt chạy / Run"),
    "catalog_version": ("ban_danh_muc", "sha256 của danh mục / sha256 of the catalog"),
    "rules_version": ("ban_quy_tac", "sha256 của quy tắc kiểm tra / sha256 of the rules"),
    "facts_new": ("so_moi", "Số liệu ghi lần đầu / Figures recorded for the first time"),
    "facts_revised": ("so_sua", "Số liệu sửa hoặc rút / Figures revised or withdrawn"),
    "facts_same": ("so_nhu_cu", "Số liệu như cũ / Figures as before"),
    "recorded_at": ("ghi_luc", "Thời điểm ghi vào kho / Moment of recording"),
}
_REVISION = {
    "catalog_revision": (
        "commit_danh_muc",
        "Commit git của danh mục, -dirty khi có sửa chưa ghi; trống khi không biết / Git commit of the catalog, -dirty "
        "with changes not committed; null where it is not known",
    )
}


def upgrade() -> None:
    op.execute("ALTER TABLE baocao.load ADD COLUMN catalog_revision text")
    op.execute(f"COMMENT ON COLUMN baocao.load.catalog_revision IS '{_REVISION['catalog_revision'][1]}'")
    _publish(_COLUMNS | _REVISION)


def downgrade() -> None:
    _publish(_COLUMNS)
    op.execute("ALTER TABLE baocao.load DROP COLUMN catalog_revision")


def _publish(columns: dict[str, tuple[str, str]]) -> None:
    """The views of loads with these columns, and the same as of a moment."""
    told = ", ".join("id AS load" if name == "load" else name for name in columns)
    renamed = ", ".join(f"{name} AS {vietnamese}" for name, (vietnamese, _) in columns.items())
    vi, en = "Các lần nạp", "Loads"
    _run("DROP FUNCTION bao_cao.lan_nap_tai(timestamptz)")
    _run("DROP FUNCTION reporting.load_as_of(timestamptz)")
    _run("DROP VIEW bao_cao.lan_nap")
    _run("DROP VIEW reporting.load")
    for view, query, as_of, again in (
        ("reporting.load", f"SELECT {told} FROM baocao.load", "reporting.load_as_of",
         f"SELECT {told} FROM baocao.load WHERE recorded_at <= moment"),
        ("bao_cao.lan_nap", f"SELECT {renamed} FROM reporting.load", "bao_cao.lan_nap_tai",
         f"SELECT {', '.join(columns)} FROM reporting.load_as_of(moment)"),
    ):  # fmt: skip
        _run(f"CREATE VIEW {view} WITH (security_invoker = true) AS {query}")
        _run(f"COMMENT ON VIEW {view} IS '{vi} / {en}'")
        for name, (vietnamese, comment) in columns.items():
            _run(f"COMMENT ON COLUMN {view}.{name if view == 'reporting.load' else vietnamese} IS '{comment}'")
        _run(f"CREATE FUNCTION {as_of}(moment timestamptz) RETURNS SETOF {view} LANGUAGE sql STABLE "
             f"BEGIN ATOMIC {again}; END")  # fmt: skip
        _run(f"COMMENT ON FUNCTION {as_of}(timestamptz) IS "
             f"'{vi}, như kho đã biết lúc đó / {en}, as known at the moment'")  # fmt: skip
    _run("CALL baocao.grant_roles()")


def _run(statement: str) -> None:
    """By the driver's own cursor: SQLAlchemy would read the colons and percent signs of the SQL as parameters."""
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
