"""One YAML file of the catalog or of the expectations, read into the model with the line of every key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from etl.errors import CatalogError

T = TypeVar("T")


def overlay(folders: tuple[Path, ...]) -> dict[str, Path]:
    """The files of folders laid one over the other, by their path within."""
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                files[name.as_posix()] = path
    return files


def version_of(files: Mapping[str, Path]) -> str:
    """A sha256 over the files: the same, the same rules."""
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        if path.suffix in (".yml", ".csv", ".xlsx", ".docx"):
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


class _Loader(yaml.SafeLoader):
    """Dates stay text here: the model reads them, and then knows the key of one that does not exist."""

    yaml_implicit_resolvers = {  # noqa: RUF012, the base class declares it as an instance's
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class Document:
    """One YAML file with the line of every key."""

    def __init__(self, files: Mapping[str, Path], name: str) -> None:
        if name not in files or not files[name].is_file():
            raise CatalogError(str(files.get(name, name)), 1, "", "the file is missing from the catalog")
        self.path = files[name]
        self.lines: dict[tuple[str, ...], int] = {(): 1}
        try:
            loader = _Loader(self.path.read_text("utf-8"))
            node = loader.get_single_node()
            self._walk(node, ())
            self.data: Any = loader.construct_document(node) if node else None
        except yaml.MarkedYAMLError as problem:
            mark = problem.problem_mark or problem.context_mark
            line = mark.line + 1 if mark else 1
            raise CatalogError(str(self.path), line, "", f"not YAML: {problem.problem}") from problem
        except (yaml.YAMLError, ValueError) as problem:
            raise CatalogError(str(self.path), 1, "", "not YAML in UTF-8: a character or a tag is wrong") from problem

    def _walk(self, node: yaml.Node | None, path: tuple[str, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                here = (*path, str(key.value))
                line = key.start_mark.line + 1
                # YAML reads a bare 01234 as an octal number and `on` as true: such a key would change in silence.
                if key.tag != "tag:yaml.org,2002:str":
                    raise CatalogError(str(self.path), line, ".".join(here), "a key is a text: quote it")
                if key.value in seen:
                    raise CatalogError(str(self.path), line, ".".join(here), "the key stands twice")
                seen.add(key.value)
                self.lines[here] = line
                self._walk(value, here)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self.lines[(*path, str(index))] = value.start_mark.line + 1
                self._walk(value, (*path, str(index)))

    def mapping(self) -> dict[str, Any]:
        if not isinstance(self.data, dict):
            raise self.error((), "a mapping is expected")
        return self.data

    def error(self, path: tuple[str, ...], problem: str) -> CatalogError:
        known = path
        while known not in self.lines:
            known = known[:-1]
        return CatalogError(str(self.path), self.lines[known], ".".join(path), problem)

    def build(self, kind: type[T], at: tuple[str, ...] = (), **extra: Any) -> T:
        """The part under `at` as the given type; `extra` are keys the file's name stands for."""
        part: Any = self.mapping()
        for key in at:
            part = part[key]
        if extra and not isinstance(part, dict):
            raise self.error(at, "a mapping is expected")
        for key in extra:
            if key in part:
                raise self.error((*at, key), "this comes from the file's name: remove it")
        try:
            built: T = _adapter(cast(Any, kind)).validate_json(json.dumps({**part, **extra}))
        except ValidationError as problem:
            first = max(
                problem.errors(include_url=False),
                key=lambda error: (len(self._known((*at, *map(str, error["loc"])))), len(error["loc"])),
            )
            location = self._known((*at, *map(str, first["loc"])))
            message = _MESSAGES.get(first["type"], first["msg"])
            missing = f"{first['loc'][-1]}: " if first["type"] in _MISSING else ""
            raise self.error(location, f"{missing}{message}") from problem
        return built

    def _known(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """The path without the names of union members that the validator puts in, as far as the file goes."""
        known: tuple[str, ...] = ()
        for key in path:
            if (*known, key) in self.lines:
                known = (*known, key)
        return known


_MISSING = ("missing", "missing_argument", "missing_keyword_only_argument")
_MESSAGES = {
    **dict.fromkeys(_MISSING, "this key is required"),
    "unexpected_keyword_argument": "unknown key",
    "string_type": "a text is expected: quote it ('01')",
}


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """The reader of a type. Its dataclasses are told here to refuse an unknown key, so that the model stays plain."""
    for part in _dataclasses(kind):
        part.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    return TypeAdapter(kind, config=None if is_dataclass(kind) else ConfigDict(strict=True))


def _dataclasses(kind: Any) -> Iterator[Any]:
    if isinstance(kind, type) and is_dataclass(kind):
        yield kind
        for hint in get_type_hints(kind).values():
            yield from _dataclasses(hint)
    for argument in get_args(kind):
        yield from _dataclasses(argument)
