"""Statements that search by name: Russian words in any form, and letters that are almost right."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import String, bindparam, case, cast, func, literal, null, or_, text, union_all
from sqlalchemy import select as columns
from sqlalchemy.dialects.postgresql import REGCONFIG, TSVECTOR
from sqlalchemy.sql import literal_column
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.search import Found
from services.directory.models import Cluster, Organisation, Person, Region
from services.directory.models.searched import SAID

# How many triples of letters must be the same: with 0.4, one typo in a word of seven is forgiven.
_LIKENESS: Final = text("select set_config('pg_trgm.word_similarity_threshold', '0.4', true)")
_SEARCHED: Final[dict[Found, type[SQLModel]]] = {
    Found.REGION: Region,
    Found.CLUSTER: Cluster,
    Found.ORGANISATION: Organisation,
    Found.PERSON: Person,
}


async def search(
    session: AsyncSession, q: str, kinds: Collection[Found], *, limit: int
) -> Sequence[Any]:
    """The best first: the very code, then all the words, then the likeness of letters."""
    connection = await session.connection()
    await connection.execute(_LIKENESS)
    hits = union_all(*(_of(kind) for kind in Found if kind in kinds)).subquery()
    statement = (
        columns(hits)
        .order_by(hits.c.score.desc(), hits.c.rank, hits.c.name, hits.c.key)
        .limit(limit)
    )
    return (await connection.execute(statement, {"q": q})).all()


def _of(kind: Found) -> Any:
    model: Any = _SEARCHED[kind]
    said = SAID[model.__tablename__]
    q = cast(bindparam("q", type_=String), String)
    words = literal_column(f"search_words({said})", TSVECTOR)
    folded = literal_column(f"search_folded({said})", String)
    # As the words are kept: «ё» is «е», and signs are none.
    meant = func.translate(q, "ёЁ«»„“”’–—№…", "еЕ          ")
    query = func.plainto_tsquery(literal_column("'russian'", REGCONFIG), meant)
    asked = func.search_folded(q)
    has_words = words.op("@@")(query)
    name = model.full_name if kind is Found.PERSON else model.name
    code = null() if kind is Found.PERSON else col(model.code)
    score = (
        case((func.lower(cast(code, String)) == func.lower(q), 2.0), else_=0.0)
        + case((has_words, 1.0), else_=0.0)
        + func.word_similarity(asked, folded)
        + func.similarity(asked, folded)
    )
    region = {
        Found.REGION: lambda: col(Region.code),
        Found.CLUSTER: lambda: col(Cluster.region),
        Found.ORGANISATION: lambda: col(Organisation.region),
        Found.PERSON: null,
    }[kind]()
    key = col(Region.code) if kind is Found.REGION else model.id
    return columns(
        literal(str(kind)).label("kind"),
        literal(list(Found).index(kind)).label("rank"),
        cast(key, String).label("key"),
        cast(code, String).label("code"),
        col(name).label("name"),
        cast(region, String).label("region"),
        score.label("score"),
    ).where(or_(has_words, asked.op("<%")(folded)))
