"""Rules on a resolved compose file that no validator has; reads `docker compose config --format json` from stdin.

Prints one sentence a fault and exits 1, or one line and exits 0.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOOPBACK = ("127.0.0.1", "::1")
OPEN_FILES = 20000
"""More open files than this cannot be asked for on a machine without CAP_SYS_RESOURCE."""


def faults(model: dict[str, Any]) -> Iterator[str]:
    """Every fault of the resolved model, as "service: what is wrong"."""
    services: dict[str, dict[str, Any]] = model.get("services", {})
    built = {service.get("image") for service in services.values() if service.get("build")}
    published: dict[tuple[str, str, str], str] = {}
    for name, service in services.items():
        found = [*_image(service, built), *_build(service), *_mounts(service), *_waits(service, services)]
        for port in service.get("ports", []):
            found += _port(port, name, published)
        limit = (service.get("ulimits") or {}).get("nofile")
        if isinstance(limit, dict) and limit.get("hard", 0) > OPEN_FILES:
            found.append(f"ulimits.nofile is above {OPEN_FILES}")
        yield from (f"{name}: {fault}" for fault in found)


def _image(service: dict[str, Any], built: set[str | None]) -> Iterator[str]:
    image = service.get("image", "")
    name = image.rsplit("/", 1)[-1]
    if image and image not in built and "@" not in image and (":" not in name or name.endswith(":latest")):
        yield f"image {image!r} is not pinned to a tag"
    if image in built and not service.get("build") and service.get("pull_policy") != "never":
        yield f"image {image!r} is built by another service and may not be pulled (pull_policy: never)"


def _build(service: dict[str, Any]) -> Iterator[str]:
    build = service.get("build")
    if not build:
        return
    recipe = Path(build["context"]) / build.get("dockerfile", "Dockerfile")
    if not recipe.is_file():
        yield f"there is no {recipe}"
    elif recipe.read_text("utf-8").lower().replace(" ", "").startswith("#syntax="):
        yield f"{recipe} begins with '# syntax=', which pulls one more image"


def _mounts(service: dict[str, Any]) -> Iterator[str]:
    for volume in service.get("volumes", []):
        if volume.get("type") == "bind" and not Path(volume["source"]).exists():
            yield f"the mounted {volume['source']} does not exist"


def _waits(service: dict[str, Any], services: dict[str, dict[str, Any]]) -> Iterator[str]:
    for other, how in (service.get("depends_on") or {}).items():
        awaited = services.get(other, {})
        if how["condition"] == "service_healthy" and not (awaited.get("healthcheck") or {}).get("test"):
            yield f"waits for {other} to be healthy, which has no healthcheck"
        if how["condition"] == "service_completed_successfully" and awaited.get("restart", "no") not in ("no", ""):
            yield f"waits for {other} to end, which is restarted ({awaited['restart']})"


def _port(port: dict[str, Any], name: str, published: dict[tuple[str, str, str], str]) -> Iterator[str]:
    address, number = port.get("host_ip", ""), str(port.get("published", ""))
    if address not in LOOPBACK:
        yield f"port {number} is published on {address or 'every address'}, not on loopback"
    key = (address, number, port.get("protocol", "tcp"))
    if number not in ("", "0") and key in published:
        yield f"port {number} is also published by {published[key]}"
    published.setdefault(key, name)


def main() -> int:
    model = json.load(sys.stdin)
    found = list(faults(model))
    print("\n".join(found) if found else f"{len(model.get('services', {}))} services keep the rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
