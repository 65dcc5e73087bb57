"""Which days the figures of an answer are of: what a reviewer should know of them."""

from __future__ import annotations

from etl.model import Finding, Severity
from etl.parsing.body import Answer


def window(answer: Answer) -> list[Finding]:
    """READ-WINDOW where the source counts other days than the period's, READ-BRIDGE where it counts parts."""
    period, found = answer.period, []
    if answer.days != period.days:
        message = (
            f"Cổng chỉ thống kê theo tháng, quý dương lịch, còn kỳ {period.key} là {period.days}: số liệu của các ngày "
            f"{answer.days}, không cùng khoảng thời gian, cần giải trình khi dùng"
        )
        found.append(_finding(answer, "READ-WINDOW", "warning", message))
    if len(answer.parts) > 1:
        kind = "ngày" if answer.platform.window == "days" else "tháng"
        message = (
            f"Cổng chỉ thống kê từng {kind}: số liệu ghép từ {len(answer.parts)} {kind}, {answer.days}. Số phát sinh "
            "cộng các phần; số đầu kỳ lấy của phần đầu, số cuối kỳ lấy của phần cuối; tổng tính lại từ các số đó"
        )
        found.append(_finding(answer, "READ-BRIDGE", "info", message))
    return found


def _finding(answer: Answer, rule: str, severity: Severity, message: str) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        source=answer.source.id,
        period=answer.period.key,
        payload=answer.pages.asked[0].sha256,
        value=str(answer.days),
        expected=str(answer.period.days),
        message=message,
    )
