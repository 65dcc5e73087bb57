"""Pulling: ask a portal for one period, hand over every answer before judging it.

One module a protocol; a platform's YAML names its protocol and everything that differs between vendors.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from etl.connectors import inbox, json_api
from etl.connectors.earlier import Earlier
from etl.connectors.response import Response
from etl.connectors.sample import sample
from etl.model import Platform, Proof, Source
from etl.periods import Period
from etl.settings import Settings

__all__ = ["Earlier", "Response", "pull", "sample"]


def pull(
    source: Source,
    platform: Platform,
    period: Period,
    fields: Sequence[str],
    settings: Settings,
    earlier: Earlier | None = None,
) -> Generator[Response, None, tuple[Proof, ...]]:
    """The answers of one source for one period, in the order they were asked for.

    Each is yielded before it is judged, so that its bytes are kept whatever they are; the judgement
    falls when the next one is asked for. fields: our field codes, used where the platform's request is
    repeated over fields. Running to the end without an error means: every request was answered with
    JSON, and every page up to the declared total, or up to the last one, was received; or with a file,
    which the reader proves whole; or that every file of the period in the inbox was read, and there was one.
    The generator returns what showed that.

    earlier: where it is given and the platform allows it, a page landed before is asked for only where it changed; what
    the portal calls unchanged is handed over, judged and counted like any other answer, with status 304.

    Raises SourceUnavailable, SourceRefused or SourceBroken; SettingsError for an unset address.
    """
    if source.files is not None or platform.protocol == "inbox":
        return inbox.pull(source, platform, period, fields, settings)
    return json_api.pull(source, platform, period, fields, settings, earlier)
