"""docs/fault_lab.md: what named each fault on each platform, as the lab found it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from simulator.faults import KINDS
from simulator.server import SHAPES
from tests.fault_lab.judging import Verdict
from tests.fault_lab.small_country import ROOT

DOCUMENT = ROOT / "docs/fault_lab.md"
NONE, RIGHT, WRONG, UNUSED, UNTOLD = "–", "đúng", "SAI THẦM LẶNG", "không vào biểu", "không thể biết"
WITHHELD, UNPROVEN = "tạm giữ", "chưa chứng minh"
BLIND = "READ-SWAP-BLIND"
LIMITS = frozenset({("tandan_errors", "missing_unit")})
"""What nobody can tell: a unit that the list of faulty dossiers does not name has none, or was left out."""

TITLES = {
    "down": ("cổng ngừng (503)", "down (503)"),
    "error": ("cổng lỗi (500)", "error (500)"),
    "slow": ("trả lời quá chậm", "too slow"),
    "slow_body": ("nội dung nhỏ giọt", "the body drips"),
    "reset": ("ngắt kết nối", "connection reset"),
    "html": ("trang đăng nhập, mã 200", "login page with 200"),
    "unauthorized": ("từ chối mã truy cập (401)", "credential refused (401)"),
    "expired": ("mã hết hạn giữa chừng", "token expires during the pull"),
    "throttled": ("giới hạn lượt hỏi (429)", "throttled (429)"),
    "truncated": ("nội dung bị cắt", "bytes cut off"),
    "truncated_page": ("trang thiếu dòng, tổng giữ nguyên", "rows missing from pages, the total stays"),
    "repeated_page": ("trang sau là trang đầu", "a later page is the first again"),
    "wrong_total": ("tổng khai sai một", "declared total off by one"),
    "wrong_total_row": ("dòng tổng sai một", "a total row off by one"),
    "endless": ("trang không bao giờ hết", "pages never end"),
    "nfd": ("Unicode dạng khác (NFD)", "other Unicode normal form"),
    "windows_1258": ("bảng mã Windows-1258", "Windows-1258 bytes"),
    "empty": ("danh sách rỗng", "empty list"),
    "renamed": ("cột đổi tên", "renamed column"),
    "nested": ("cột chuyển vào trong đối tượng", "column moved inside an object"),
    "retyped": ("số thành chữ, chữ thành số", "number as text, text as number"),
    "swapped": ("hai cột đổi chỗ", "two measures exchanged"),
    "identity": ("tổng của dòng sai một", "a row's total off by one"),
    "text_number": ('"1.234"', '"1.234"'),
    "decimal_comma": ("dấu phẩy thập phân", "decimal comma"),
    "thousands": ("đơn vị nghìn", "figures in thousands"),
    "null_for_zero": ("null thay cho 0", "null for 0"),
    "zero_for_null": ("0 thay cho không có số liệu", "0 for null"),
    "date_format": ("ngày viết kiểu khác", "other date format"),
    "reclassified": ("kỳ đã chốt bị phân loại lại", "closed period reclassified"),
    "extra_column": ("cột lạ", "extra column"),
    "unknown_unit": ("đơn vị lạ", "unknown unit"),
    "missing_unit": ("thiếu một đơn vị", "missing unit"),
}

_HEAD = f"""# Phòng thử lỗi · Fault lab

Mỗi ô là một lỗi được gài vào một nguồn của một nền tảng rồi chạy trọn đường: cổng mô phỏng, HTTP, kho tệp, PostgreSQL.
Ô ghi điều đã gọi tên lỗi: trạng thái của lần lấy (`down`, `timed_out` …) hoặc quy tắc của phát hiện (`READ-…`).
`{RIGHT}`: mọi số liệu vẫn hiện và đúng. `{NONE}`: nền tảng không thể có lỗi này. `{UNUSED}`: nguồn chỉ để so sánh,
không số liệu nào của nó được dùng. `{UNTOLD}`: giới hạn nêu dưới đây. `{WITHHELD}`, `{UNPROVEN}`: số tỉnh mà hai cột
đổi chỗ được tạm giữ, hay vẫn hiện với cảnh báo {BLIND}. Không ô nào được là "{WRONG}".
Nguồn bên cạnh của cùng nền tảng luôn đúng; lần lấy chưa chứng minh được không nạp dòng nào.

*Each cell is one fault planted in one source of a platform and run through everything: simulated portal, HTTP, store,
PostgreSQL. It says what named the fault: the state of the pull, or the rule of a finding. `{RIGHT}`: every figure is
shown and right. `{NONE}`: the platform cannot have the fault. `{UNUSED}`: a source for comparison, which feeds no
figure. `{UNTOLD}`: a limit, named below. `{WITHHELD}`, `{UNPROVEN}`: in how many provinces the exchanged columns are
withheld, or shown under the warning {BLIND}. The test fails for a figure that is silently wrong, for a failure without
a name, for a row from an unproven pull, and for a neighbour of the same platform that is not right.*

