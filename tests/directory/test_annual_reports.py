"""A year's report is assembled, approved for good, published, and makes the next roadmap."""

import io
import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import docx
import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.annual_reports import hash_of
from services.directory.domain.practices import PracticeStatus, status_as_of
from services.directory.models import AnnualReport, Direction
from shared.events.directory import ReportEvent
from shared.tables import OutboxRecord
from tests.conftest import Headers, Tokens
from tests.directory.associations import CODE, HERE, World

REPORT = f"{HERE}/reports/2023"
AT = date(2023, 12, 31)
DECEMBER = {"X-Simulated-Now": "2023-12-25T09:00:00Z"}
DIRECTION = {"name": "Обновление программ", "valid_from": "2023-09-20"}


@pytest.fixture
async def year(world: World) -> World:
    """A little of everything, done by December; the first milestone is late for three of four."""
    person = await world.person()
    own, other = await world.cluster(), await world.cluster(region="74", cohort=2023)
    for cluster in (own, other):
        await world.post(f"{HERE}/memberships", {"cluster_id": cluster, "valid_from": "2023-10-01"})
    direction = await world.post(f"{HERE}/directions", DIRECTION)
    await world.post(
        f"{HERE}/groups",
        {
            "direction_id": direction["id"],
            "name": "Группа программ",
            "lead_id": person,
            "members": [person],
            "valid_from": "2023-09-28",
            "valid_to": "2024-06-30",
        },
    )
    await world.post(
        f"{HERE}/mandates",
        {"kind": "responsible", "person_id": person, "valid_from": "2023-09-28"},
    )
    await world.post(
        f"{HERE}/activities",
        {
            "kind": "event",
            "title": "Неделя металлурга",
            "starts_on": "2023-11-13",
            "ends_on": "2023-11-17",
            "participants": 340,
            "audience": 12000,
        },
    )
    await world.post(
        f"{HERE}/mentorships",
        {
            "from_cluster_id": own,
            "to_cluster_id": other,
            "topic": "Запуск комплекса",
            "started_on": "2023-10-01",
        },
    )
    await world.post(
        f"{HERE}/practices",
        {"cluster_id": own, "title": "Комплекс", "description": "На заводе."},
    )
    return world


async def test_a_report_is_assembled_from_the_years_work_and_again_while_it_is_a_draft(
    year: World, metallurgy: Headers
) -> None:
    by = {**metallurgy, **DECEMBER}
    made = await year.post(f"{REPORT}/assemble", None, by=by, ok=200)
    held = {"kind": "project", "title": "Цех", "starts_on": "2023-10-05", "ends_on": "2023-10-06"}
    await year.post(f"{HERE}/activities", {**held, "audience": 500})
    again = await year.post(f"{REPORT}/assemble", None, by=by, ok=200)

    content = made["content"]
    assert (made["status"], made["content_hash"], made["version"]) == ("draft", None, 1)
    assert content["reach"] == {"participants": 340, "audience": 12000}
    assert [one["cohort"] for one in content["membership"]["joined"]] == [2022, 2023]
    assert (content["membership"]["at_start"], content["membership"]["at_end"]) == (0, 2)
    assert content["directions"] == [DIRECTION["name"]]
    assert [group["name"] for group in content["groups"]] == ["Группа программ"]
    assert [one["status"] for one in content["practices"]] == ["nominated"]
    assert [one["status"] for one in content["mentorships"]] == ["agreed"]
    states = {one["code"]: one["state"] for one in content["milestones"]}
    assert (states["chairs-meeting"], states["expansion"]) == ("late", "done")
    assert (again["version"], again["content"]["reach"]["audience"]) == (2, 12500)


async def test_a_report_of_a_past_year_does_not_know_what_came_after_it(
    world: World, token: Tokens, metallurgy: Headers
) -> None:
    """The same by the year's end as when it is assembled in March, after all was decided."""
    own, other = await world.cluster(), await world.cluster(region="74")
    helper, helped = (token("cluster", sub=one, clusters=[one]) for one in (own, other))
    paths = []
    for title in ("Выбрана", "Отклонена"):
        body = {"cluster_id": own, "title": title, "description": "На заводе."}
        paths.append(f"{HERE}/practices/{(await world.post(f'{HERE}/practices', body))['id']}")
    body = {"from_cluster_id": own, "to_cluster_id": other, "topic": "Запуск"}
    made = await world.post(f"{HERE}/mentorships", {**body, "started_on": "2023-10-01"})
    mentorship = f"{HERE}/mentorships/{made['id']}"
    points = dict.fromkeys(("result", "replicability", "employers", "novelty"), 4)
    await world.post(f"{paths[0]}/reviews", {"points": points}, by={**helped, **DECEMBER})

    async def assembled(day: str) -> dict[str, Any]:
        by = {**metallurgy, "X-Simulated-Now": f"{day}T09:00:00Z"}
        content = (await world.post(f"{REPORT}/assemble", None, by=by, ok=200))["content"]
        return {name: content[name] for name in ("practices", "mentorships")}

    by_the_end = await assembled("2023-12-31")
    later = {"X-Simulated-Now": "2024-02-01T09:00:00Z"}
    worse, reason = dict.fromkeys(points, 1), {"reason": "Решение совета"}
    await world.post(f"{paths[0]}/reviews", {"points": worse}, by={**metallurgy, **later})
    await world.post(f"{paths[0]}/select", reason, by={**metallurgy, **later}, ok=200)
    taken = {"cluster_id": other}
    await world.post(f"{paths[0]}/replications", taken, by={**helped, **later})
    await world.post(f"{paths[1]}/decline", reason, by={**metallurgy, **later}, ok=200)
    told = {"outcome": "Запущен"}
    await world.post(f"{mentorship}/complete", told, by={**helper, **later}, ok=200)
    await world.post(f"{mentorship}/confirm", None, by={**helped, **later}, ok=200)

    assert await assembled("2024-03-01") == by_the_end
    assert [
        (one["status"], one["mean_hundredths"], one["replications"])
        for one in by_the_end["practices"]
    ] == [("nominated", 400, 0), ("nominated", None, 0)]
    assert [(one["status"], one["outcome"]) for one in by_the_end["mentorships"]] == [
        ("agreed", None)
    ]


