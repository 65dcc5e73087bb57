"""The published findings say where both figures stand, and which waiver let one pass."""

from __future__ import annotations

from collections.abc import Mapping

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

LOSES = "không mất gì / nothing"

_TITLE = "Kết quả kiểm tra của các lần nạp / Findings of the loads"
_BEFORE = {
    "load": ("lan_nap", "Số của lần nạp / Number of the load"),
    "period": ("ky", "Kỳ báo cáo, ví dụ 2026-Q3 / Reporting period such as 2026-Q3"),
    "rule": ("quy_tac", "Quy tắc / Rule"),
    "severity": ("muc_do", "critical, warning, info / Severity"),
    "source": ("nguon", "Nguồn / Source"),
    "unit": ("don_vi", "Mã đơn vị vào ngày cuối kỳ / Code of the unit on the last day of the period"),
    "field": ("linh_vuc", "Mã lĩnh vực hoặc thủ tục; all là tất cả / Code of the field or procedure; all is every one"),
    "message": ("noi_dung", "Phát hiện gì / What was found"),
}
_ADDED = {
    "tier": (
        "cap_giai_quyet",
        "Cấp giải quyết của dòng, của hai số đặt cạnh nhau / Tier of the row, or of two figures",
    ),
    "payload": ("sha256_goc", "sha256 của câu trả lời có số liệu / sha256 of the answer with the figure"),
    "row": ("vi_tri", "Vị trí trong câu trả lời; trống là cả câu / Place in that answer; empty for all of it"),
    "column": ("cot", "Cột hoặc chỉ số / Column or measure"),
    "value": ("so_lieu", "Số liệu hoặc nội dung tìm thấy / The figure or text that was found"),
    "expected": ("le_ra", "Lẽ ra phải là, hoặc số đối chiếu / What it should be, or the other figure"),
    "other_source": ("nguon_doi_chieu", "Nguồn của số đối chiếu / Source of the other figure"),
    "other_period": ("ky_doi_chieu", "Kỳ của số đối chiếu / Period of the other figure"),
    "other_payload": (
        "sha256_doi_chieu",
        "sha256 của câu trả lời có số đối chiếu / sha256 of the answer with the other figure",
    ),
    "other_row": ("vi_tri_doi_chieu", "Vị trí của số đối chiếu trong câu trả lời / Place of the other figure there"),
    "waiver": ("mien_tru", "Miễn trừ đã cho lỗi này đi qua / Waiver that lets it pass"),
}
_AS_OF = (", như kho đã biết lúc đó / ", ", as known at the moment")


def upgrade() -> None:
    _publish({**_BEFORE, **_ADDED})


def downgrade() -> None:
    _publish(_BEFORE)


def _publish(columns: Mapping[str, tuple[str, str]]) -> None:
    """A function gives rows of its view, so that both are made anew."""
    _run("DROP FUNCTION bao_cao.phat_hien_tai(timestamptz); DROP FUNCTION reporting.finding_as_of(timestamptz)")
    _run("DROP VIEW bao_cao.phat_hien; DROP VIEW reporting.finding")
    names = ", ".join(f'"{name}"' for name in columns)
    query = ", ".join(f'f."{name}"' for name in columns)
    query = f"SELECT {query} FROM baocao.finding f JOIN baocao.load l ON l.id = f.load WHERE l.recorded_at <= {{known}}"
    told = ", ".join(f'"{name}" AS {other}' for name, (other, _) in columns.items())
    vi, en = _TITLE.split(" / ")
    for view, function, of_all, at_a_moment in (
        (
            "reporting.finding",
            "reporting.finding_as_of",
            query.format(known="'infinity'::timestamptz"),
            query.format(known="moment"),
        ),
        (
            "bao_cao.phat_hien",
            "bao_cao.phat_hien_tai",
            f"SELECT {told} FROM reporting.finding",
            f"SELECT {names} FROM reporting.finding_as_of(moment)",
        ),
    ):
        _run(f"CREATE VIEW {view} WITH (security_invoker = true) AS {of_all}")
        _run(f"COMMENT ON VIEW {view} IS '{_TITLE}'")
        _run(
            f"CREATE FUNCTION {function}(moment timestamptz) RETURNS SETOF {view} LANGUAGE sql STABLE "
            f"BEGIN ATOMIC {at_a_moment}; END"
        )
        _run(f"COMMENT ON FUNCTION {function}(timestamptz) IS '{vi}{_AS_OF[0]}{en}{_AS_OF[1]}'")
    for name, (other, comment) in columns.items():
        for column in (f'reporting.finding."{name}"', f"bao_cao.phat_hien.{other}"):
            _run(f"COMMENT ON COLUMN {column} IS '{comment}'")
    _run("CALL baocao.grant_roles()")


def _run(statement: str) -> None:
    """By the driver's own cursor: SQLAlchemy would read the colons of the SQL as parameters."""
    op.get_bind().exec_driver_sql(statement)
