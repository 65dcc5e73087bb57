"""A chain of hashes over loads, landed answers and issued forms."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LOSES = (
    "chuỗi niêm phong: đầu chuỗi đã ghi lại nơi khác không còn tìm thấy / "
    "the chain of seals: a head noted elsewhere is not found in the one that begins anew"
)

_COMMENTS = {
    "number": "Số thứ tự trong chuỗi, từ 1, không đứt quãng / Place in the chain, from 1, without a gap",
    "kind": "load - lần nạp, payload - tệp gốc, issue - biểu đã lập / load, payload - a landed answer, issue - a form",
    "of": "Số lần nạp; đường dẫn tệp gốc; tên tệp biểu và thời điểm của số liệu / Number of the load; path of the "
    "landed file; name of the form file and the moment of its figures",
    "parts": "Của lần nạp: mỗi bảng một dòng với sha256 của các dòng đã ghi / Of a load: a line for each table "
    "with the sha256 of its rows",
    "content": "sha256 của parts, của tệp gốc, hay của tệp biểu / sha256 of parts, of the landed file, or of the form",
    "previous": "sha256 của mắt xích trước, ở mắt xích đầu là 64 số 0 / sha256 of the seal before, "
    "64 zeros for the first",
    "sha256": "sha256 của năm dòng number, kind, of, content, previous, mỗi dòng kết thúc bằng ký tự xuống dòng / "
    "sha256 of the five lines number, kind, of, content, previous, each ended by a newline",
}


def upgrade() -> None:
    op.execute("""
        CREATE TABLE baocao.seal (
            number bigint PRIMARY KEY CHECK (number > 0),
            kind text COLLATE "C" NOT NULL CHECK (kind IN ('load', 'payload', 'issue')),
            of text NOT NULL,
            parts text,
            content text COLLATE "C" NOT NULL,
            previous text COLLATE "C" NOT NULL UNIQUE,
            sha256 text COLLATE "C" NOT NULL UNIQUE,
            CHECK ((parts IS NOT NULL) = (kind = 'load'))
        )""")
    op.execute("CREATE INDEX ON baocao.seal (kind, content)")
    op.execute("CALL baocao.make_insert_only('baocao.seal')")
    op.execute(
        "COMMENT ON TABLE baocao.seal IS 'Chuỗi niêm phong: lần nạp, tệp gốc, biểu đã lập / The chain of seals over "
        "loads, landed answers and issued forms'"
    )
    for column, comment in _COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN baocao.seal.{column} IS '{comment}'")


def downgrade() -> None:
    """The chain is lost: a head noted elsewhere is not found in the one that begins anew."""
    op.execute("DROP TABLE baocao.seal")