@pytest.mark.parametrize(
    ("status", "decided_on", "replications", "then"),
    [
        (PracticeStatus.REPLICATED, AT, 1, PracticeStatus.REPLICATED),
        (PracticeStatus.REPLICATED, AT, 0, PracticeStatus.SELECTED),
        (PracticeStatus.DECLINED, AT, 0, PracticeStatus.DECLINED),
        (PracticeStatus.DECLINED, AT + timedelta(days=1), 0, PracticeStatus.REVIEWED),
        (PracticeStatus.REVIEWED, None, 0, PracticeStatus.REVIEWED),
    ],
)
def test_a_practice_had_come_as_far_as_its_days_say(
    status: PracticeStatus, decided_on: date | None, replications: int, then: PracticeStatus
) -> None:
    undecided = PracticeStatus.REVIEWED
    found = status_as_of(status, decided_on, AT, undecided=undecided, replications=replications)
    assert found is then


async def test_an_approved_report_never_changes_whoever_writes(
    year: World, session: AsyncSession, client: httpx.AsyncClient
) -> None:
    by = {**year.admin, **DECEMBER}
    draft = await year.post(f"{REPORT}/assemble", None, by=by, ok=200)
    stale = await client.post(f"{REPORT}/approve", headers={**by, "If-Match": '"v7"'})
    early = await year.post(f"{REPORT}/publish", None, by=by, ok=None)
    approved = await year.post(f"{REPORT}/approve", None, by=by, ok=200)
    refused = [
        await year.post(f"{REPORT}/{what}", None, by=by, ok=None)
        for what in ("assemble", "approve")
    ]
    published = await year.post(f"{REPORT}/publish", None, by=by, ok=200)
    twice = await year.post(f"{REPORT}/publish", None, by=by, ok=None)

    assert stale.status_code == 412
    assert early == (409, "report_not_approved")
    assert refused == [(409, "report_already_approved")] * 2
    assert twice == (409, "report_already_published")
    assert approved["content_hash"] == hash_of(draft["content"])
    assert published["content"] == draft["content"]
    assert published["is_intact"] is True
    with pytest.raises(DBAPIError, match="an approved report does not change"):
        async with session.begin_nested():
            await (await session.connection()).execute(
                text("update annual_reports set content = '{\"reach\": 1}'")
            )
    statement = select(OutboxRecord).where(OutboxRecord.key == published["id"])
    told = (await session.exec(statement)).all()
    assert [row.type.split(".")[2] for row in told] == ["approved", "published"]
    assert {json.loads(row.data)["content_hash"] for row in told} == {approved["content_hash"]}
    assert {row.topic for row in told} == {ReportEvent.topic}


async def test_a_changed_content_is_seen_by_its_hash(year: World, session: AsyncSession) -> None:
    by = {**year.admin, **DECEMBER}
    await year.post(f"{REPORT}/assemble", None, by=by, ok=200)
    await year.post(f"{REPORT}/approve", None, by=by, ok=200)
    connection = await session.connection()
    await connection.exec_driver_sql(
        "alter table annual_reports disable trigger approved_report_is_immutable"
    )
    report = (await session.exec(select(AnnualReport))).one()
    report.content = {**report.content, "reach": {"participants": 9000, "audience": 0}}
    await session.flush()
    assert (await year.get(REPORT))["is_intact"] is False


