"""Roadmaps: shipped for the first year, and how every milestone stands on a day."""

import csv
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain import roadmaps as domain
from services.directory.domain.roadmaps import (
    DeliverableIsDerived,
    MilestoneState,
    Plan,
    Rule,
    a_year_on,
)
from services.directory.models import Deliverable, Milestone
from services.directory.repository import associated
from services.directory.repository import associations as associations_repository
from services.directory.repository import roadmaps as repository
from services.directory.repository.associated import RowNotOfAssociation
from services.directory.repository.roadmap_facts import facts_of_all
from services.directory.repository.roadmaps import RoadmapNotFound
from services.directory.schemas.roadmaps import DocumentAttach
from services.directory.service.associations import (
    association_of,
    reaches,
    shipped_constituted,
)
from shared.auth import Actor
from shared.clock import MOSCOW
from shared.errors import expect_version
from shared.ids import new_id

_REFERENCE: Final = Path(__file__).parents[1] / "reference"
FIRST_YEAR: Final = 2023


@dataclass(frozen=True, slots=True)
class Standing:
    """A milestone on a day, with the day each deliverable came to be."""

    milestone: Milestone
    deliverables: list[tuple[Deliverable, date | None]]
    done_on: date | None
    state: MilestoneState


# A milestone's own columns, and the rule and title of each deliverable.
Planned = tuple[dict[str, Any], list[tuple[Rule, str]]]


@dataclass(frozen=True, slots=True)
class Template:
    """A shipped milestone; titles of what comes again are written for any year."""

    code: str
    title: str
    starts_on: date | None
    due_on: date
    owner: str
    next_title: str
    # For whom (acting, planned), by which rule, called what.
    deliverables: list[tuple[str, Rule, str]]


