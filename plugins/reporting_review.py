"""How a reviewer is asked within a run: who may answer, and that a rejection has its reason."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowException, AirflowFailException

REVIEWERS = [name.strip() for name in (os.environ.get("BAOCAO_REVIEWERS") or "").split(",") if name.strip()]
"""Ids of the users who may answer, as Airflow's auth manager knows them (its simple one: the user names)."""

_ROOT = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
REPORT = (
    "[**Báo cáo chất lượng đầy đủ: mọi dòng sai, giá trị, lẽ ra phải là / the whole quality report**]"
    f"({_ROOT}/console/quality/report?period={{{{ ti.xcom_pull('question')['period'] }}}}"
    "&run={{ run_id | urlencode }})"
)
"""A link to the report of the run that is asked about, as Markdown within a template."""

_ASKED_AGAIN_AFTER = timedelta(seconds=2)


class Review(ApprovalOperator):
    """Approve or reject, by an assigned reviewer and never by itself; what was answered is the result, a rejection too.

    ApprovalOperator would skip what follows a rejection, or fail before its result is kept: here the next task keeps
    it. A rejection without a reason is no answer, and is asked for again as another try; so is an answer that Airflow
    3.3 loses when it comes within about two seconds of the question.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(
            assigned_users=[{"id": name, "name": name} for name in REVIEWERS],
            params={"comment": Param("", type="string", title="Ý kiến, lý do (phải ghi) / comment (needed)")},
            retries=100,
            retry_delay=_ASKED_AGAIN_AFTER,
            **given,
        )

    def execute(self, context: Any) -> Any:
        if not self.assigned_users:
            raise AirflowFailException(
                "Có lỗi nghiêm trọng cần người soát xét, nhưng chưa chỉ định ai: đặt BAOCAO_REVIEWERS=tên,tên cho các "
                "tiến trình Airflow rồi xoá trạng thái (Clear) bước này; hoặc quyết định bằng `baocao review` rồi xoá "
                "trạng thái bước question. / Critical findings need a reviewer and none is assigned: set "
                "BAOCAO_REVIEWERS=name,name and clear this task, or decide by `baocao review` and clear question."
            )
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        given = HITLOperator.execute_complete(self, context, event)
        if self.REJECT in given["chosen_options"] and not str(given["params_input"].get("comment") or "").strip():
            raise AirflowException(
                "Từ chối thì phải ghi lý do ở ô comment: hỏi lại. / A rejection needs its reason: asked again."
            )
        return given
