"""What is true: the YAML and CSV files of the catalog, read into the model.

Folders are laid one over the other: a file of a later folder replaces the file of the same relative
path, any other file is added, so a site keeps its own sources outside the repository. An unknown
key, a wrong type, a repeated key or a dangling code is a CatalogError with file, line and key; what
one file says of another is checked in `etl.catalog.checks`, CSV is read in `etl.catalog.tables`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from etl.catalog.checks import check
from etl.catalog.exchanged import as_exchanged
from etl.catalog.tables import fields, units
from etl.catalog.unit_history import changes, codes
from etl.errors import CatalogError
from etl.model import Calendar, Change, Contacts, Dataset, Field, Form, Indicator, Platform, Source, Unit, UnitCode
from etl.model.narratives import Narrative
from etl.periods import Interval, Period, counted
from etl.units import UnitTree

T = TypeVar("T")


@dataclass(frozen=True)
class Catalog:
    """Everything the catalog says. `version` is a sha256 over all its files: the same, the same rules.

    Keys: datasets, platforms, sources, indicators and forms by their id, code or number. form_files: the blanks.
    """

    units: tuple[Unit, ...]
    changes: tuple[Change, ...]
    codes: tuple[UnitCode, ...]
    fields: Mapping[str, Field]
    calendar: Calendar
    contacts: Contacts
    datasets: Mapping[str, Dataset]
    platforms: Mapping[str, Platform]
    sources: Mapping[str, Source]
    indicators: Mapping[str, Indicator]
    forms: Mapping[str, Form]
    form_files: Mapping[str, Path]
    narratives: Mapping[str, Narrative]
    version: str

    @cached_property
    def _trees(self) -> dict[dt.date, UnitTree]:
        return {}

    def tree(self, period: Period) -> UnitTree:
        """The units in force on the last day of the period."""
        day = period.last_day
        if day not in self._trees:
            self._trees[day] = UnitTree(self.units, day)
        return self._trees[day]

    def due_sources(self, period: Period) -> list[Source]:
        """Sources that report on the period, in id order."""
        day = period.last_day
        return [
            source
            for _, source in sorted(self.sources.items())
            if source.valid_from <= day and (source.valid_to is None or day < source.valid_to)
        ]

    def reports(self, dataset: str, period: Period) -> bool:
        """Whether any source reports this dataset in the period; of one that none reports there are no figures."""
        due = (source for source in self.due_sources(period) if self.dataset_of(source) == dataset)
        return any(source.role == "reporting" for source in due)

    def compared(self, period: Period) -> frozenset[str]:
        """Ids of the due sources whose rows are only compared with the figures."""
        return frozenset(source.id for source in self.due_sources(period) if source.role == "comparison")

    def counted(self, period: Period) -> dict[str, Interval]:
        """The days that each due source counts when it is asked for the period."""
        return {source.id: counted(self.platform_of(source).window, period) for source in self.due_sources(period)}

    def platform_of(self, source: Source, period: Period | None = None) -> Platform:
        """The source's platform in its own dialect; to read figures of a period, as its columns are exchanged then."""
        platform = self.platforms[source.platform].in_dialect(source.dialect)
        platform = platform if source.window is None else replace(platform, window=source.window)
        return platform if period is None else as_exchanged(platform, source, period)

    def dataset_of(self, source: Source) -> str:
        return self.platforms[source.platform].dataset

    def indicators_of(self, dataset: str) -> list[Indicator]:
        """Those whose figures are recorded; a growth is computed on reading."""
        return [one for one in self.indicators.values() if one.dataset == dataset and one.growth is None]


def load(folders: tuple[Path, ...]) -> Catalog:
    """Read and cross-check the catalog. Raises CatalogError for the first mistake found."""
    files = _overlay(folders)
    documents: dict[str, _Document] = {}

    def read(name: str, kind: type[T], **extra: Any) -> T:
        documents[name] = _Document(files, name)
        return documents[name].build(kind, **extra)

    def read_all(folder: str, kind: type[T], key: str) -> dict[str, T]:
        names = [name for name in sorted(files) if name.startswith(f"{folder}/") and name.endswith(".yml")]
        return {Path(name).stem: read(name, kind, **{key: Path(name).stem}) for name in names}

    indicators: dict[str, Indicator] = {}
    for name in sorted(name for name in files if name.startswith("indicators/") and name.endswith(".yml")):
        documents[name] = _Document(files, name)
        for code in documents[name].mapping():
            if code in indicators:
                raise documents[name].error((code,), "this indicator is defined in another file too")
            indicators[code] = documents[name].build(Indicator, at=(code,), code=code)
    listed = units(files)
    catalog = Catalog(
        units=listed,
        changes=changes(files, listed),
        codes=codes(files, listed),
        fields=fields(files),
        calendar=read("calendar.yml", Calendar),
        contacts=read("contacts.yml", Contacts),
        datasets=read("datasets.yml", dict[str, Dataset]),
        platforms=read_all("platforms", Platform, "id"),
        sources=read_all("sources", Source, "id"),
        indicators=indicators,
        forms=read_all("forms", Form, "number"),
        form_files={Path(name).stem: path for name, path in files.items() if Path(name).match("forms/*.*x")},
        narratives=read_all("narratives", Narrative, "number"),
        version=_version(files),
    )
    for name, path in sorted(files.items()):
        if path.suffix in (".yml", ".yaml") and name not in documents:
            raise CatalogError(str(path), 1, "", "nothing reads a file of this name: a wrong folder, or .yaml for .yml")

    def fail(file: str, path: tuple[str, ...], problem: str) -> CatalogError:
        return documents[file].error(path, problem)

    homes = {code: name for name in documents if name.startswith("indicators/") for code in documents[name].data}
    check(catalog, homes, fail)
    return catalog


def read_rules(path: Path, kind: type[T]) -> T:
    """One suite of the expectations, checked as the catalog's files are."""
    return _Document({path.name: path}, path.name).build(kind)


def rules_version(folder: Path) -> str:
    """sha256 over the suites (*.yml) of the expectations: the same, the same rules."""
    suites = {name: path for name, path in _overlay((folder,)).items() if path.suffix == ".yml"}
    if not suites:
        raise CatalogError(str(folder), 1, "", "there is no suite of rules in this folder")
    return _version(suites)


def _overlay(folders: tuple[Path, ...]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                files[name.as_posix()] = path
    return files


def _version(files: Mapping[str, Path]) -> str:
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


class _Document:
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
