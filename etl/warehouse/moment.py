"""One connection and one snapshot for all that is read to answer one question, such as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import orjson
from sqlalchemy import Connection, Engine, create_engine

_P = ParamSpec("_P")
_R = TypeVar("_R")


class _Held:
    """The connections of one moment, by the address of their warehouse, each opened when it is first needed."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._connections: dict[str, Connection] = {}

    def connection(self, url: str) -> Connection:
        if url not in self._connections:
            self._connections[url] = self._stack.enter_context(_reading(pool(url)))
        return self._connections[url]


_HELD: ContextVar[_Held | None] = ContextVar("held", default=None)


@contextmanager
def one_moment() -> Iterator[None]:
    """What this thread reads of a warehouse within is of one snapshot, on one connection; within another one, on its.

    What is written within is not seen: read it in a moment of its own.
    """
    if _HELD.get() is not None:
        yield
        return
    with ExitStack() as stack:
        token = _HELD.set(_Held(stack))
        try:
            yield
        finally:
            _HELD.reset(token)


def at_one_moment(question: Callable[_P, _R]) -> Callable[_P, _R]:
    """A function all of whose reading is of one moment."""

    @wraps(question)
    def asked(*given: _P.args, **named: _P.kwargs) -> _R:
        with one_moment():
            return question(*given, **named)

    return asked


def snapshot(url: str, engine: Engine) -> AbstractContextManager[Connection]:
    """The connection of this moment; outside of any, one of the engine's own. All of its queries see one state."""
    held = _HELD.get()
    return _reading(engine) if held is None else nullcontext(held.connection(url))


@lru_cache(maxsize=4)
def pool(url: str) -> Engine:
    """The connections of this process to the warehouse at `url` that are kept open; first made after any fork.

    As many at most as a server of pages has threads, so that none waits for a connection while it holds one.
    """
    return create_engine(url, pool_size=4, max_overflow=36, pool_pre_ping=True, json_deserializer=orjson.loads)


def _reading(engine: Engine) -> Connection:
    return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
