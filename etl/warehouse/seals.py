"""The chain of seals: what a load brought, what people decided and which forms were issued changes never unnoticed.

Each seal holds the sha256 of its content and of the seal before it. It is appended in the transaction of what it
seals. Writers wait for each other, and two seals cannot follow the same one (`previous` is unique): no fork.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from etl.warehouse import schema
from etl.warehouse.contents import Told, parts_of, recipe_of, tell_moments_alike

GENESIS = "0" * 64
_DECIDED = {
    "publication": "SELECT period, ROW(period, published_at, published_by, reason)::text FROM baocao.publication",
    "decision": "SELECT d.restatement::text, ROW(d.restatement, d.verdict, d.decided_at, d.decided_by, d.reason, "
    "d.code, d.load, r.period, r.load, r.base_load, r.code, r.facts, r.sha256)::text "
    "FROM baocao.restatement_decision d JOIN baocao.restatement r ON r.id = d.restatement "
    "UNION ALL SELECT 'load ' || w.load, ROW(w.load, r.id, r.period, r.load, r.base_load, r.code, r.facts, r.sha256, "
    "r.gaps)::text FROM baocao.waiting_load w JOIN baocao.restatement r ON r.id = w.restatement",
    "review": "SELECT id::text, ROW(id, period, run, sha256, findings, sources, verdict, decided_at, decided_by, "
    "reason)::text FROM baocao.review",
}
"""What people decided, and what waits for them (of `load 3`, which brought it), by kind of seal: what each is of, and
its row as text. Migrations 0013 and 0019 have the same of the first two."""
_WORDS = {
    "publication": ("khóa kỳ", "the lock of the period"),
    "decision": ("quyết định về thay đổi số", "the decision on the restatement"),
    "review": ("quyết định soát xét số", "the review"),
    "waiting": ("thay đổi chờ duyệt của lần nạp", "what waits of the load"),
}


@dataclass(frozen=True)
class Seal:
    """See the comments of table `seal`. Iterating over the fields of `line` gives what its sha256 is of."""

    number: int
    kind: str
    of: str
    parts: str | None
    content: str
    previous: str
    sha256: str

    @property
    def computed(self) -> str:
        return _hash(self.number, self.kind, self.of, self.content, self.previous)


def append(connection: Connection, entries: Iterable[tuple[str, str, str, str | None]]) -> None:
    """Append seals of (kind, of, content, parts). Call it last in a transaction: other writers wait for its end."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('baocao seal', 0))"))
    seal = schema.seal.c
    last = connection.execute(select(seal.number, seal.sha256).order_by(seal.number.desc()).limit(1)).one_or_none()
    number, previous = (0, GENESIS) if last is None else last
    rows = []
    for kind, of, content, parts in entries:
        number += 1
        sha256 = _hash(number, kind, of, content, previous)
        row = {"number": number, "kind": kind, "of": of, "parts": parts}
        rows.append({**row, "content": content, "previous": previous, "sha256": sha256})
        previous = sha256
    if rows:
        connection.execute(schema.seal.insert(), rows)


def seal_load(connection: Connection, load: int, period_key: str, known: Mapping[str, Told] | None = None) -> None:
    """Seal a load with all that it wrote, and each landed answer that came with it. known: see `parts_of`."""
    parts = parts_of(connection, load, period_key, known=known)
    append(connection, [*_payloads(connection, load), ("load", str(load), _sha(parts), parts)])


def seal_decision(connection: Connection, kind: str, of: str) -> None:
    """Seal the lock of a period (`publication`), what became of a restatement or that it waits (`decision`), or a
    review."""
    append(connection, [(kind, of, _decided(connection, kind)[of], None)])


def chain(connection: Connection) -> list[Seal]:
    """Every seal, in order."""
    return [Seal(*row) for row in connection.execute(select(*schema.seal.c).order_by(schema.seal.c.number))]


def broken(seals: Sequence[Seal]) -> list[str]:
    """What is wrong with the chain itself: a seal that was changed, is missing, or does not follow the one before."""
    found, number, previous = [], 0, GENESIS
    for seal in seals:
        if (seal.number, seal.previous) != (number + 1, previous):
            found.append(f"mắt xích {seal.number} không nối tiếp mắt xích {number} (does not follow seal {number})")
        if seal.computed != seal.sha256 or (seal.parts is not None and _sha(seal.parts) != seal.content):
            found.append(f"mắt xích {seal.number} ({seal.kind} {seal.of}) đã bị sửa (the seal was changed)")
        number, previous = seal.number, seal.sha256
    return found


