"""Airflow connections as the environment holds them, in both documented forms, and what is refused without a word of
the secret. tests/dags compares the same reader with Airflow's own."""

from __future__ import annotations

import pytest

from etl.errors import SettingsError
from etl.logins import Login, parse
from etl.settings import Settings

SECRET = "k3y:that/nobody@may see"
QUOTED = "k3y%3Athat%2Fnobody%40may%20see"


@pytest.mark.parametrize(
    ("text", "login"),
    [
        (f'{{"conn_type": "http", "password": "{SECRET}"}}', Login("", SECRET)),
        (f' {{"login": "huế", "password": "{SECRET}", "extra": {{"a": 1}}}}\n', Login("huế", SECRET)),
        ('{"login": null, "host": "h"}', Login("", "")),
        (f"http://:{QUOTED}@", Login("", SECRET)),
        (f"http://hu%E1%BA%BF:{QUOTED}@one-stop.example.vn:443/api?a=1", Login("huế", SECRET)),
        (f"http://https://hue:{QUOTED}@one-stop.example.vn", Login("hue", SECRET)),
        ("http://one-stop.example.vn", Login("", "")),
    ],
)
def test_both_forms(text: str, login: Login) -> None:
    assert parse(text) == login


UNREADABLE = [
    SECRET,
    f'{{"password": "{SECRET}"',
    f'{{"password": ["{SECRET}"]}}',
    f"hue:{SECRET}",
    f"hue:{SECRET}@host",
    f"//hue:{SECRET}@host",
    "http://:k3y%FF%FE@host",
    f"http://[{SECRET}@host",
    f"https://hue:{SECRET}@https://host",
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_anything_else_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^neither JSON nor a URI$") as caught:
        parse(text)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    with pytest.raises(SettingsError, match=r"Airflow hue_igate .*neither JSON nor a URI") as refused:
        Settings.from_environment({"AIRFLOW_CONN_HUE_IGATE": text}).credential("conn:hue_igate")
    assert "k3y" not in str(refused.value)


@pytest.mark.parametrize("environment", [{}, {"AIRFLOW_CONN_HUE": ""}, {"HUE": "x"}, {"airflow_conn_hue": "x"}])
def test_a_missing_connection_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"kết nối Airflow hue .*no such connection"):
        Settings.from_environment(environment).credential("conn:hue")


def test_the_reference_says_where_to_look() -> None:
    settings = Settings.from_environment({"HUE": "a-token", "AIRFLOW_CONN_HUE": f"http://hue:{QUOTED}@h"})
    assert settings.credential("env:HUE") == "a-token"
    assert settings.credential("conn:hue") == settings.credential("conn:HUE") == Login("hue", SECRET)
    assert SECRET not in repr(settings.credential("conn:hue"))
