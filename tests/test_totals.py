"""Total rows are found however they are written, never added, and proven against their details."""

from __future__ import annotations

import itertools
import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.totals import Axis, Measures, Prover, spelling

AXES = (Axis("month", span=True), Axis("year", span=True), *map(Axis, ("agency", "domain", "group", "system")))
MONTH, YEAR, AGENCY, DOMAIN, GROUP, SYSTEM = range(6)
WORDS = ("all", "total", "Tổng cộng", "Tổng số")


def spelt(word: str, dice: random.Random) -> str:
    """The word as some vendor might write it."""
    text = dice.choice([word, word.upper(), word.lower(), word.title()])
    if dice.random() < 0.3:  # the hook before the circumflex, which no normal form mends
        text = unicodedata.normalize("NFD", text).replace("\u0302\u0309", "\u0309\u0302")
    else:
        text = unicodedata.normalize(dice.choice(["NFC", "NFD", "NFKC", "NFKD"]), text)
    text = text.replace(" ", dice.choice([" ", "  ", "\u00a0", "\t"]))
    return dice.choice(["", " ", "\u200b"]) + text + dice.choice(["", " ", ":", "\u00a0"])


def blank(dice: random.Random) -> Any:
    return dice.choice([None, "", "  ", "\u00a0", "\u200b", "NULL", "null", spelt(dice.choice(WORDS), dice)])


@dataclass
class Tree:
    """An answer with a known truth: which rows are details, and of what every other row is the sum."""

    codes: list[list[Any]] = field(default_factory=list)
    measures: list[Measures] = field(default_factory=list)
    details: list[int] = field(default_factory=list)
    proven: list[int] = field(default_factory=list)

    def add(self, codes: Sequence[Any], measures: Measures) -> int:
        self.codes.append(list(codes))
        self.measures.append(measures)
        return len(self.codes) - 1

    def shuffled(self, dice: random.Random) -> Tree:
        order = list(range(len(self.codes)))
        dice.shuffle(order)
        place = {old: new for new, old in enumerate(order)}
        return Tree(
            [self.codes[old] for old in order],
            [self.measures[old] for old in order],
            sorted(place[old] for old in self.details),
            sorted(place[old] for old in self.proven),
        )

    def prover(self) -> Prover:
        return Prover(AXES, self.codes, [None] * len(self.codes))

    def figures(self, prover: Prover) -> dict[int, Measures]:
        return {row: self.measures[row] for row in range(len(self.codes)) if row not in prover.totals}


def summed(rows: Sequence[Measures], width: int) -> Measures:
    return tuple(sum(row[measure] or 0 for row in rows) for measure in range(width))


def grow(dice: random.Random) -> Tree:
    """Details of random agencies, domains, groups and systems, and a random choice of every kind of total."""
    tree, width = Tree(), dice.randint(1, 4)
    spots: set[tuple[str, ...]] = set()
    for agency in range(dice.randint(1, 6)):
        for domain in dice.sample(["HO_TICH", "dat-dai", "Thuế", "X"], dice.randint(1, 4)):
            spots.add((f"{agency:05}", domain, dice.choice(["XA", "SBN"]), dice.choice(["1", "2"])))
    for spot in sorted(spots):
        measures = tuple(dice.choice([0, 1, dice.randint(0, 10**6)]) for _ in range(width))
        tree.details.append(tree.add([9, 2026, *spot], measures))
    details = [(tree.codes[row], tree.measures[row]) for row in tree.details]
    for over in itertools.product([False, True], repeat=4):
        if not any(over) or dice.random() < 0.3:
            continue
        groups: dict[tuple[Any, ...], list[Measures]] = {}
        for codes, measures in details:
            key = tuple(None if all_ else code for code, all_ in zip(codes[2:], over, strict=True))
            groups.setdefault(key, []).append(measures)
        for key, parts in groups.items():
            written = [blank(dice) if code is None else dice.choice([code, code.lower(), f" {code} "]) for code in key]
            tree.proven.append(tree.add([9, 2026, *written], summed(parts, width)))
    for codes, _ in details:
        year = dice.choice([2026, 0, "0", None])
        tree.add([dice.choice([0, "0", " 00 ", "all", None]), year, *codes[2:]], (dice.randint(0, 10**7),) * width)
    return tree.shuffled(dice)