def changed_loads(connection: Connection, seals: Sequence[Seal]) -> list[str]:
    """Of each load whose rows are no longer those that were sealed, the tables that differ."""
    periods = {str(number): key for number, key in connection.execute(select(schema.load.c.id, schema.load.c.period))}
    found = []
    for seal in seals:
        if seal.kind != "load":
            continue
        if seal.of not in periods:
            found.append(f"lần nạp {seal.of} không còn trong kho (the load is gone)")
            continue
        was = _lines(seal.parts or "")
        now = _lines(parts_of(connection, int(seal.of), periods[seal.of], recipe_of(seal.parts or "")))
        tables = [table for table, told in now.items() if told != was.get(table, told if told[:2] == "0 " else None)]
        if tables:
            found.append(
                f"lần nạp {seal.of}, kỳ {periods[seal.of]}: bảng {', '.join(tables)} đã bị sửa (tables were changed)"
            )
    return found


def _lines(parts: str) -> dict[str, str]:
    """By table, how many rows a load wrote there and their sha256. A table that a seal does not name came later: it
    must hold nothing of that load."""
    return {table: told for table, _, told in (line.partition(" ") for line in parts.splitlines())}


def changed_decisions(connection: Connection, seals: Sequence[Seal]) -> list[str]:
    """The locks, restatements, decisions on them and reviews that are not what was sealed, are gone or have no seal."""
    found = []
    for kind in _DECIDED:
        sealed = {seal.of: seal.content for seal in seals if seal.kind == kind}
        now = _decided(connection, kind)
        for of in sorted(sealed.keys() | now.keys()):
            if sealed.get(of) == now.get(of):
                continue
            words, in_english = _WORDS["waiting" if of.startswith("load ") else kind]
            of_what = of.removeprefix("load ")
            what = ("không còn trong kho", "is gone") if of not in now else ("đã bị sửa", "was changed")
            vi, en = what if of in sealed else ("không có niêm phong", "has no seal")
            found.append(f"{words} {of_what} {vi} ({in_english} {en})")
    return found


def unsealed(connection: Connection) -> list[tuple[str, str]]:
    """Loads and issues without a seal, as (kind, what); those from before the chain began have the kind `earlier`."""
    return [(str(kind), str(what)) for kind, what in connection.execute(_UNSEALED).all()]


_UNSEALED = text("""
SELECT CASE WHEN id < (SELECT min(of::bigint) FROM baocao.seal WHERE kind = 'load') THEN 'earlier' ELSE 'load' END,
    'load ' || id
FROM baocao.load WHERE id::text NOT IN (SELECT of FROM baocao.seal WHERE kind = 'load')
UNION ALL
SELECT CASE WHEN id < (SELECT min(i.id) FROM baocao.form_issue i JOIN baocao.seal s
    ON s.kind = 'issue' AND s.content = i.sha256) THEN 'earlier' ELSE 'issue' END, uri
FROM baocao.form_issue i
WHERE NOT EXISTS (SELECT FROM baocao.seal s WHERE s.kind = 'issue' AND s.content = i.sha256)
UNION ALL
SELECT 'fact', 'load ' || load FROM (SELECT DISTINCT load FROM baocao.fact) f
WHERE NOT EXISTS (SELECT FROM baocao.load l WHERE l.id = f.load)
ORDER BY 1, 2
""")


def _payloads(connection: Connection, load: int) -> list[tuple[str, str, str, None]]:
    page, receipt = schema.payload.c, schema.receipt.c
    landed = (
        select(page.uri, page.sha256)
        .join(schema.receipt, receipt.id == page.receipt)
        .where(receipt.load == load)
        .distinct()
        .order_by(page.uri)
    )
    return [("payload", uri, sha256, None) for uri, sha256 in connection.execute(landed)]


def _decided(connection: Connection, kind: str) -> dict[str, str]:
    """Of every row of the kind the sha256 of its text."""
    tell_moments_alike(connection)
    return {of: _sha(told) for of, told in connection.execute(text(_DECIDED[kind]))}


def _hash(number: int, kind: str, of: str, content: str, previous: str) -> str:
    return _sha("".join(f"{part}\n" for part in (number, kind, of, content, previous)))


def _sha(told: str) -> str:
    return hashlib.sha256(told.encode()).hexdigest()
