"""Load the reference data that is shipped."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.organisations import Level, OrganisationKind
from services.directory.domain.regions import sort_key
from services.directory.domain.relations import RelationKind
from services.directory.models import (
    Industry,
    Organisation,
    Region,
    Relation,
)
from services.directory.repository import reference as repository
from services.directory.repository import relations, rows
from services.directory.service import associations, roadmaps
from services.directory.service.rows import facts_of, update
from shared import outbox
from shared.events.base import Event
from shared.events.directory import (
    RegionChanged,
    RegionEvent,
    RegionRegistered,
)
from shared.ids import new_id

REFERENCE: Final = Path(__file__).parents[1] / "reference"
# Since when an authority has been so is not in the lists; the programme began in this year.
_SINCE: Final = date(2022, 1, 1)


@dataclass(slots=True)
class Counts:
    """What a load did to one list."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def note(self, *, known: bool, differs: bool) -> None:
        if not known:
            self.created += 1
        elif differs:
            self.changed += 1
        else:
            self.unchanged += 1


@dataclass(frozen=True, slots=True)
class ReferenceCounts:
    """What a load did."""

    regions: Counts
    industries: Counts
    organisations: Counts
    associations: Counts
    roadmaps: Counts


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


async def load_reference_data(session: AsyncSession, *, now: datetime) -> ReferenceCounts:
    """Bring regions, their authorities, industries and operators to what the shipped lists say, and
    enter the associations and roadmaps that are missing.

    An authority gets its region where the region has never had one. Loading twice changes
    nothing and tells nothing, also at the same time.
    """
    # Said before the lock is waited for.
    await outbox.admit(session, now)
    await repository.lock_reference_data(session)
    regions, events = await _load_regions(session, now)
    industries, organisations = Counts(), Counts()
    known = {row.code: row for row in await rows.all_of(session, Industry)}
    for values in _rows("industries.csv"):
        industry = known.get(values["code"])
        differs = update(industry, values) if industry else True
        industries.note(known=industry is not None, differs=differs)
        session.add(industry or Industry(**values))
    found = {row.code: row for row in await rows.all_of(session, Organisation)}
    for values in (*_rows("organisations.csv"), *_authorities()):
        organisation = found.get(values["code"])
        differs = update(organisation, values) if organisation else True
        organisations.note(known=organisation is not None, differs=differs)
        if organisation is None:
            organisation = Organisation(id=new_id(), **values)
            found[organisation.code] = organisation
        elif differs:
            organisation.version += 1
        session.add(organisation)
    await session.flush()
    await _seat_authorities(session, found)
    await outbox.add(session, events)
    entered, planned = Counts(), Counts()
    for is_new in (await associations.load_associations(session, now=now)).values():
        entered.note(known=not is_new, differs=False)
    for is_new in (await roadmaps.load_roadmaps(session, now=now)).values():
        planned.note(known=not is_new, differs=False)
    return ReferenceCounts(regions, industries, organisations, entered, planned)


async def _load_regions(session: AsyncSession, now: datetime) -> tuple[Counts, list[Event]]:
    counts, events = Counts(), list[Event]()
    known = {row.code: row for row in await rows.all_of(session, Region)}
    for values in _rows("regions.csv"):
        wanted = {**values, "sort_key": sort_key(values["short_name"])}
        del wanted["authority"]
        region = known.get(values["code"])
        differs = update(region, wanted) if region else True
        counts.note(known=region is not None, differs=differs)
        if region is None:
            region = Region(**wanted)
            events.append(RegionRegistered(**facts_of(region, RegionEvent), occurred_at=now))
        elif differs:
            region.version += 1
            events.append(RegionChanged(**facts_of(region, RegionEvent), occurred_at=now))
        session.add(region)
    return counts, events


def _authorities() -> Iterator[dict[str, Any]]:
    """The column of the regions' list, as organisations."""
    for values in _rows("regions.csv"):
        yield {
            "code": _authority_code(values["code"]),
            "name": values["authority"],
            "kind": OrganisationKind.AUTHORITY,
            "level": Level.TACTICAL,
            "region": values["code"],
        }


def _authority_code(region: str) -> str:
    return f"authority-{region}"


async def _seat_authorities(session: AsyncSession, found: Mapping[str, Organisation]) -> None:
    seated = await relations.ever(session, RelationKind.AUTHORITY)
    session.add_all(
        Relation(
            id=new_id(),
            kind=RelationKind.AUTHORITY,
            organisation_id=found[_authority_code(values["code"])].id,
            region=values["code"],
            valid_from=_SINCE,
        )
        for values in _rows("regions.csv")
        if values["code"] not in seated
    )
    await session.flush()