@settings(max_examples=1000, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_sum_is_wrong_in_any_tree(dice: random.Random) -> None:
    tree = grow(dice)
    prover = tree.prover()
    figures = tree.figures(prover)
    assert sorted(figures) == tree.details
    assert list(prover.prove(figures, tree.measures.__getitem__)) == []
    assert prover.infer(figures, [AGENCY, DOMAIN], lambda axis, code: True) == {}


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([1, -1]))
def test_a_total_off_by_one_is_found_at_its_place(dice: random.Random, by: int) -> None:
    tree = grow(dice)
    if not tree.proven:
        return
    row = dice.choice(tree.proven)
    measure = dice.randrange(len(tree.measures[row]))
    true = tree.measures[row][measure] or 0
    tree.measures[row] = (*tree.measures[row][:measure], true + by, *tree.measures[row][measure + 1 :])
    prover = tree.prover()
    figures = tree.figures(prover)
    (wrong,) = prover.prove(figures, tree.measures.__getitem__)
    assert (wrong.row, wrong.measures) == (row, ((measure, true + by, true),))
    assert sum(figures[part][measure] or 0 for part in wrong.parts) == true


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_detail_that_is_missing_shows_in_every_total_over_it(dice: random.Random) -> None:
    tree = grow(dice)
    lost = dice.choice(tree.details)
    prover = tree.prover()
    figures = tree.figures(prover)
    gone = figures.pop(lost)

    def holds(row: int) -> bool:
        over = prover.totals[row].over
        pairs = zip(tree.codes[row], tree.codes[lost], over, strict=True)
        return all(all_ or spelling(mine) == spelling(its) for mine, its, all_ in pairs)

    found = {wrong.row for wrong in prover.prove(figures, tree.measures.__getitem__)}
    assert found == ({row for row in tree.proven if holds(row)} if any(gone) else set())


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_all_is_known_in_every_spelling(word: str) -> None:
    for seed in range(200):
        code = spelt(word, random.Random(seed))
        assert 0 in Prover([Axis("agency", blank=False)], [[code]], [None]).totals, ascii(code)


@pytest.mark.parametrize("code", ["ＴＯＴＡＬ", " - All - ", "total.", "Tổng\u2003cộng"])
def test_print_and_typography_hide_no_total(code: str) -> None:
    assert 0 in Prover([Axis("agency", blank=False)], [[code]], [None]).totals


@pytest.mark.parametrize("code", ["00123", "TONG_CUC", "Xã Tổng Cọt", "Tổng cục Thuế", "allied", 0, False, "-x"])
def test_a_name_that_only_begins_like_a_word_is_no_total(code: Any) -> None:
    assert Prover([Axis("agency")], [[code]], [None]).totals == {}


@pytest.mark.parametrize("code", [None, "", "\u00a0", "NULL"])
def test_a_blank_is_a_total_only_where_the_platform_says_so(code: Any) -> None:
    assert Prover([Axis("agency", blank=False)], [[code]], [None]).totals == {}
    assert 0 in Prover([Axis("agency")], [[code]], [None]).totals


def test_the_platforms_own_codes_are_totals() -> None:
    assert set(Prover([Axis("agency")], [["000"], ["H99"]], [None, None], words=["h99"]).totals) == {1}


@pytest.mark.parametrize(
    ("code", "total"), [(0, True), ("0", True), (-1, True), (0.0, True), (1, False), ("12", False)]
)
def test_a_month_below_one_is_no_month(code: Any, total: bool) -> None:
    assert (0 in Prover([Axis("month", span=True)], [[code]], [None]).totals) == total


def test_a_unit_whose_total_equals_its_only_detail_is_counted_once() -> None:
    tree = Tree()
    for agency, domain in (("1", "A"), ("1", None), (None, "A"), (None, None)):
        tree.add([9, 2026, agency, domain, "XA", "1"], (7, 0))
    prover = tree.prover()
    figures = tree.figures(prover)
    assert figures == {0: (7, 0)}
    assert list(prover.prove(figures, tree.measures.__getitem__)) == []


def test_a_measure_without_value_is_not_judged_and_the_others_are() -> None:
    codes = [["1"], ["2"], [None]]
    prover = Prover([Axis("agency")], codes, [None] * 3)
    (wrong,) = prover.prove({0: (1, None), 1: (2, 5)}, lambda _: (4, 5))
    assert wrong.measures == ((0, 4, 3),)
    (wrong,) = prover.prove({0: (1, 1), 1: (2, 5)}, lambda _: (3, None))
    assert wrong.measures == ((1, None, 6),), "no value is not the sum"


def test_a_total_of_nothing_is_nought() -> None:
    prover = Prover([Axis("agency"), Axis("domain")], [["1", "A"], ["2", None], ["3", None]], [None] * 3)
    claims: dict[int, Measures] = {1: (0, None), 2: (1, 0)}
    (wrong,) = prover.prove({0: (5, 5)}, claims.__getitem__)
    assert (wrong.row, wrong.measures, wrong.parts) == (2, ((0, 1, 0),), ())


# --- parents and children -------------------------------------------------------------------------

NESTED = [["Sở"], ["Chi cục"], ["Phòng 1"], ["Phòng 2"], ["Trung tâm"], ["Sở khác"]]
PARENTS = [None, 0, 1, 1, 0, None]


