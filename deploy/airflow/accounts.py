"""Gives each account of Airflow's simple login a password, once: `accounts.py USER:ROLE,... FILE`.

A password is printed only when it is made. An account that has one keeps it; one that is not named any more
loses it. To have a new password, remove the account from the file and start again.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path


def give_passwords(users: str, file: Path) -> dict[str, str]:
    """Write the file of passwords for `users` ("name:role,name:role"); returns those that are new."""
    kept: dict[str, str] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    names = [user.partition(":")[0] for user in users.split(",")]
    new = {name: secrets.token_urlsafe(12) for name in names if name not in kept}
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump({name: kept.get(name) or new[name] for name in names}, stream)
    unfinished.replace(file)
    return new


if __name__ == "__main__":
    for name, password in give_passwords(sys.argv[1], Path(sys.argv[2])).items():
        print(f"account {name}: password {password}", flush=True)
