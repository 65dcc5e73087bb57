"""The benchmark of pulls: the portals see every budget kept, and would see one that is not. Never for time."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import pull, results

SMALL = pull.Plan((pull.Group(2, 1, 4, 1), pull.Group(1, 3, 6, 2)), pages=4, rows=6, latency=0.05, jobs=5)
SLACK = pull.Group(1, 4, 3, 2)


def test_a_small_pull_keeps_to_every_budget(tmp_path: Path) -> None:
    taken = pull.pulled(SMALL, tmp_path)
    assert taken.seconds >= SMALL.allowed()
    assert 0 < taken.cpu < taken.seconds * 2


def test_it_fails_where_the_portals_see_more_than_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unbounded = pull._SOURCE.replace("budget: {{per_second: {per_second}, concurrency: {concurrency}}}\n", "")
    assert unbounded != pull._SOURCE
    monkeypatch.setattr(pull, "_SOURCE", unbounded)
    with pytest.raises(pull.BudgetExceeded, match=r"127\.0\.0\.\d"):
        pull.pulled(SMALL, tmp_path)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ([(0.0, 0.1), (0.4, 0.5), (0.8, 0.9), (0.99, 1.1)], "4 requests within"),
        ([(0.0, 0.5), (0.1, 0.5), (0.2, 0.5)], "3 requests at once"),
    ],
)
def test_what_is_too_much(seen: list[tuple[float, float]], told: str) -> None:
    with pytest.raises(pull.BudgetExceeded, match=told):
        pull.verify("127.0.0.9", SLACK, seen)


def test_what_is_just_allowed() -> None:
    pull.verify("127.0.0.9", SLACK, [(1.0, 1.1), (0.0, 0.1), (0.4, 0.9), (0.8, 0.9), (1.5, 1.6)])


def test_what_is_allowed_by_hand() -> None:
    def plan(group: pull.Group, jobs: int = 99) -> float:
        return pull.Plan((group,), pages=20, rows=1, latency=0.2, jobs=jobs).allowed()

    assert plan(pull.Group(9, 1, 100, 9)) == pytest.approx(20 * 0.2)  # page after page
    assert plan(pull.Group(1, 5, 1000, 2)) == pytest.approx(100 * 0.2 / 2)  # two at once
    assert plan(pull.Group(1, 5, 8, 5)) == pytest.approx(12 + 0.2)  # 100 requests, 8 a second: the last after 12 s
    assert plan(pull.Group(8, 1, 100, 9), jobs=2) == pytest.approx(160 * 0.2 / 2)  # two jobs


def test_a_result_takes_the_place_of_its_older_one(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    for name, figures in [("one", [3.0, 1.0, 2.0]), ("two", [5.0]), ("one", [7.0, 9.0])]:
        results.write(results.Result(name, "title", "How.", {"time, s": figures}, "quick", met=True), file)
    text = file.read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## one: title", "## two: title"]
    assert "| time, s | 8 | 7 | 9 |" in text
    assert "| time, s | 5 | 5 | 5 |" in text
    assert "CPUs" in text


def test_a_result_names_its_commit_though_results_were_written_since(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.vn"]
        return subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    bench = tmp_path / "bench"
    bench.mkdir()
    assert results.commit(tmp_path) == "no commit"
    for path in (bench / "RESULTS.md", tmp_path / "code.py"):
        path.write_text("1\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    head = git("rev-parse", "--short", "HEAD").strip()
    (bench / "RESULTS.md").write_text("2\n")
    (bench / "untracked").write_text("2\n")
    assert results.commit(bench) == head
    (tmp_path / "code.py").write_text("2\n")
    results.commit.cache_clear()
    assert results.commit(bench) == f"{head}-dirty"
    results.commit.cache_clear()
