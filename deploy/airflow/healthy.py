"""Whether the API server has heard of a component lately: `healthy.py dag_processor|triggerer|scheduler`."""

from __future__ import annotations

import json
import sys
from urllib.request import urlopen

HEALTH = "http://api-server:8080/api/v2/monitor/health"

if __name__ == "__main__":
    with urlopen(HEALTH, timeout=8) as answer:
        status = json.load(answer)[sys.argv[1]]["status"]
    print(status)
    sys.exit(status != "healthy")
