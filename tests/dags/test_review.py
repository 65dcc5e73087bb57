"""A reviewer is asked in standardize, and nobody answers in their place."""

from __future__ import annotations

import datetime as dt
import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import TriggerRule
from airflow.sdk.exceptions import AirflowException, AirflowFailException

ROOT = Path(__file__).resolve().parents[2]


def plugin() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "plugins" / "reporting_review.py"))


def answered(option: str, comment: str) -> dict[str, Any]:
    """What Airflow gives the operator when somebody answered."""
    return {
        "chosen_options": [option],
        "params_input": {"comment": comment},
        "responded_at": dt.datetime(2026, 10, 1, tzinfo=dt.UTC),
        "responded_by_user": {"id": "an", "name": "an"},
    }


def test_nothing_is_loaded_past_the_question(dagbag) -> None:
    dag = dagbag.dags["standardize"]
    assert dag.get_task("question").upstream_task_ids == {"compute"}
    assert dag.get_task("ask").downstream_task_ids == {"review", "record"}
    assert dag.get_task("review").downstream_task_ids == {"decide"}
    assert dag.get_task("record").upstream_task_ids == {"question", "ask", "decide"}
    assert dag.get_task("record").trigger_rule == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    assert dag.get_task("decide").trigger_rule == TriggerRule.ALL_SUCCESS
    choose = dag.get_task("ask").python_callable
    assert (choose({"open": True}), choose({"open": False})) == ("review", "record")


def test_no_answer_is_given_by_itself(dagbag) -> None:
    """Neither by a default nor by time, and it survives serialisation."""
    from airflow.serialization.serialized_objects import DagSerialization

    review = dagbag.dags["standardize"].get_task("review")
    assert (review.defaults, review.response_timeout, review.execution_timeout) == (None, None, None)
    assert (review.options, review.multiple) == (["Approve", "Reject"], False)
    assert list(review.params) == ["comment"]
    written = json.loads(json.dumps(DagSerialization.serialize_dag(dagbag.dags["standardize"])))
    assert DagSerialization.deserialize_dag(written).get_task("review").retries == 100


def test_only_whom_the_setting_names_may_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAOCAO_REVIEWERS", "an, binh,")
    asked = plugin()["Review"](task_id="review", subject="?")
    assert asked.assigned_users == [{"id": "an", "name": "an"}, {"id": "binh", "name": "binh"}]
    for missing in (None, "", " , "):
        monkeypatch.delenv("BAOCAO_REVIEWERS") if missing is None else monkeypatch.setenv("BAOCAO_REVIEWERS", missing)
        with pytest.raises(AirflowFailException, match="BAOCAO_REVIEWERS"):
            plugin()["Review"](task_id="review", subject="?").execute({})


def test_a_rejection_without_a_reason_is_no_answer() -> None:
    review = plugin()["Review"](task_id="review", subject="?")
    for empty in ("", "  \n"):
        with pytest.raises(AirflowException, match="hỏi lại"):
            review.execute_complete({}, answered("Reject", empty))
    kept = review.execute_complete({}, answered("Reject", "số sai"))
    assert (kept["chosen_options"], kept["params_input"]) == (["Reject"], {"comment": "số sai"})
    assert review.execute_complete({}, answered("Approve", ""))["chosen_options"] == ["Approve"]
