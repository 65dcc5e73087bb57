"""Ways to loosen a rule, made of the syntax tree that DuckDB itself gives of a condition.

A mutant fires on less than the rule does: one way of several to break it is gone, a bound is wider, a measure is no
longer looked at. What fires on more than the rule does is a false alarm, which the clean rows show.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb

from etl.model import Rule

Node = dict[str, Any]
_FARTHER = {
    **dict.fromkeys(("COMPARE_GREATERTHAN", "COMPARE_GREATERTHANOREQUALTO"), "+"),
    **dict.fromkeys(("COMPARE_LESSTHAN", "COMPARE_LESSTHANOREQUALTO"), "-"),
}


def loosened(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """(operator, mutant), one change each."""
    never = f"select * from ({rule.violation}) where false" if rule.kind == "table" else "false"
    yield "never true", replace(rule, violation=never)
    query = rule.violation if rule.kind == "table" else f"select 1 from rows where {rule.violation}"
    tree = _ask("select json_serialize_sql(?)", query)
    for operator, place, change in _sites(json.loads(tree)["statements"][0]["node"]["where_clause"], (), True):
        mutant = json.loads(tree)
        node = mutant["statements"][0]["node"]
        _put(node, ("where_clause", *place), change)
        told = _ask("select json_deserialize_sql(?)", json.dumps(mutant))
        yield (
            operator,
            replace(rule, violation=told if rule.kind == "table" else re.split(r" WHERE ", told, maxsplit=1)[1]),
        )


def _ask(query: str, given: str) -> str:
    with duckdb.connect() as connection:
        (told,) = connection.execute(query, [given]).fetchall()[0]
    return str(told)


def _sites(node: Node, place: tuple[Any, ...], positive: bool) -> Iterator[tuple[str, tuple[Any, ...], Node]]:
    """(operator, where in the tree, what stands there in the mutant). positive: more of the node is more violations."""
    kind = node.get("type")
    if kind == ("CONJUNCTION_OR" if positive else "CONJUNCTION_AND"):
        for index in range(len(node["children"])):
            kept = [child for at, child in enumerate(node["children"]) if at != index]
            yield "one way dropped", place, kept[0] if len(kept) == 1 else {**node, "children": kept}
    if kind == "COMPARE_BETWEEN" and not positive:
        yield "bound widened", place, {**node, "lower": _moved(node["lower"], "-")}
        yield "bound widened", place, {**node, "upper": _moved(node["upper"], "+")}
    if kind in _FARTHER and positive:
        yield "bound widened", place, {**node, "right": _moved(node["right"], _FARTHER[kind])}
        yield from _without_argument(node["left"], "greatest", (*place, "left"))
        yield from _without_argument(node["right"], "greatest", (*place, "right"))
    if kind == "COMPARE_NOTEQUAL":
        yield from _without_argument(node["right"], "+", (*place, "right"))
    inner = not positive if kind == "OPERATOR_NOT" else positive
    if kind == "SUBQUERY" and node["subquery_type"] in ("EXISTS", "NOT_EXISTS"):
        inner = positive == (node["subquery_type"] == "EXISTS")
        yield from _sites(node["subquery"]["node"]["where_clause"], (*place, "subquery", "node", "where_clause"), inner)
    elif kind in ("CONJUNCTION_OR", "CONJUNCTION_AND", "OPERATOR_NOT"):
        for index, child in enumerate(node["children"]):
            yield from _sites(child, (*place, "children", index), inner)


def _without_argument(node: Node, name: str, place: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...], Node]]:
    if node.get("class") != "FUNCTION" or node["function_name"] != name:
        return
    given = node["arguments"]
    for index in range(len(given)):
        kept = given[:index] + given[index + 1 :]
        yield "a measure dropped", place, kept[0]["expression"] if len(kept) == 1 else {**node, "arguments": kept}
    if name == "+":
        for index, one in enumerate(given):
            yield from _without_argument(one["expression"], name, (*place, "arguments", index, "expression"))


def _moved(node: Node, sign: str) -> Node:
    """The bound one further: `x` becomes `x + 1`, or `x - 1`."""
    tree = json.loads(_ask("select json_serialize_sql(?)", f"select 1 {sign} 1"))
    moved = tree["statements"][0]["node"]["select_list"][0]
    moved["arguments"][0]["expression"] = copy.deepcopy(node)
    return dict(moved)


def _put(node: Any, place: tuple[Any, ...], change: Node) -> None:
    *way, last = place
    for step in way:
        node = node[step]
    node[last] = change
