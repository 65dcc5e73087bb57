"""The table of words holds what the pages say, in both languages, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from etl import console
from etl.console.words import WORDS

FOLDER = Path(console.__file__).parent
PAGES = "\n".join(path.read_text("utf-8") for path in sorted((FOLDER / "templates").glob("*.html")))
CODE = "\n".join(
    path.read_text("utf-8") for path in sorted(FOLDER.glob("**/*.py")) if not path.name.startswith("words")
)
PREFIXES = set(re.findall(r'w\("([a-z_]+_)" ~', PAGES))


def test_every_word_that_a_page_says_is_in_the_table() -> None:
    said = set(re.findall(r'\bw\("([a-z_0-9]+)"[,)]', PAGES))
    assert len(said) > 100
    assert said <= WORDS.keys()
    for prefix in PREFIXES:
        assert any(key.startswith(prefix) for key in WORDS), prefix


def test_no_word_is_left_that_no_page_says() -> None:
    said = {key for key in WORDS if f'"{key}"' in PAGES + CODE}
    assert not [key for key in WORDS if key not in said and not key.startswith((*PREFIXES, "mistake_"))]


def test_both_languages_are_there_and_fill_in_the_same() -> None:
    for key, text in WORDS.items():
        assert text.vi, key
        assert text.en, key
        assert set(re.findall(r"\{(\w+)\}", text.vi)) == set(re.findall(r"\{(\w+)\}", text.en)), key