def test_a_parent_that_includes_its_children_is_their_total() -> None:
    prover = Prover([Axis("agency")], NESTED, PARENTS, includes_children=0)
    assert set(prover.totals) == {0, 1}
    details: dict[int, Measures] = {2: (1,), 3: (2,), 4: (4,), 5: (8,)}
    assert list(prover.prove(details, {0: (7,), 1: (3,)}.__getitem__)) == []
    (wrong,) = prover.prove(details, {0: (7,), 1: (4,)}.__getitem__)
    assert (wrong.row, wrong.measures, wrong.parts) == (1, ((0, 4, 3),), (2, 3))


def test_a_parent_with_figures_of_its_own_is_a_row() -> None:
    assert Prover([Axis("agency")], NESTED, PARENTS).totals == {}


def test_a_total_among_children_is_the_total_of_its_siblings() -> None:
    prover = Prover([Axis("agency")], [*NESTED, ["Tổng cộng"], [None]], [*PARENTS, 1, None], includes_children=0)
    claims: dict[int, Measures] = {0: (7,), 1: (3,), 6: (3,), 7: (15,)}
    assert list(prover.prove({2: (1,), 3: (2,), 4: (4,), 5: (8,)}, claims.__getitem__)) == []


def test_a_total_with_rows_under_it_is_their_total() -> None:
    prover = Prover([Axis("agency")], [["Tổng số"], ["1"], ["2"], ["3"]], [None, 0, 0, None])
    assert list(prover.prove({1: (1,), 2: (2,), 3: (9,)}, lambda _: (3,))) == []


# --- arithmetic -----------------------------------------------------------------------------------

CATALOG = {"1", "2", "3", "A", "B"}


def infer(rows: Sequence[tuple[str, str, tuple[int | None, ...]]]) -> set[int]:
    prover = Prover(
        [Axis("agency", blank=False), Axis("domain", blank=False)], [row[:2] for row in rows], [None] * len(rows)
    )
    found = prover.infer({place: row[2] for place, row in enumerate(rows)}, [0, 1], lambda _, code: code in CATALOG)
    assert set(found) == set(prover.totals)
    return set(found)


def test_an_unknown_code_that_is_the_sum_of_all_others_is_a_total() -> None:
    rows = [("1", "A", (1, 2)), ("2", "A", (3, 0)), ("04", "A", (4, 2)), ("1", "B", (5, 5)), ("04", "B", (5, 5))]
    assert infer(rows) == {2, 4}, "it is proven in A, and is a total where it equals one single row as well"


def test_an_unknown_domain_may_be_a_total_too() -> None:
    assert infer([("1", "A", (1,)), ("1", "B", (2,)), ("1", "Cả xã", (3,)), ("2", "B", (9,))]) == {2}


def test_a_code_found_by_arithmetic_stands_for_all_in_the_other_totals_too() -> None:
    codes = [["1", "A"], ["2", "A"], ["04", "A"], ["1", "B"], ["04", "B"], ["04", None]]
    figures: list[Measures] = [(1,), (3,), (4,), (5,), (5,), (9,)]
    prover = Prover([Axis("agency"), Axis("domain")], codes, [None] * 6)
    rows = {place: figures[place] for place in range(5)}
    for place in prover.infer(rows, [0, 1], lambda _, code: code in CATALOG):
        del rows[place]
    assert set(rows) == {0, 1, 3}
    assert list(prover.prove(rows, figures.__getitem__)) == []
    assert [wrong.row for wrong in prover.prove(rows, lambda row: (8,) if row == 5 else figures[row])] == [5]


@pytest.mark.parametrize(
    "rows",
    [
        [("1", "A", (4, 2)), ("04", "A", (4, 2))],
        [("1", "A", (4, 2)), ("2", "A", (0, 0)), ("04", "A", (4, 2))],
        [("1", "A", (1, 2)), ("2", "A", (3, 0)), ("04", "A", (4, 3))],
        [("1", "A", (1, 2)), ("2", "A", (3, 0)), ("3", "A", (4, 2))],
        [("1", "A", (1, 2)), ("2", "A", (3, None)), ("04", "A", (4, 2))],
        [("1", "A", (1, 2)), ("2", "A", (3, None)), ("04", "A", (4, None))],
        [("1", "A", (1, 2)), ("2", "A", (3, 0)), ("04", "A", (4, 2)), ("1", "B", (5, 5)), ("04", "B", (5, 6))],
        [("1", "A", (0, 0)), ("2", "A", (0, 0)), ("04", "A", (0, 0))],
        [("1", "A", (1, 2)), ("2", "A", (3, 0)), ("04", "A", (4, 2)), ("4", "A", (4, 2))],
        [("1", "X", (1, 2)), ("2", "X", (3, 0)), ("04", "X", (4, 2))],
    ],
    ids=[
        "one other",
        "one busy other",
        "off by one",
        "known",
        "no value",
        "nothing",
        "elsewhere not",
        "nought",
        "twice",
        "both unknown",
    ],
)
def test_what_arithmetic_cannot_prove_stays_a_row(rows: list[tuple[str, str, tuple[int | None, ...]]]) -> None:
    assert infer(rows) == set()
