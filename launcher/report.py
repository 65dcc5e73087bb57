"""What the demo says at the end, for a person: Vietnamese, with English beside it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from launcher.inprocess import Run
    from launcher.screen import Screen


def show(screen: Screen, period: str, runs: Mapping[str, Run], summary: Mapping[str, Any], seconds: float) -> int:
    """Prints the summary. 0 when everything went through, 1 when a source or a step did not."""
    broken = {dag: run.failed for dag, run in runs.items() if run.state != "success"}
    failed: Mapping[str, str] = summary.get("coverage", {}).get("failed", {})
    screen.say()
    if summary:
        screen.console.print(_table(period, runs, summary))
    _times(screen, seconds)
    for source in failed.values():
        screen.say(f"Nguồn hỏng / source failed: {source}")
    if note := summary.get("review"):
        screen.say(note)
    for dag, tasks in broken.items():
        names = ", ".join(tasks)
        screen.say(f"Bước hỏng / step failed: {dag}: {names}; nhật ký / log: {screen.log}")
    if summary:
        _where_next(screen, summary)
    return 1 if failed or broken else 0


def _table(period: str, runs: Mapping[str, Run], summary: Mapping[str, Any]) -> Table:
    table = Table(title=f"Kỳ báo cáo {period} / reporting period {period}", show_header=False, title_justify="left")
    complete, failed = summary["coverage"]["complete"], summary["coverage"]["failed"]
    checks = runs["standardize"].results.get("check", [])
    table.add_row("Nguồn / sources", f"lấy đủ/complete {len(complete)}, hỏng/failed {len(failed)}")
    rows = ", ".join(f"{check['dataset']} {_number(check['rows'])}" for check in checks)
    table.add_row("Dòng / rows", f"{_number(sum(check['rows'] for check in checks))} ({rows})")
    table.add_row("Dòng cách ly / quarantined", _quarantined(checks, summary))
    table.add_row(
        "Dữ kiện / facts",
        f"mới/new {_number(summary['new'])}, sửa/revised {_number(summary['revised'])}, "
        f"như cũ/same {_number(summary['same'])}",
    )
    table.add_row("Chưa có giá trị / no value", _counts(summary.get("withheld", {}), _REASONS) or "0")
    for form in runs["publish"].results.get("fill", []):
        table.add_row(
            f"Biểu / form {form['form']}",
            f"{form['written']} bản/files, thay đổi/changed {form['changed']}, như cũ/same {form['same']}",
        )
    return table


_REASONS = {
    "missing_source": "nguồn chưa có / source missing",
    "missing_unit": "đơn vị chưa có / unit missing",
    "quarantined": "dòng bị cách ly / row quarantined",
    "unchecked": "chưa kiểm tra được / unchecked",
    "zero_denominator": "mẫu số bằng 0 / zero denominator",
    "not_provided": "nguồn không cung cấp / not provided",
}


def _quarantined(checks: list[dict[str, Any]], summary: Mapping[str, Any]) -> str:
    total = sum(check["quarantined"] for check in checks)
    why = _counts(summary.get("quarantined", {}), summary.get("rule_titles", {}))
    return f"{_number(total)} ({why})" if why else _number(total)


def _counts(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    return ", ".join(f"{names.get(key, key)}: {_number(count)}" for key, count in counts.items())


def _number(value: int) -> str:
    """Thousands by a dot, as the forms write them."""
    return f"{value:,}".replace(",", ".")


def _times(screen: Screen, seconds: float) -> None:
    screen.say()
    for title, spent in screen.seconds.items():
        screen.say(f"{spent:7.1f} s  {title}")
    screen.say(f"{seconds:7.1f} s  Tất cả / in all")
    screen.say()


def _where_next(screen: Screen, summary: Mapping[str, Any]) -> None:
    issued = summary["issued"]
    shown = [next((form for form in issued if form["unit"] == unit), None) for unit in ("VN", "01")]
    screen.say("Xem tiếp / where to look next:")
    named = [form for form in shown if form is not None] or issued[:2]
    for form in named:
        screen.say(f"  {form['form']} {form['name']}: {form['path']}")
    screen.say("  Từ một ô về tới byte đã lấy / from one cell back to the bytes:")
    for form in named[-1:]:
        screen.say(f"    ./baocao trace {shlex.quote(form['path'])} F12")
    screen.say("  Airflow với giao diện / Airflow with its user interface:")
    screen.say("    make up")
