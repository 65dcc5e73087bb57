"""How one machine runs it: the embedded database, the simulated portals, Airflow's home, the demo and the services.

A room beside the others, for a laptop, a trial or CI. On a cluster none of it is needed: `etl`, `dags` and
`plugins` run there under the cluster's own database and scheduler.
"""

from __future__ import annotations


class LauncherError(Exception):
    """Something on this machine stands in the way; the text is one sentence that says what to do."""
