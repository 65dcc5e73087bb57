"""The pool the DAGs name, and the warehouse's schema and units. Can be repeated; needs Airflow's migrated database."""

from __future__ import annotations

from airflow.models.pool import Pool
from reporting_run import PORTALS

from etl import pipeline

SLOTS = 4

if __name__ == "__main__":
    if Pool.get_pool(PORTALS) is None:  # afterwards its size is the user's
        Pool.create_or_update_pool(PORTALS, SLOTS, "Cổng nguồn / source portals", include_deferred=False)
    pipeline.prepare()