def _lines(name: str) -> Iterator[dict[str, str]]:
    with (_REFERENCE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def templates() -> list[Template]:
    """The six milestones of the source, in its order."""
    deliverables = defaultdict(list)
    for line in _lines("roadmap_deliverables.csv"):
        deliverables[line["milestone"]].append((line["for"], Rule(line["rule"]), line["title"]))
    return [
        Template(
            line["code"],
            line["title"],
            date.fromisoformat(line["starts_on"]) if line["starts_on"] else None,
            date.fromisoformat(line["due_on"]),
            line["owner"],
            line["next_title"],
            deliverables[line["code"]],
        )
        for line in _lines("roadmap.csv")
    ]


async def load_roadmaps(session: AsyncSession, *, now: datetime) -> dict[str, bool]:
    """Give the first year's roadmap to associations without one; code → whether it was given."""
    day = now.astimezone(MOSCOW).date()
    known = await repository.associations_with_roadmap(session, FIRST_YEAR)
    constituted = shipped_constituted()
    shipped = templates()
    planned = list[tuple[Milestone, list[tuple[Rule, str]]]]()
    for code, acts in constituted.items():
        if code in known:
            continue
        for template in shipped:
            wanted = [
                (rule, title)
                for audience, rule, title in template.deliverables
                if ("acting" if acts else "planned") in audience.split()
            ]
            milestone = Milestone(
                id=new_id(),
                association=code,
                year=FIRST_YEAR,
                code=template.code,
                position=shipped.index(template) + 1,
                title=template.title,
                owner=template.owner,
                starts_on=template.starts_on,
                due_on=template.due_on,
                subject_year=FIRST_YEAR,
                made_on=day,
            )
            if wanted:
                planned.append((milestone, wanted))
    await _save(session, planned)
    return {code: code not in known for code in constituted}


def recurring(year: int) -> list[Planned]:
    """What comes every year, moved from the first year to this one."""
    found = list[Planned]()
    for template in templates():
        if not template.next_title:
            continue
        starts_on, due_on = template.starts_on, template.due_on
        for _ in range(year - FIRST_YEAR):
            starts_on = a_year_on(starts_on) if starts_on else None
            due_on = a_year_on(due_on)
        values = {
            "code": template.code,
            "title": template.next_title.format(year=year, next_year=year + 1),
            "owner": template.owner,
            "starts_on": starts_on,
            "due_on": due_on,
            "subject_year": year,
        }
        found.append((values, [(rule, title) for _, rule, title in template.deliverables]))
    return found


async def make_roadmap(
    session: AsyncSession, code: str, year: int, planned: Sequence[Planned], *, made_on: date
) -> None:
    """Give the association these milestones for the year, in this order."""
    await _save(
        session,
        [
            (
                Milestone(
                    id=new_id(),
                    association=code,
                    year=year,
                    position=position,
                    made_on=made_on,
                    **values,
                ),
                deliverables,
            )
            for position, (values, deliverables) in enumerate(planned, 1)
        ],
    )


async def _save(
    session: AsyncSession, planned: Sequence[tuple[Milestone, Sequence[tuple[Rule, str]]]]
) -> None:
    """Milestones and what must exist for each; titles speak of its subject's year."""
    session.add_all([milestone for milestone, _ in planned])
    await session.flush()
    for milestone, deliverables in planned:
        year = milestone.subject_year
        for position, (rule, title) in enumerate(deliverables, 1):
            session.add(
                Deliverable(
                    id=new_id(),
                    milestone_id=milestone.id,
                    position=position,
                    rule=rule,
                    title=title.format(year=year, next_year=year + 1),
                )
            )
    await session.flush()


async def standings(
    session: AsyncSession, year: int, codes: Collection[str], at: date
) -> list[Standing]:
    """Every milestone of the year of these associations, as it stands on the day.

    Raises `PolicyNotFound`.
    """
    policy = await repository.policy_at(session, at)
    milestones = await repository.list_milestones(session, year, codes)
    listed = await repository.list_deliverables(session, [one.id for one in milestones])
    facts = await facts_of_all(session, codes)
    found = []
    for milestone in milestones:
        plan = Plan(milestone.id, milestone.subject_year, milestone.due_on)
        deliverables = [
            (
                one,
                domain.fulfilled_on(
                    one.rule,
                    plan,
                    facts[milestone.association],
                    document_on=one.document_on,
                    at=at,
                ),
            )
            for one in listed
            if one.milestone_id == milestone.id
        ]
        done_on = domain.done_on([day for _, day in deliverables])
        state = domain.state_at(
            done_on,
            starts_on=milestone.starts_on,
            due_on=milestone.due_on,
            at_risk_days=policy.at_risk_days,
            at=at,
        )
        found.append(Standing(milestone, deliverables, done_on, state))
    return found


async def roadmap_of(
    session: AsyncSession, code: str, year: int, actor: Actor, at: date
) -> list[Standing]:
    """An association's roadmap. Raises `AssociationNotFound`, `RoadmapNotFound`,
    `PolicyNotFound`.
    """
    await association_of(session, code, actor)
    found = await standings(session, year, [code], at)
    if not found:
        raise RoadmapNotFound(f"Дорожной карты на {year} год у ассоциации нет.")
    return found


async def summary(
    session: AsyncSession, year: int, actor: Actor, at: date
) -> dict[str, list[Standing]]:
    """The year's milestones by code, each in all associations within the actor's reach.

    Raises `PolicyNotFound`.
    """
    known = await associations_repository.list_associations(session)
    codes = [row.code for row in known if reaches(actor, row.code)]
    found = defaultdict(list)
    listed = await standings(session, year, codes, at)
    for one in sorted(listed, key=lambda standing: standing.milestone.position):
        found[one.milestone.code].append(one)
    return found


async def attach_document(
    session: AsyncSession,
    code: str,
    deliverable_id: UUID,
    wanted: DocumentAttach,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None,
) -> Standing:
    """Give a deliverable the document that it is.

    Raises `AssociationNotFound`, `RowNotOfAssociation`, `VersionMismatch`,
    `DeliverableIsDerived`, `PolicyNotFound`.
    """
    await association_of(session, code, actor)
    deliverable = await session.get(Deliverable, deliverable_id)
    if deliverable is None:
        raise RowNotOfAssociation("У этой ассоциации такой записи нет.")
    milestone = await associated.get_own(session, Milestone, code, deliverable.milestone_id)
    expect_version(milestone.version, expected_version)
    if deliverable.rule is not Rule.DOCUMENT:
        raise DeliverableIsDerived(
            f"«{deliverable.title}» считается выполненным, когда это есть в системе."
        )
    day = now.astimezone(MOSCOW).date()
    deliverable.document = wanted.document
    deliverable.link = str(wanted.link) if wanted.link else None
    deliverable.document_on = deliverable.document_on or day
    milestone.version += 1
    await session.flush()
    found = await standings(session, milestone.year, [code], day)
    return next(one for one in found if one.milestone.id == milestone.id)


def plain(standing: Standing) -> dict[str, Any]:
    """The standing's parts by the names that schemas and reports give them."""
    milestone, done = standing.milestone, standing.done_on
    deliverables = [
        {
            **one.model_dump(include={"id", "title", "rule", "document", "link"}),
            "fulfilled_on": day,
        }
        for one, day in standing.deliverables
    ]
    return {
        **milestone.model_dump(),
        "state": standing.state,
        "done_on": done,
        "was_late": done is not None and done > milestone.due_on,
        "fulfilled": sum(day is not None for _, day in standing.deliverables),
        "deliverables": deliverables,
    }
