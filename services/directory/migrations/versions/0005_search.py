"""Search by name: words in any form, and letters that are almost right."""

from alembic import op

revision = "0005"
down_revision = "0022"
branch_labels = None
depends_on = None

# A stem keeps its «ё», and people type «е»; in the C locale Postgres takes «» and — for letters.
WORDS = """
create function search_words(said text) returns tsvector
language sql immutable strict parallel safe
return to_tsvector('russian', translate(said, 'ёЁ«»„“”’–—№…', 'еЕ          '))
"""
# pg_trgm sees the letters of the database's locale only, and in C those are Latin: Cyrillic is
# folded to what it sounds like (hard and soft signs to nothing), so typos count in any locale.
FOLDED = """
create function search_folded(said text) returns text
language sql immutable strict parallel safe
return translate(said,
    'АаБбВвГгДдЕеЁёЖжЗзИиЙйКкЛлМмНнОоПпРрСсТтУуФфХхЦцЧчШшЩщЫыЭэЮюЯяЪъЬь',
    'aabbvvggddeeeejjzziiiikkllmmnnoopprrssttuuffhhccqqwwxxyyeeuuaa')
"""
SEARCHED = {
    "regions": "(((code || ' ') || short_name) || ' ') || name",
    "clusters": "(code || ' ') || name",
    "organisations": "(code || ' ') || name",
    "people": "full_name",
}


def upgrade() -> None:
    op.execute("create extension if not exists pg_trgm")
    op.execute(WORDS)
    op.execute(FOLDED)
    for table, said in SEARCHED.items():
        op.execute(f"create index ix_{table}_words on {table} using gin (search_words({said}))")
        op.execute(
            f"create index ix_{table}_folded on {table}"
            f" using gin (search_folded({said}) gin_trgm_ops)"
        )


def downgrade() -> None:
    for table in SEARCHED:
        op.execute(f"drop index ix_{table}_words")
        op.execute(f"drop index ix_{table}_folded")
    op.execute("drop function search_folded(text)")
    op.execute("drop function search_words(text)")
