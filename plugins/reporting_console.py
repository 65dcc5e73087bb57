"""The console in Airflow's own page, behind Airflow's own login.

Airflow guards no application that a plugin brings: the guard is here, before every page. All of Airflow's internal
security interface that this project touches is in this one file. Every process imports it, so nothing heavy is
imported before the first request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI

PREFIX = "/console"
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class LazyASGI:
    """Makes the application when it is first asked for: scheduler, workers and commands never pay for its imports."""

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        self._make, self._app = make, None

    async def __call__(self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        if self._app is None:
            self._app = self._make()
        await self._app(scope, receive, send)


def console() -> FastAPI:
    """The console, told by Airflow's auth manager who asks and what they may do there.

    The manager is asked what a user may do, never what their role is called, so that this holds under any manager:
    see the DAG that publishes, answer the review in `standardize`, change a pool.
    """
    from urllib.parse import quote, urlencode, urlsplit

    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.api_fastapi.core_api.security import get_user
    from airflow.configuration import conf
    from fastapi import Depends

    from etl.console import Login, create_app

    def login(user=Depends(get_user)) -> Login:  # noqa: B008 - FastAPI's own way
        manager = get_auth_manager()
        publish, standardize = DagDetails(id="publish"), DagDetails(id="standardize")
        review = DagAccessEntity.HITL_DETAIL
        return Login(
            name=user.get_name(),
            reads=manager.is_authorized_dag(method="GET", details=publish, user=user),
            decides=manager.is_authorized_dag(method="PUT", access_entity=review, details=standardize, user=user),
            operates=manager.is_authorized_pool(method="PUT", user=user),
        )

    root = urlsplit(conf.get("api", "base_url", fallback="/")).path.rstrip("/")
    login_url = f"{root}/api/v2/auth/login?{urlencode({'next': f'{root}{PREFIX}/'})}"

    def review_url(run: str) -> str:
        return f"{root}/dags/standardize/runs/{quote(run, safe='')}/tasks/review/required_actions"

    return create_app(login, conf.get_mandatory_value("api", "secret_key"), login_url, review_url)


class ReportingConsolePlugin(AirflowPlugin):
    """An entry in Airflow's menu; the page itself also stands alone under /console/."""

    name = "reporting_console"
    fastapi_apps = [{"app": LazyASGI(console), "url_prefix": PREFIX, "name": "Báo cáo ETL"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012 (Airflow declares a plain list)
        {
            "name": "Báo cáo",
            "href": f"{PREFIX.removeprefix('/')}/",
            "destination": "nav",
            "url_route": "bao_cao",
        }
    ]
