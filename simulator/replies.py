"""What all portals share in answering: JSON bytes, and the province an address names."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import HTTPException, Response

from simulator.country import Country, Province


def json_reply(answer: Any) -> Response:
    return Response(orjson.dumps(answer), media_type="application/json")


def province_or_404(country: Country, code: str) -> Province:
    """Any province answers on any platform, so that a source added to the catalog finds its portal."""
    if code not in country.portals:
        raise HTTPException(404, f"không có tỉnh, thành phố mã {code!r}")
    return country.portals[code]
