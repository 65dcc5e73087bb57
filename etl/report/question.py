"""What a reviewer is asked about a run: its critical faults as Markdown, in Vietnamese with English beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from etl.report import formats

_MOST_SHOWN = 30
_SPECIAL: Final = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>|#"} | {"\n": " ", "\r": " "})
"""What a source wrote is shown as text, whatever it is."""


def question(
    title: str,
    issues: Sequence[Mapping[str, Any]],
    findings: int,
    cells: tuple[int, int],
    listed: str,
    waive: Sequence[str] = (),
) -> str:
    """title: of the period. issues: the critical ones, ranked. cells: those without a figure if it is accepted, of all.
    listed: where every failing row is. waive: the blocks that would waive the findings that can be."""
    withheld, demanded = cells
    sources = len({one["source"] for one in issues})
    return "\n".join(
        [
            f"**{title}: {len(issues)} lỗi nghiêm trọng ở {sources} nguồn**, {findings} phát hiện / {len(issues)} "
            f"critical faults at {sources} sources, {findings} findings.",
            "",
            "Airflow mở hai nút ở cuối trang khi đã ghi ý kiến. / The buttons below take a click once the comment is "
            "written.",
            "",
            f"- **Approve**: công bố phần không bị ảnh hưởng; {formats.number(withheld, 'vi')} trong "
            f"{formats.number(demanded, 'vi')} ô của các biểu ghi “…” kèm lý do. / What does not rest on the faults is "
            "published; these cells show “…” with the reason.",
            "- **Reject**: không nạp gì của lượt chạy này; phải ghi lý do ở ô comment. / Nothing of it is loaded; "
            "the reason goes into the comment.",
            "- Đổi một quy tắc, hay miễn một lỗi (`expectations/waivers.yml`, mẫu ở cuối), là một thay đổi được duyệt, "
            "rồi chạy lại. / To change a rule, or to waive a fault (blocks below), is a reviewed change, and another "
            "run.",
            "",
            "| Đơn vị, nguồn / unit, source | Không đạt / what fails | Có / is | Phải là / should be | Từ / since "
            "| Ô “…” / cells | Bên sửa / who mends |",
            "|---|---|---|---|---|---|---|",
            *map(_row, issues[:_MOST_SHOWN]),
            *([f"\n… và {len(issues) - _MOST_SHOWN} lỗi khác / and more."] if len(issues) > _MOST_SHOWN else []),
            "",
            f"Mọi dòng sai, kèm giá trị và vị trí trong câu trả lời gốc / every failing row, with its values and its "
            f"place in the landed answer: `{listed}`",
            *(_waive(waive) if waive else []),
        ]
    )


def _waive(blocks: Sequence[str]) -> list[str]:
    more = len(blocks) - _MOST_SHOWN
    return [
        "",
        f"**Miễn trừ ({len(blocks)} lỗi có thể miễn)**: khi đơn vị chịu trách nhiệm xác nhận số liệu đúng như vậy, "
        "thêm vào `expectations/waivers.yml`, điền lý do, người đồng ý, hạn. / Where whoever answers for the figures "
        "says that they are right: add, fill in why, who agreed and until when.",
        "",
        "```yaml",
        *blocks[:_MOST_SHOWN],
        "```",
        *([f"… và {more} lỗi khác / and more."] if more > 0 else []),
    ]


def _row(issue: Mapping[str, Any]) -> str:
    row = issue["row"]
    title, field = row["title"], f", {row['field_name']}" if row["field"] else ""
    what = f"{title['vi']}{field} / {title['en']} ({', '.join(issue['rules'])}; {issue['rows']} dòng / rows)"
    columns = ", ".join(one["title"]["vi"] for one in row["figures"])
    cells = (
        f"{row['unit_name']} · {issue['source']}",
        what + (f": {columns}" if columns else ""),
        formats.number(row["value"], "vi"),
        formats.number(row["expected"], "vi"),
        issue["since"]["period"],
        formats.number(issue["cells"], "vi"),
        issue["owner"],
    )
    return "| " + " | ".join(str(cell).translate(_SPECIAL) for cell in cells) + " |"
