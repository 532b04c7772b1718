"""What of a row is searched by name, and the indexes of migration 0005 for it."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Index, literal_column
from sqlalchemy import text as sql

# As the indexes have it, or a query would not use them; table → expression.
SAID: Final[Mapping[str, str]] = {
    "regions": "(((code || ' ') || short_name) || ' ') || name",
    "clusters": "(code || ' ') || name",
    "organisations": "(code || ' ') || name",
    "people": "full_name",
}


def indexes(table: str) -> tuple[Index, Index]:
    """By words in any form, and by letters that are almost right."""
    said = SAID[table]
    return (
        Index(f"ix_{table}_words", sql(f"search_words({said})"), postgresql_using="gin"),
        Index(
            f"ix_{table}_folded",
            literal_column(f"search_folded({said})").label("folded"),
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
    )
