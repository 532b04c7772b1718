"""The chain over the audit trail, and its proof: `python -m shared.audit verify`.

Commands add rows without waiting for each other; the worker links them afterwards, in the order
it finds them, each link hashing the row and the link before. So a changed, removed or inserted
row shows, as does a cut-off end to whoever has kept a hash (every round of linking logs one).
"""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import structlog

from shared.settings import DatabaseSettings

_LOCK: Final = 0x0A0D
_ROUND: Final = 1000
# Positions are given before commits, so a row may turn up below others; no command takes this long.
_LATE: Final = timedelta(hours=1)
_MARK_EVERY: Final = timedelta(minutes=1)
_GENESIS: Final = bytes(32)
FIELDS: Final = (
    "position",
    "at",
    "recorded_at",
    "actor",
    "roles",
    "operation",
    "method",
    "target",
    "status",
    "request_id",
    "body_sha256",
)
_HEAD: Final = "select seq, hash from audit_chain order by seq desc limit 1"
_WAITING: Final = """
select l.* from audit_log l
where l.position > $1
  and not exists (select from audit_chain c where c.position = l.position)
order by l.position limit $2
"""
_LINK: Final = """
insert into audit_chain (seq, position, hash)
select * from unnest($1::bigint[], $2::bigint[], $3::bytea[])
"""
_LINKED: Final = """
select c.seq, c.hash, l.* from audit_chain c left join audit_log l on l.position = c.position
order by c.seq
"""
# A worker at work leaves nothing that long.
_UNLINKED: Final = """
select position, recorded_at < now() - interval '10 minutes' as late from audit_log l
where not exists (select from audit_chain c where c.position = l.position)
order by position
"""

logger = structlog.get_logger(__name__)


def link(before: bytes, row: Mapping[str, Any]) -> bytes:
    """The hash of a row that follows the link `before`."""
    told = [_text(row[name]) for name in FIELDS]
    # Rows of before there were any have the links they had.
    if row["changes"] is not None:
        told.append(row["changes"])
    canonical = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + canonical.encode()).digest()


def _text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return None if value is None else str(value)


class Linker:
    """Links what has been committed; one at a time per database, whoever comes first."""

    def __init__(self) -> None:
        # Up to here everything is linked, and marks of how far it will be when they are old.
        self._floor = 0
        self._marks: list[tuple[datetime, int]] = []

    async def link_waiting(self, connection: asyncpg.Connection, now: datetime) -> int:
        """One round, within the caller's transaction; `now` by the wall clock. Returns how many."""
        if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK):
            return 0
        rows = await connection.fetch(_WAITING, self._floor, _ROUND)
        if len(rows) < _ROUND:
            self._raise_floor(now, max([self._floor, *(row["position"] for row in rows)]))
        if not rows:
            return 0
        head = await connection.fetchrow(_HEAD)
        seq, digest = (head["seq"], head["hash"]) if head else (0, _GENESIS)
        links = []
        for row in rows:
            seq, digest = seq + 1, link(digest, dict(row))
            links.append((seq, row["position"], digest))
        await connection.execute(_LINK, *(list(column) for column in zip(*links, strict=True)))
        logger.info("audit trail linked", seq=seq, hash=digest.hex())
        return len(rows)

    def _raise_floor(self, now: datetime, reached: int) -> None:
        if not self._marks or now - self._marks[-1][0] > _MARK_EVERY:
            self._marks.append((now, reached))
        while now - self._marks[0][0] > _LATE:
            self._floor = self._marks.pop(0)[1]


@dataclass(frozen=True, slots=True)
class Proof:
    """What verification found: how far the chain holds, and the first place where it does not."""

    links: int
    head: bytes
    fault: str | None
    unlinked: int


async def verify(connection: asyncpg.Connection, *, kept: tuple[int, bytes] | None = None) -> Proof:
    """Walk the chain from its beginning; `kept` is a link noted earlier, which must be in it.

    Rows without a link count as a fault once they are older than a linker could have left them.
    """
    seq, digest = 0, _GENESIS
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in connection.cursor(_LINKED, prefetch=1000):
            if row["seq"] != seq + 1:
                return Proof(seq, digest, f"нет звена {seq + 1}", 0)
            if row["position"] is None:
                return Proof(seq, digest, f"нет записи звена {row['seq']}", 0)
            seq, digest = row["seq"], link(digest, dict(row))
            if digest != row["hash"]:
                return Proof(seq, digest, f"запись {row['position']} изменена", 0)
            if kept is not None and kept[0] == seq and kept[1] != digest:
                return Proof(seq, digest, f"звено {seq} не то, что сохранено", 0)
        if kept is not None and kept[0] > seq:
            return Proof(seq, digest, f"цепочка обрывается на {seq}, а звено {kept[0]} было", 0)
        unlinked = await connection.fetch(_UNLINKED)
    late = [row["position"] for row in unlinked if row["late"]]
    return Proof(seq, digest, f"запись {late[0]} без звена" if late else None, len(unlinked))


def _kept(text: str) -> tuple[int, bytes]:
    seq, _, digest = text.partition(":")
    return int(seq), bytes.fromhex(digest)


async def _verify(dsn: str, kept: tuple[int, bytes] | None) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        proof = await verify(connection, kept=kept)
    finally:
        await connection.close()
    print(f"Звеньев {proof.links}, последнее {proof.links}:{proof.head.hex()}")  # noqa: T201
    print(f"Ещё без звена: {proof.unlinked}")  # noqa: T201
    if proof.fault is not None:
        print(f"НАРУШЕНО: {proof.fault}")  # noqa: T201
    return 0 if proof.fault is None else 1


def main() -> None:
    """The command line; exits with 1 where the trail does not hold."""
    parser = argparse.ArgumentParser(prog="python -m shared.audit", description=__doc__)
    parser.add_argument("command", choices=["verify"])
    parser.add_argument("--kept", type=_kept, help="a link noted earlier, as N:HASH")
    given = parser.parse_args()
    sys.exit(asyncio.run(_verify(DatabaseSettings().database_dsn, given.kept)))


if __name__ == "__main__":
    main()
