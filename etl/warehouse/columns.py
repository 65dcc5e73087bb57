"""What the tables of schema `baocao` are written with."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, MetaData, Text

SCHEMA = "baocao"
metadata = MetaData(schema=SCHEMA)


def key(name: str, kind: type[BigInteger | Integer | Text | Date]) -> Column[object]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def texts(*names: str, nullable: bool = False) -> list[Column[str]]:
    return [Column(name, Text, nullable=nullable) for name in names]
