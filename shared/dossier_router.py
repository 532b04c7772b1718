"""A person's dossier over REST: the same question and the same answer in every service."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import MetaData
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import dossiers, tables
from shared.clients import directory
from shared.clients.directory import KnownPerson
from shared.clock import Now
from shared.db import Session
from shared.dossiers import Holding, Sought
from shared.errors import Invalid, NotFound
from shared.permissions import Acting
from shared.personal import Fate, Kind, Register
from shared.problems import problems
from shared.text import Line

Whoever = Callable[[Request, AsyncSession, UUID], Awaitable[KnownPerson | None]]
_MOST: Final = 20
_Called = Annotated[Line, Field(min_length=5)]

logger = structlog.get_logger(__name__)


class PersonUnknown(NotFound):
    """The directory knows nobody of this id."""

    code = "person_not_found"
    title = "Человек не найден"


class UnknownTable(Invalid):
    """The register has no such table."""

    code = "unknown_table"
    title = "В реестре нет такой таблицы"


class HeldColumns(BaseModel):
    """О чём колонки, зачем хранятся и что с ними делает обезличивание."""

    model_config = ConfigDict(from_attributes=True)

    columns: list[str] = Field(max_length=50, examples=[["full_name"]])
    kind: Kind
    why: str = Field(max_length=500, examples=["назвать того, кто занимает должность"])
    term: str = Field(max_length=500, examples=["до обезличивания"])
    fate: Fate
    basis: str = Field(max_length=500, examples=["заменяется псевдонимом"])


class DossierRow(BaseModel):
    """Строка о человеке; из длинных текстов — место, где он назван."""

    model_config = ConfigDict(from_attributes=True)

    key: dict[str, str]
    found_in: list[str] = Field(max_length=50, examples=[["full_name"]])
    values: dict[str, str | None]


class DossierTable(BaseModel):
    """Одна таблица: сколько в ней строк о человеке и какие."""

    table: str = Field(max_length=100, examples=["people"])
    held: list[HeldColumns] = Field(max_length=50)
    total: int = Field(examples=[1])
    rows: list[DossierRow] = Field(max_length=500)


class Dossier(BaseModel):
    """Что сервис хранит об одном человеке: для ответа по статье 14 Закона 152-ФЗ."""

    service: str = Field(max_length=30, examples=["directory"])
    person_id: UUID
    gathered_at: AwareDatetime
    looked_for: list[str] = Field(
        max_length=100, description="По каким именам, контактам и учётным записям искали"
    )
    tables: list[DossierTable] = Field(max_length=100)


async def _of_the_directory(request: Request, _: AsyncSession, id_: UUID) -> KnownPerson | None:
    return await directory.person_of(request.state.client, id_)


def dossier_router(
    service: str,
    register: Register,
    own: MetaData,
    whoever: Whoever = _of_the_directory,
) -> APIRouter:
    """The dossiers of a service with this register; `whoever` says how the person is called."""
    router = APIRouter(prefix="/v1/people", tags=["people"])
    everything: Sequence[MetaData] = (own, tables.Base.metadata)
    known = {one.table for one in register.held}

    @router.get(
        "/{person_id}/dossier",
        responses=problems(401, 403, 404, 422),
        summary="Что хранится о человеке",
    )
    async def read_dossier(
        actor: Acting,
        person_id: UUID,
        session: Session,
        request: Request,
        now: Now,
        subject: Annotated[
            list[Line] | None,
            Query(max_length=_MOST, description="`sub` его учётных записей"),
        ] = None,
        called: Annotated[
            list[_Called] | None,
            Query(max_length=_MOST, description="Как ещё его называют: «Иванова А. С.»"),
        ] = None,
        table: Annotated[Line | None, Query(description="Только эта таблица")] = None,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=500, description="Строк каждой таблицы")] = 100,
    ) -> Dossier:
        """Строки о человеке по реестру персональных данных: по id, имени, контактам и `sub`."""
        if table is not None and table not in known:
            raise UnknownTable(f"В реестре нет таблицы {table!r}.", field="query.table")
        person = await whoever(request, session, person_id)
        if person is None:
            raise PersonUnknown("Человек не найден.")
        contacts = [one for one in (person.email, person.phone) if one]
        sought = Sought(
            person_id,
            subjects=tuple(subject or ()),
            names=(person.full_name, *(called or ())),
            contacts=tuple(contacts),
        )
        found = await dossiers.gather(
            session, register, everything, sought, only=table, offset=offset, limit=limit
        )
        logger.info("a dossier was read", person=str(person_id), tables=len(found))
        return Dossier(
            service=service,
            person_id=person_id,
            gathered_at=now,
            looked_for=[*sought.words, *sought.subjects],
            tables=[_shown(one) for one in found],
        )

    return router


def _shown(holding: Holding) -> DossierTable:
    return DossierTable(
        table=holding.table,
        held=[HeldColumns.model_validate(one) for one in holding.held],
        total=holding.total,
        rows=[DossierRow.model_validate(one) for one in holding.rows],
    )
