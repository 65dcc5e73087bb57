"""Words of the overview, and of what waits for a reviewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from etl.model import Text

OVERVIEW: Final[Mapping[str, Text]] = {
    "who_is_missing": Text("Ai chưa gửi?", "Who is missing?"),
    "what_is_wrong": Text("Sai ở đâu?", "What is wrong?"),
    "what_to_decide": Text("Phải quyết định gì?", "What must I decide?"),
    "all_filed": Text("Mọi đơn vị đã gửi đủ.", "Every unit has filed in full."),
    "nothing_owed": Text(
        "Không biểu nào đến kỳ phải gửi của đơn vị này.", "No form is owed by this unit for the period."
    ),
    "count_open": Text("{count} chưa đến hạn", "{count} not due yet"),
    "of_obligations": Text("trên {count} biểu phải gửi", "of {count} forms owed"),
    "due": Text("hạn {day}", "due {day}"),
    "due_unverified": Text("hạn chưa kiểm chứng", "due date not verified"),
    "nothing_wrong": Text("Không có lỗi nghiêm trọng.", "Nothing critical was found."),
    "count_units_missing": Text("{count} đơn vị gửi thiếu", "{count} units lack figures"),
    "count_absent": Text("{count} nguồn không có số liệu", "{count} sources gave no figures"),
    "none_absent": Text("Mọi nguồn đã có số liệu", "Every source gave figures"),
    "forms_after_review": Text(
        "{count} biểu của kỳ được lập sau khi có người soát xét.", "The {count} forms are filled after the review."
    ),
    "fails": Text("không đạt", "fails"),
    "count_faulty": Text("{count} nguồn có lỗi nghiêm trọng", "{count} sources have critical faults"),
    "count_findings": Text("{count} chỗ", "{count} places"),
    "count_rows": Text("{count} dòng", "{count} rows"),
    "count_warning": Text("{count} cảnh báo", "{count} warnings"),
    "count_sources": Text("{count} nguồn lấy không trọn", "{count} sources not pulled in full"),
    "count_withheld": Text(
        "{count} số liệu bị giữ lại vì thiếu nguồn hoặc dòng bị cách ly",
        "{count} figures withheld: a source is missing or a row is in quarantine",
    ),
    "nothing_to_decide": Text("Không có gì chờ quyết định.", "Nothing waits for a decision."),
    "count_decisions": Text("{count} việc phải quyết định", "{count} to decide"),
    "review_waits": Text("Soát xét số liệu {period}:", "Review the figures of {period}:"),
    "review_why": Text(
        "{count} nguồn có lỗi nghiêm trọng, chưa nạp gì vào kho.",
        "{count} sources have critical faults, nothing is loaded yet.",
    ),
    "read_report": Text("1. Đọc báo cáo", "1. Read the report"),
    "change_waits": Text("Duyệt thay đổi của {period}, đã công bố:", "Approve a change of {period}, published:"),
    "figures_change": Text("{count} số liệu sẽ đổi", "{count} figures would change"),
    "to_publish": Text(
        "Công bố kỳ này: mọi hạn gửi đã qua. Người vận hành chạy:",
        "Publish the period: every due date has passed. Whoever runs the system:",
    ),
    "published": Text("Đã công bố {moment}, {by}.", "Published {moment} by {by}."),
    "decides_reviewer": Text("Người duyệt quyết định; bạn xem được.", "The reviewer decides; you may look."),
    "and_more": Text("và {count} nữa", "and {count} more"),
    "heat_map": Text("Đơn vị và biểu, kỳ này và tám kỳ gần nhất", "Units and forms, this period and the last eight"),
    "now": Text("Kỳ này", "Now"),
    "last_eight": Text("Tám kỳ", "Last eight"),
    "province_grid": Text("Các tỉnh, thành phố", "Provinces"),
    "province_grid_note": Text(
        "Mỗi ô một tỉnh, xếp gần đúng từ bắc vào nam, không phải bản đồ. Màu là tình trạng kém nhất trong các biểu.",
        "One square a province, roughly north to south, not a map. Its colour is the worst standing of its forms.",
    ),
    "legend": Text("Chú giải", "Legend"),
    "not_owed": Text("không phải gửi", "not owed"),
    "own_form": Text("cột do dự án tự xác định", "columns of the project's own"),
    "run_waits": Text(
        "Số liệu của lượt chạy này chưa nạp vào kho: chờ người soát xét từ {moment}.",
        "The figures of this run are not in the warehouse: a reviewer has been asked since {moment}.",
    ),
    "newer_waits": Text(
        "Kỳ này có lượt chạy mới hơn đang chờ soát xét.", "A newer run of the period waits for a reviewer."
    ),
    "report_of_run": Text("Xem báo cáo của lượt chạy đó", "Its report"),
    "answer_review": Text("2. Quyết định (mở Airflow)", "2. Decide (opens Airflow)"),
    "verdict_approved": Text(
        "{who} đã chấp nhận công bố phần không bị ảnh hưởng, {moment}.",
        "{who} accepted what is not affected for publication, {moment}.",
    ),
    "verdict_rejected": Text("{who} không chấp nhận công bố, {moment}.", "{who} rejected publication, {moment}."),
    "standing_reviewing": Text("chờ soát xét", "awaits review"),
}
