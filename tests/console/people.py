"""Who comes to the console in these tests, as a login would tell them; and what the country holds for them."""

from __future__ import annotations

from etl.console import Login

PERIOD, BEFORE, HOSTILE_PERIOD = "2026-Q3", "2026-Q2", "2023-Q4"
HOSTILE = "<script>alert('x')</script> & \"quoted\" {{ 7*7 }}"
UNIT_ACCOUNT = "console_test_04"
"""Has an account in the warehouse, which is tied to the province 04, and no right in the login in front."""
PEOPLE = {
    "viewer": Login("", reads=True, decides=False, operates=False),
    "reviewer": Login("", reads=True, decides=True, operates=False),
    "data_engineer": Login("", reads=True, decides=True, operates=True),
    UNIT_ACCOUNT: Login("", reads=False, decides=False, operates=False),
    "stranger": Login("", reads=False, decides=False, operates=False),
}
