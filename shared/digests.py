"""A digest of facts: two databases that hold the same facts give the same one, in any order.

Every version of an execution's facts is one line of text: the fields below in this order, joined
by `|`; nothing for null, days since 1970 for a date, whole microseconds since 1970 for an instant.
A line's number is the first eight bytes of its SHA-256, read as a signed big-endian integer; a
digest is the sum of the numbers, in decimal. Owner and reader compute it where their rows lie,
in one pass without sorting. It guards against loss and damage, not against a forger.
"""

from typing import Final

# What a reader must have kept of `assignments.executions` to take part: name → type of Postgres.
FIELDS: Final = {
    "execution_id": "uuid",
    "version": "integer",
    "assignment_id": "uuid",
    "cluster_id": "uuid",
    "region": "text",
    "cohort": "integer",
    "industry": "text",
    "origin": "text",
    "role": "text",
    "addressee": "text",
    "weight": "integer",
    "issued_on": "date",
    "due0": "date",
    "due": "date",
    "status": "text",
    "submitted_at": "timestamptz",
    "done": "date",
    "returns": "integer",
    "returned_on": "date",
    "extensions": "integer",
    "occurred_at": "timestamptz",
}


def _text(name: str, kind: str) -> str:
    written = {
        "date": f"f.{name} - date '1970-01-01'",
        "timestamptz": f"cast(extract(epoch from f.{name}) * 1000000 as bigint)",
    }
    return f"coalesce(cast({written.get(kind, f'f.{name}')} as text), '')"


_LINE: Final = "concat_ws('|', " + ", ".join(_text(*field) for field in FIELDS.items()) + ")"
_FIRST_BYTES: Final = f"substr(sha256(convert_to({_LINE}, 'UTF8')), 1, 8)"
_NUMBER: Final = f"cast(cast('x' || encode({_FIRST_BYTES}, 'hex') as bit(64)) as bigint)"

# Columns of a digest over rows aliased `f`, grouped as the statement likes. Executions are counted
# by their first versions: nothing is sorted.
DIGEST: Final = (
    "count(*) filter (where f.version = 1) as executions, count(*) as versions,"
    f" cast(sum({_NUMBER}) as text) as digest"
)
# The same rows out of events kept as JSON text: `… cross join lateral` this.
FROM_JSON: Final = "json_to_record(cast({column} as json)) as f({columns})".format(
    column="data", columns=", ".join(f"{name} {kind}" for name, kind in FIELDS.items())
)
