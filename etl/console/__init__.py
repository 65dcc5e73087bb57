"""The console: what people look at and decide on, as a plain FastAPI application that knows nothing of Airflow.

Who asks is told by whoever mounts it (`create_app`); what is shown comes from `etl.pipeline.pages`.
"""

from etl.console.access import Login
from etl.console.app import create_app

__all__ = ["Login", "create_app"]