## Giới hạn · Limits

- Hai cột của cùng một tổng đổi chỗ thì không phép cộng nào lộ ra; chỉ kỳ trước cho biết. Ô "hai cột đổi chỗ" là những
  cặp khó nhất của mỗi nền tảng (trực tuyến/trực tiếp, trước hạn/đúng hạn), gài vào tỉnh có khoảng 65 % trực tuyến ở cả
  hai kỳ. **Kỳ trước không phân biệt được**: hai cột vốn gần bằng nhau (dưới 57 : 43) hoặc tỷ lệ thật sự đổi nhiều như
  khi đổi chỗ (tỉnh từ 51 % lên 74 % trực tuyến); nguồn có dưới ba cơ quan; nguồn chưa có kỳ trước. Khi đó nguồn để so
  sánh (`role: comparison`) phân xử; không phân xử được thì cảnh báo READ-SWAP-BLIND nêu nguồn và hai cột: số liệu vẫn
  hiện, **chưa chứng minh, không tạm giữ** (quyết định 0010). Đã nhận ra mà chưa ai trả lời thì các kỳ sau vẫn tạm giữ,
  đến khi cổng trở lại như trước.
  *Two parts of one total exchanged: no sum shows it, only the quarter before does. The row of the table is of the
  hardest pair of each platform (online/counter, early/on time), in a province of which about 65 % come online in both
  quarters. **Not told by the quarter before**: columns that were near to even (below 57 : 43), or a share that truly
  changed as much as an exchange would (51 % to 74 % online); a source of fewer than three agencies; one without an
  earlier quarter. There a source for comparison settles it; where none can, the warning READ-SWAP-BLIND names the
  source and both columns: the figures are shown, **unproven and not withheld** (decision 0010). Once told and not
  answered, later quarters are withheld too, until the portal is as before.*
- `tandan_errors` chỉ liệt kê hồ sơ có lỗi: đơn vị không có trong danh sách là không có hồ sơ lỗi, hay bị bỏ sót mà tổng
  khai cũng bớt theo, thì không ai phân biệt. Số liệu này không vào biểu nào của Thông tư.
  *`tandan_errors` lists only dossiers at fault: whether a unit that it does not name has none, or was left out and the
  declared total with it, nobody can tell. Its figures are in no form of the Circular.*
- Kỳ đã chốt bị phân loại lại chỉ nhận ra khi lấy lần hai (quyết định 0005); đổi trước lần đầu thì đó là số đầu tiên.
  *A closed period that is reclassified is told by the second pull (decision 0005); before the first, it is the figure.*

Bảng do phép thử làm ra và kiểm tra; làm lại · made and checked by the test; make it again:

    .venv/bin/python -m tests.fault_lab
"""


def document(verdicts: Mapping[tuple[str, str], Verdict], exchanged: Mapping[str, Sequence[Verdict]]) -> str:
    platforms = [platform for platform in SHAPES if any(platform == of for of, _ in verdicts)]
    lines = [_HEAD, f"| Lỗi · Fault | {' | '.join(f'`{platform}`' for platform in platforms)} |"]
    lines.append(f"|---|{'---|' * len(platforms)}")
    for kind in KINDS:
        if any((platform, kind) in verdicts for platform in platforms):
            cells = [_cell(verdicts, (platform, kind)) for platform in platforms]
            vi, en = TITLES[kind]
            lines.append(f"| {vi} · *{en}* (`{kind}`) | {' | '.join(cells)} |")
        if kind == "swapped":
            cells = [_states(exchanged.get(platform, ())) for platform in platforms]
            lines.append(f"| … ở mọi tỉnh · *… in every province* (`{kind}`) | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _states(verdicts: Sequence[Verdict]) -> str:
    """How many provinces' figures are withheld, how many shown under a warning, how many neither."""
    states = Counter(
        f"**{WRONG}**" if one.silently_wrong else WITHHELD if one.withheld else UNPROVEN for one in verdicts
    )
    return ", ".join(f"{state} {count}" for state, count in sorted(states.items())) or NONE


def _cell(verdicts: Mapping[tuple[str, str], Verdict], place: tuple[str, str]) -> str:
    verdict = verdicts.get(place)
    if verdict is None:
        return NONE
    if verdict.silently_wrong:
        return UNTOLD if place in LIMITS else f"**{WRONG}**"
    if verdict.name:
        return ", ".join(f"`{name}`" for name in verdict.name.split(", "))
    return RIGHT if verdict.shown else UNUSED
