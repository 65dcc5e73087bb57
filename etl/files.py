"""Files of the store (a folder, or any fsspec URL such as s3://bucket/store) that are there whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

from upath import UPath


def create(path: UPath, body: bytes) -> None:
    """Write a new file in one step, whenever this process or the machine is stopped.

    What was cut off lies beside it, hidden and named `.<32 hexadecimal digits>.part`, and counts as no file.
    Raises FileExistsError where the name is taken: nothing is ever written over.
    """
    if path.exists():
        raise FileExistsError(str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(path, Path):
        path.fs.pipe_file(path.path, body, mode="create")  # one PUT: an object is whole or absent
        return
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)  # unlike a rename, this refuses a name that another process took meanwhile
    finally:
        part.unlink(missing_ok=True)
