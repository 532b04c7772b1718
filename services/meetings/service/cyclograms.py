"""Make cyclograms of a template, look at what is due, and turn a checkpoint into an item."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.cyclograms import (
    Checkpoint,
    CheckpointNotFound,
    CheckpointWithoutDraft,
    Planned,
    Template,
    due_within,
    timeline,
)
from services.meetings.models import Cyclogram, CyclogramTemplate, ProtocolItem
from services.meetings.repository import cyclograms as repository
from services.meetings.repository import rows
from services.meetings.schemas.items import AddresseesWrite, ItemWrite
from services.meetings.service.items import add_item
from shared.control import ControlWrite
from shared.errors import expect_version
from shared.events.meetings import AddresseeKind

_checkpoints: TypeAdapter[tuple[Checkpoint, ...]] = TypeAdapter(tuple[Checkpoint, ...])
_dates: TypeAdapter[dict[str, date]] = TypeAdapter(dict[str, date])


async def add_template(
    session: AsyncSession, wanted: Template, *, by: str, now: datetime
) -> CyclogramTemplate:
    """Keep the document as the template's next version."""
    made = CyclogramTemplate(
        version=await repository.next_template(session),
        created_by=by,
        created_at=now,
        **wanted.model_dump(mode="json"),
    )
    await rows.add(session, made)
    return made


async def put_cyclogram(
    session: AsyncSession,
    cohort: int,
    *,
    template: int,
    starts_on: date,
    dates: Mapping[str, date],
    by: str,
    now: datetime,
    expected_version: int | None = None,
) -> Cyclogram:
    """Let the cohort's year be this template from that day on.

    Raises `TemplateNotFound`, `UnknownCheckpoint`, `OutOfCalendar`, `VersionMismatch`.
    """
    await repository.lock_templates(session)
    document = await repository.get_template(session, template)
    timeline(_checkpoints.validate_python(document.checkpoints), cohort, starts_on, dates)
    found = await repository.find_cyclogram(session, cohort, for_update=True)
    expect_version(found.version if found else 0, expected_version)
    values: dict[str, Any] = {
        "template": template,
        "starts_on": starts_on,
        "dates": {code: on.isoformat() for code, on in sorted(dates.items())},
        "changed_by": by,
        "changed_at": now,
    }
    if found is None:
        found = Cyclogram(cohort=cohort, **values)
    else:
        for name, value in values.items():
            setattr(found, name, value)
        found.version += 1
    await rows.add(session, found)
    return found


async def plan_of(session: AsyncSession, cohort: int) -> tuple[Cyclogram, list[Planned]]:
    """The cohort's cyclogram and its checkpoints by date. Raises `CyclogramNotFound`."""
    found = await repository.get_cyclogram(session, cohort)
    return found, _planned(found, await repository.get_template(session, found.template))


def _planned(cyclogram: Cyclogram, template: CyclogramTemplate) -> list[Planned]:
    return timeline(
        _checkpoints.validate_python(template.checkpoints),
        cyclogram.cohort,
        cyclogram.starts_on,
        _dates.validate_python(cyclogram.dates),
    )


async def checkpoints_due(session: AsyncSession, at: date, days: int) -> Sequence[Planned]:
    """Checkpoints of all cohorts on the day or within the days after it, by date.

    What the agenda's cross-cutting section writes itself from.
    """
    found = [
        one
        for cyclogram, template in await repository.list_cyclograms(session)
        for one in due_within(_planned(cyclogram, template), at, days)
    ]
    return sorted(found, key=lambda one: (one.on, one.cohort))


async def draft_item(
    session: AsyncSession,
    protocol_id: UUID,
    *,
    cohort: int,
    checkpoint: str,
    agenda_item_id: UUID | None,
    expected_version: int | None = None,
) -> ProtocolItem:
    """Put what the checkpoint asks into the draft: to all clusters of the cohort, by its date.

    Raises `CyclogramNotFound`, `CheckpointNotFound`, `CheckpointWithoutDraft`, and what
    `add_item` raises.
    """
    _, planned = await plan_of(session, cohort)
    found = next((one for one in planned if one.checkpoint.code == checkpoint), None)
    if found is None:
        raise CheckpointNotFound("В циклограмме этого года отбора нет такой контрольной точки.")
    draft = found.checkpoint.draft
    if draft is None:
        raise CheckpointWithoutDraft("Контрольная точка ничего не поручает: проекта у неё нет.")
    wanted = ItemWrite(
        text=draft.text,
        priority=draft.priority,
        due_on=found.on,
        addressees=AddresseesWrite(kind=AddresseeKind.CLUSTER, cohorts=[cohort]),
        agenda_item_id=agenda_item_id,
        control=ControlWrite(points=list(draft.points)),
    )
    return await add_item(session, protocol_id, wanted, expected_version=expected_version)