async def test_the_next_roadmap_is_made_of_the_approved_report_and_carries_what_is_late(
    year: World, metallurgy: Headers
) -> None:
    by = {**metallurgy, **DECEMBER}
    admin = {**year.admin, **DECEMBER}
    none = await year.post(f"{REPORT}/roadmap", None, by=by, ok=None)
    await year.post(f"{REPORT}/assemble", None, by=by, ok=200)
    early = await year.post(f"{REPORT}/roadmap", None, by=by, ok=None)
    await year.post(f"{REPORT}/approve", None, by=admin, ok=200)
    made = await year.post(f"{REPORT}/roadmap", None, by=by)
    again = await year.post(f"{REPORT}/roadmap", None, by=by, ok=None)

    assert none == (404, "report_not_found")
    assert early == (409, "report_not_approved")
    assert again == (409, "roadmap_already_made")
    due = {item["code"]: item["due_on"] for item in made["items"]}
    assert due == {
        "chairs-meeting": "2024-10-01",
        "interim-results": "2024-11-01",
        "expansion": "2024-12-01",
        "annual-report": "2024-12-31",
        "strategic-sessions": "2025-03-31",
        "carried-chairs-meeting": "2024-03-31",
        "carried-interim-results": "2024-03-31",
    }
    carried = next(item for item in made["items"] if item["code"] == "carried-chairs-meeting")
    assert (carried["fulfilled"], carried["subject_year"]) == (3, 2023)
    titles = " ".join(item["title"] for item in made["items"])
    assert "ФП «Профессионалитет» 2024 г." in titles
    assert "за 2024 г. и дорожной карты развития Ассоциации на 2025 г." in titles
    # Report and next roadmap were the fourth milestone's two deliverables.
    found = await year.get(f"{HERE}/roadmaps/2023?at=2023-12-31")
    states = {item["code"]: item["state"] for item in found["items"]}
    assert states["annual-report"] == "done"


async def test_a_report_is_for_all_once_it_is_published(
    year: World, metallurgy: Headers, token: Tokens
) -> None:
    by = {**year.admin, **DECEMBER}
    reader = token("coordinator", regions=["16"])
    chemistry = token("association", industries=["chemistry"])
    await year.post(f"{REPORT}/assemble", None, by=by, ok=200)
    for who in (metallurgy, token("auditor"), year.admin):
        assert (await year.get(REPORT, by=who))["status"] == "draft"
    await year.get(REPORT, by=reader, ok=404)
    await year.post(f"{REPORT}/approve", None, by=by, ok=200)
    await year.get(f"{REPORT}/file", by=reader, ok=404)
    await year.post(f"{REPORT}/publish", None, by=by, ok=200)
    assert (await year.get(REPORT, by=reader))["status"] == "published"
    await year.get(REPORT, by=chemistry, ok=404)
    refused = await year.post(f"{REPORT}/assemble", None, by=chemistry, ok=None)
    assert refused == (404, "association_not_found")


async def test_there_is_no_report_of_a_year_to_come_or_of_one_before_the_association(
    world: World,
) -> None:
    refused = [
        await world.post(f"/v1/associations/{of}/assemble", None, ok=None)
        for of in ("nuclear/reports/2023", f"{CODE}/reports/2024")
    ]
    assert refused == [(409, "association_not_constituted"), (409, "year_not_begun")]


async def test_the_report_is_a_pdf_and_a_docx_that_say_the_same(
    year: World, client: httpx.AsyncClient
) -> None:
    by = {**year.admin, **DECEMBER}
    await year.post(f"{REPORT}/assemble", None, by=by, ok=200)
    draft = await client.get(f"{REPORT}/file?kind=pdf", headers=by)
    approved = await year.post(f"{REPORT}/approve", None, by=by, ok=200)

    pdf = await client.get(f"{REPORT}/file?kind=pdf", headers=by)
    again = await client.get(f"{REPORT}/file?kind=pdf", headers=by)
    word = await client.get(f"{REPORT}/file?kind=docx", headers=by)

    assert pdf.headers["content-type"] == "application/pdf"
    assert f'filename="report-{CODE}-2023.pdf"' in pdf.headers["content-disposition"]
    assert pdf.content == again.content
    texts = [_pdf_text(pdf), _docx_text(word)]
    for said in (*SAID, approved["content_hash"]):
        for found in texts:
            assert said in found, said
    assert "ПРОЕКТ" in _pdf_text(draft)
    assert "ПРОЕКТ" not in texts[0]


async def test_text_that_xml_cannot_hold_still_makes_a_docx(
    world: World, client: httpx.AsyncClient, session: AsyncSession
) -> None:
    """Nobody enters such text any more; somebody has."""
    made = await world.post(f"{HERE}/directions", {**DIRECTION, "name": "Сварка"})
    entered = update(Direction).where(col(Direction.id) == UUID(made["id"]))
    await session.exec(entered.values(name="Сварка \ufffe"))
    await world.post(f"{REPORT}/assemble", None, ok=200)
    word = await client.get(f"{REPORT}/file?kind=docx", headers=world.admin)
    assert word.status_code == 200
    assert "Сварка \N{REPLACEMENT CHARACTER}" in _docx_text(word)


SAID = (
    "Отчёт о результатах деятельности за 2023 год",
    "Участников: 340, охват: 12000.",
    "Неделя металлурга",
    "Запуск комплекса",
    "Группа программ",
)


def _pdf_text(response: httpx.Response) -> str:
    reader = PdfReader(io.BytesIO(response.content))
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def _docx_text(response: httpx.Response) -> str:
    document = docx.Document(io.BytesIO(response.content))
    cells: list[Any] = [
        cell.text for table in document.tables for row in table.rows for cell in row.cells
    ]
    return " ".join([*(one.text for one in document.paragraphs), *cells])
