"""A protocol as a document, and an addressee's extract of it."""

import io
from datetime import timedelta
from typing import Any

import httpx
import pytest
from docx import Document
from pypdf import PdfReader
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.items import ClusterFacts
from services.meetings.domain.participation import ParticipantKind
from services.meetings.domain.wording import addressed, due_in_words, present_in_words
from services.meetings.repository.directory import keep_clusters
from shared.auth import Role
from shared.events.directory import ClusterChanged
from shared.events.meetings import AddresseeKind, Addressees, Control
from tests.conftest import NOW, Headers, Tokens
from tests.meetings.factories import AFTER, approve, cluster, cluster_id, put_item
from tests.meetings.papers import HEADER, draft_with_items


@pytest.fixture
async def protocol_id(client: httpx.AsyncClient, session: AsyncSession, admin: Headers) -> str:
    return await draft_with_items(client, session, admin)


def _pdf(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def _docx(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for cell in table.rows[0].cells]
    foot = [one.text for one in document.sections[0].footer.paragraphs]
    return " ".join([*(one.text for one in document.paragraphs), *cells, *foot])


async def test_the_document_has_the_customary_form_and_the_hash_at_its_foot(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    path = f"/v1/protocols/{protocol_id}"
    proposed = _pdf((await client.get(f"{path}/document.pdf", headers=admin)).content)
    sealed = await approve(client, admin, protocol_id)

    pdf = await client.get(f"{path}/document.pdf", headers=admin)
    docx = await client.get(f"{path}/document.docx", headers=admin)

    assert "ПРОЕКТ" in proposed
    assert pdf.headers["content-disposition"] == 'inline; filename="protocol-1-2023.pdf"'
    for words in (_pdf(pdf.content), _docx(docx.content)):
        for said in (
            "ПРОТОКОЛ",
            "№ 1/2023",
            "4 октября 2023 г.",
            "Смирнова А. В.",
            "Иванов И. И.",
            "ПОВЕСТКА ДНЯ",
            "1. СЛУШАЛИ: Петров П. П. — О мастерских",
            "1.1. Только Татарстану.",
            "Представить: 1) План; 2) Смета.",
            "кластеры: Регион 16.",
            "2. РЕШИЛИ:",
            "2.1. Всем кластерам.",
            "один месяц со дня подписания",
            "органы исполнительной власти: Регион 63.",
            "20.10.2023",
            # Nobody reviewed it: who approved it is who agreed.
            "Согласовано в системе:",
            "cur_admin",
            sealed["content_hash"],
        ):
            assert said in words, said
        assert "ПРОЕКТ" not in words


@pytest.mark.parametrize("ending", ["pdf", "docx"])
async def test_the_same_content_gives_the_same_bytes(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str, ending: str
) -> None:
    await approve(client, admin, protocol_id)
    path = f"/v1/protocols/{protocol_id}/document.{ending}"

    first, again = [(await client.get(path, headers=admin)).content for _ in range(2)]

    assert first == again


async def test_an_extract_holds_only_what_is_the_addressees(
    client: httpx.AsyncClient, admin: Headers, token: Tokens, protocol_id: str
) -> None:
    path = f"/v1/protocols/{protocol_id}/extract"
    early = await client.get(f"{path}?region=16", headers=admin)
    await approve(client, admin, protocol_id)

    async def texts(query: str, actor: Headers) -> list[tuple[str, int]]:
        answer = await client.get(f"{path}?{query}", headers=actor)
        assert answer.status_code == 200, answer.text
        return [(one["text"], len(one["clusters"])) for one in answer.json()["items"]]

    assert (early.status_code, early.json()["code"]) == (409, "protocol_not_approved")
    of_16, of_63 = token("coordinator", regions=["16"]), token("authority_head", regions=["63"])
    # A cluster that was not at work then has not been addressed.
    assert await texts("region=16", of_16) == [("Только Татарстану.", 2), ("Всем кластерам.", 2)]
    assert await texts("region=63", of_63) == [
        ("Всем кластерам.", 1),
        ("Органу Самарской области.", 0),
    ]
    assert await texts("region=77", admin) == []
    itself = token("cluster", clusters=[str(cluster_id(1))])
    assert len(await texts(f"cluster={cluster_id(1)}", itself)) == 2
    assert await texts(f"cluster={cluster_id(3)}", of_63) == [("Всем кластерам.", 1)]
    pdf = _pdf((await client.get(f"{path}.pdf?region=63", headers=of_63)).content)
    assert "ВЫПИСКА ИЗ ПРОТОКОЛА" in pdf
    assert "орган исполнительной власти: Регион 63" in pdf
    assert "Татарстану" not in pdf
    # The label is the one the item has in the whole.
    assert "2.2. Органу Самарской области." in pdf

    for query, actor in (
        ("region=63", of_16),
        (f"cluster={cluster_id(3)}", of_16),
        ("region=16", itself),
        (f"cluster={cluster_id(2)}", itself),
        ("region=99", admin),
    ):
        for ending in ("", ".pdf", ".docx"):
            answer = await client.get(f"{path}{ending}?{query}", headers=actor)
            assert (answer.status_code, answer.json()["code"]) == (404, "addressee_not_found")
    for query in ("", f"region=16&cluster={cluster_id(1)}"):
        answer = await client.get(f"{path}?{query}", headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (422, "one_addressee")
    for role in (Role.ASSOCIATION, Role.PLATFORM, Role.SERVICE):
        assert (await client.get(f"{path}?region=16", headers=token(role))).status_code == 403


async def test_an_extract_is_of_whom_the_protocol_was_for_when_it_was_approved(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, protocol_id: str
) -> None:
    await put_item(
        client, admin, protocol_id, text="Химикам.", addressees={"industries": ["himiya"]}
    )
    await approve(client, admin, protocol_id)
    path = f"/v1/protocols/{protocol_id}/extract?"

    async def told() -> dict[str, Any]:
        asked = ("region=16", "region=63", f"cluster={cluster_id(2)}")
        return {one: (await client.get(path + one, headers=admin)).json()["items"] for one in asked}

    before = await told()
    later: dict[str, Any] = {
        "version": 2,
        "kind": ClusterChanged,
        "occurred_at": NOW + timedelta(days=30),
    }
    await keep_clusters(
        session,
        [
            # Closed, of another industry and region, and one more that was not there.
            cluster(1, status="closed", **later),
            cluster(2, region="63", industry="mechanical-engineering", cohort=2023, **later),
            cluster(5, industry="himiya", occurred_at=NOW + timedelta(days=30)),
        ],
    )

    assert await told() == before
    assert [(one["text"], len(one["clusters"])) for one in before["region=16"]] == [
        ("Только Татарстану.", 2),
        ("Всем кластерам.", 2),
        ("Химикам.", 1),
    ]


async def test_a_sealed_document_is_the_same_bytes_after_clusters_were_renamed(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, protocol_id: str
) -> None:
    named = {"addressees": {"clusters": [str(cluster_id(1))]}}
    await put_item(client, admin, protocol_id, text="Первому.", **named)
    helped = {"control": {"co_executors": [str(cluster_id(1))]}}
    second = {"addressees": {"clusters": [str(cluster_id(2))]}}
    await put_item(client, admin, protocol_id, text="Второму.", **second, **helped)
    await approve(client, admin, protocol_id)
    path = f"/v1/protocols/{protocol_id}"

    async def told() -> list[bytes]:
        asked = ["document.docx"]
        asked += [f"extract{form}?cluster={cluster_id(1)}" for form in ("", ".docx")]
        return [(await client.get(f"{path}/{one}", headers=admin)).content for one in asked]

    before = await told()
    later: dict[str, Any] = {"kind": ClusterChanged, "occurred_at": NOW + timedelta(days=30)}
    renamed = cluster(1, version=2, name="Кластер «Новое имя»", **later)
    await keep_clusters(session, [renamed])

    assert "Кластер 1" in _docx(before[0])
    assert await told() == before


async def test_an_addendum_names_what_it_corrects_and_replaces(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    await approve(client, admin, protocol_id)
    path = f"/v1/protocols/{protocol_id}"
    item = (await client.get(path, headers=admin)).json()["items"][1]["id"]
    addendum = (await client.post(f"{path}/addenda", headers=admin)).json()["id"]
    await put_item(client, admin, addendum, text="Иначе.", supersedes=item)
    await approve(client, admin, addendum)

    words = _pdf(
        (await client.get(f"/v1/protocols/{addendum}/document.pdf", headers=admin)).content
    )

    for said in (
        "ДОПОЛНЕНИЕ к протоколу № 1/2023",
        "№ 1/2023-Д1",
        "Взамен пункта 2 протокола № 1/2023",
    ):
        assert said in words, said


async def test_who_was_there_is_taken_from_what_was_marked(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    path = f"/v1/protocols/{protocol_id}"
    meeting_id = (await client.get(path, headers=admin)).json()["meeting_id"]
    early = await client.post(f"{path}/header/from-attendance", headers=admin)
    marks = [
        {"participant_id": str(cluster_id(number)), "attendance": attendance}
        for number, attendance in ((1, "attended"), (2, "late"), (3, "absent"))
    ]
    marked = await client.post(
        f"/v1/meetings/{meeting_id}/attendance", headers=admin | AFTER, json={"items": marks}
    )
    assert marked.status_code == 200, marked.text

    taken = await client.post(f"{path}/header/from-attendance", headers=admin)

    assert (early.status_code, early.json()["code"]) == (409, "nobody_marked")
    assert taken.status_code == 200, taken.text
    header = (await client.get(path, headers=admin)).json()["header"]
    assert header == {**HEADER, "present": ["Регион 16 (кластеров: 2 из 2)"]}


def test_a_region_whose_coordinator_came_says_so() -> None:
    expected = [
        ("16", ParticipantKind.COORDINATOR, True),
        ("16", ParticipantKind.CLUSTER, False),
        ("63", ParticipantKind.CLUSTER, False),
        ("77", ParticipantKind.COORDINATOR, True),
    ]

    assert present_in_words(expected, {"16": "Татарстан"}) == [
        "Татарстан (региональный координатор, кластеров: 0 из 1)",
        "регион 77 (региональный координатор)",
    ]


@pytest.mark.parametrize(
    ("control", "words"),
    [
        (Control(term="urgent"), "срочно"),
        (Control(term="prompt"), "оперативно"),
        (Control(term="monthly", monthly_day=5), "ежемесячно до 5 числа"),
        (Control(), "один месяц со дня подписания"),
    ],
)
def test_a_term_is_said_as_it_was_written(control: Control, words: str) -> None:
    assert due_in_words(None, control) == words


def test_a_cluster_that_only_helps_is_told_of_the_item_too() -> None:
    lead, helper, other = (
        ClusterFacts(cluster_id(number), "16", "himiya", 2022) for number in (1, 2, 3)
    )
    item = Addressees(kind=AddresseeKind.CLUSTER, clusters=(lead.id,))
    control = Control(co_executors=(helper.id,))

    assert addressed(item, control, [helper], None) == [helper.id]
    assert addressed(item, control, [other], None) is None
