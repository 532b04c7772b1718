"""Load the example cyclogram and the example catalogue of processes that are shipped.

What the source's pictures say is not known; these are examples, say so, and are there to be edited.
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.cyclograms import Template
from services.meetings.domain.processes import Catalogued
from services.meetings.repository import cyclograms, processes
from services.meetings.service.cyclograms import add_template, put_cyclogram
from services.meetings.service.processes import put_process

REFERENCE: Final = Path(__file__).parents[1] / "reference"


class ExampleCyclogram(BaseModel):
    """The shipped template, and the day each cohort counts from."""

    model_config = ConfigDict(extra="forbid")

    template: Template
    starts: dict[int, date]


class ExampleProcesses(BaseModel):
    """The shipped catalogue: code → process."""

    model_config = ConfigDict(extra="forbid")

    processes: dict[str, Catalogued]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading has made; what was there is left as it is."""

    templates: int
    cyclograms: int
    processes: int


async def load_examples(session: AsyncSession, *, by: str, now: datetime) -> Loaded:
    """Enter what is missing of the examples. Whoever has a template of their own gets none."""
    shipped = ExampleCyclogram.model_validate_json(
        (REFERENCE / "example_cyclogram.json").read_bytes()
    )
    await cyclograms.lock_templates(session)
    templates = cohorts = 0
    if not await cyclograms.list_templates(session):
        made = await add_template(session, shipped.template, by=by, now=now)
        templates = 1
        for cohort, starts_on in shipped.starts.items():
            await put_cyclogram(
                session,
                cohort,
                template=made.version,
                starts_on=starts_on,
                dates={},
                by=by,
                now=now,
            )
            cohorts += 1
    catalogue = ExampleProcesses.model_validate_json(
        (REFERENCE / "example_processes.json").read_bytes()
    )
    entered = 0
    for code, process in catalogue.processes.items():
        if await processes.find_process(session, code) is None:
            await put_process(session, code, process, by=by, now=now)
            entered += 1
    return Loaded(templates, cohorts, entered)
