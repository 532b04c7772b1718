"""Lists of clusters: what their rows do to clusters, by the rules clusters live by."""

from itertools import product
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.cluster_lists import KnownCluster
from services.directory.domain.clusters import STATUS_NAMES, ClusterStatus
from services.directory.models import Region
from services.directory.service import imports as service
from tests.conftest import NOW, Headers, sessions_of
from tests.directory.conftest import Ask, Create
from tests.directory.lists import HEADINGS, commit, csv_of, rows_of, told_of, upload

CODE, REASON = "16-2022-01", "Импорт списка «список.csv»"


def _row(
    name: str = "Станки", industry: str = "Машиностроение", cohort: int = 2022, *,
    code: str = CODE, status: str = "", college: str = "",
) -> tuple[Any, ...]:  # fmt: skip
    return (code, name, "16", industry, cohort, status, college)


async def _enter(client: httpx.AsyncClient, who: Headers, *rows: tuple[Any, ...]) -> dict[str, Any]:
    made = (await upload(client, who, csv_of(rows).encode())).json()
    assert made["problems"] == []
    answer = await commit(client, who, made)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _timeline(
    client: httpx.AsyncClient, who: Headers, cluster: dict[str, Any]
) -> list[tuple[str, str, str, str | None]]:
    answer = await client.get(f"/v1/clusters/{cluster['id']}/timeline", headers=who)
    return [
        (one["kind"], one["effective_on"], one["text"], one["reason"])
        for one in answer.json()["items"]
    ]


async def _only(client: httpx.AsyncClient, who: Headers) -> dict[str, Any]:
    (one,) = (await client.get("/v1/clusters", headers=who)).json()["items"]
    return dict(one)


async def test_a_preview_says_what_changes_and_the_commit_does_it_once(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, create: Create
) -> None:
    await create("organisations")
    await create("clusters", code="16-2022-01", name="Кластер «Станки»")
    await create("clusters", code="16-2022-02", name="Кластер «Мосты»", industry="construction")
    content = csv_of(
        [
            ("16-2022-01", "Кластер «Станки»", "РЕСП. ТАТАРСТАН", "машиностроение", 2022, "", ""),
            ("", "кластер Мосты", "Республика Татарстан", "Строительная отрасль", 2023,
             "реорганизован",
             "Казанский колледж"),
            ("", "Кластер «Лён»", "г. Москва", "Легкая промышленность", "2024 г.", "", ""),
        ]
    )  # fmt: skip

    made = (await upload(client, admin, content.encode("cp1251"))).json()
    rows = await rows_of(client, admin, made)

    assert (made["state"], made["problems"]) == ("ready", [])
    assert [row["action"] for row in rows] == ["unchanged", "change", "create"]
    assert rows[1]["before"]["status"] == "active"
    changed = {k: v for k, v in rows[1]["after"].items() if v != rows[1]["before"][k]}
    assert changed == {
        "name": "кластер Мосты", "cohort": 2023, "status": "reorganised",
        "core_college": "kzn-1",
    }  # fmt: skip
    assert (rows[2]["before"], rows[2]["after"]["code"]) == (None, "77-2024-01")
    assert len(await told_of(session)) == 2  # a preview tells nothing

    first = (await commit(client, admin, made)).json()
    second = (await commit(client, admin, made)).json()

    assert (first["state"], first["rows"]["applied"]) == ("applied", 3)
    assert second == first
    assert (await told_of(session))[2:] == [
        ("directory.cluster.reorganised.v1", 2),
        ("directory.cluster.registered.v1", 1),
    ]
    listed = (await client.get("/v1/clusters?region=77", headers=admin)).json()["items"]
    assert [(one["name"], one["industry"], one["cohort"]) for one in listed] == [
        ("Кластер «Лён»", "light-industry", 2024)
    ]
    again = (await upload(client, admin, content.encode("cp1251"))).json()
    assert (again["rows"]["unchanged"], again["rows"]["read"]) == (3, 3)
    checked = await client.post(f"/v1/imports/{made['id']}/check", headers=admin)
    assert (checked.status_code, checked.json()["code"]) == (409, "import_applied")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_what_is_exported_is_read_back_unchanged(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, create: Create, kind: str
) -> None:
    college = (await create("organisations"))["id"]
    await create("organisations", code="kzn-2", name="Колледж № 2")
    twin = (await create("organisations", code="msk-2", name="колледж №2", region="77"))["id"]
    await create("clusters", core_college_id=college, name='-Кластер;\n«с «кавычками»"  ')
    await create("clusters", code="77-2", region="77", core_college_id=twin, name="=1+1")
    regions = (await session.exec(select(col(Region.code)))).all()
    for code in regions:
        await create("clusters", code=f"{code}-2024-01", region=code, status="planned")

    file = await client.get(f"/v1/clusters/export.{kind}", headers=admin)
    assert file.status_code == 200, file.text
    made = (await upload(client, admin, file.content, f"Кластеры.{kind}")).json()

    assert made["problems"] == []
    assert (made["rows"]["unchanged"], made["rows"]["read"]) == (91, 91)
    one = await client.get(f"/v1/clusters/export.{kind}?region=77&status=planned", headers=admin)
    assert (await upload(client, admin, one.content, f"1.{kind}")).json()["rows"]["read"] == 1


async def test_a_cluster_of_a_list_begins_its_life_as_any_other(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, create: Create
) -> None:
    college = await create("organisations")

    await _enter(client, admin, _row(status="планируемый", college="kzn-1"))

    cluster = await _only(client, admin)
    assert (cluster["status"], cluster["status_since"]) == ("planned", "2023-10-02")
    assert cluster["core_college_id"] == college["id"]
    assert await _timeline(client, admin, cluster) == [
        (
            "registered",
            "2023-10-02",
            "Внесён в справочник: «Станки», планируется",
            REASON,
        ),
        ("related", "2023-10-02", "Теперь базовый колледж: Казанский колледж", REASON),
    ]
    assert await told_of(session) == [("directory.cluster.registered.v1", 1)]


async def test_what_a_list_changes_is_so_from_its_day_and_told_once(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, create: Create
) -> None:
    first = await create("organisations")
    second = await create("organisations", code="kzn-2", name="Второй колледж")
    await _enter(client, admin, _row(college="kzn-1"))
    later = {**admin, "X-Simulated-Now": "2023-10-20T09:00:00Z"}

    row = _row("Прессы", "Металлургия", 2023, status="реорганизуется", college="Второй колледж")
    await _enter(client, later, row)

    cluster = await _only(client, later)
    assert [cluster[name] for name in ("name", "industry", "cohort", "status", "version")] == [
        "Прессы", "metallurgy", 2023, "reorganised", 2,
    ]  # fmt: skip
    path = f"/v1/clusters/{cluster['id']}"
    colleges = [
        (await client.get(f"{path}?at={day}", headers=later)).json()["core_college_id"]
        for day in ("2023-10-19", "2023-10-20")
    ]
    assert colleges == [first["id"], second["id"]]
    before = (await client.get(f"{path}?at=2023-10-19", headers=later)).json()
    assert before["status"] == "active"
    assert [one[:1] + one[2:] for one in (await _timeline(client, later, cluster))[2:]] == [
        ("renamed", "Переименован: было «Станки», стало «Прессы»", REASON),
        (
            "industry_corrected",
            "Уточнена отрасль: было «Машиностроение», стало «Металлургия»",
            REASON,
        ),
        ("cohort_corrected", "Уточнена когорта: была 2022, стала 2023", REASON),
        ("reorganised", "Реорганизуется", REASON),
        ("relation_ended", "Больше не базовый колледж: Казанский колледж", REASON),
        ("related", "Теперь базовый колледж: Второй колледж", REASON),
    ]
    assert (await told_of(session))[1:] == [("directory.cluster.reorganised.v1", 2)]
    again = (await upload(client, later, csv_of([row]).encode())).json()
    assert (again["state"], again["rows"]["unchanged"]) == ("ready", 1)


async def test_a_list_closes_a_cluster_with_all_that_hangs_on_it_and_that_is_the_end(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, ask: Ask, create: Create
) -> None:
    await create("organisations")
    works = await create("organisations", code="works", name="Завод", kind="enterprise")
    await _enter(client, admin, _row(college="kzn-1"))
    cluster = await _only(client, admin)
    for first in ("2023-10-10", "2023-12-01"):
        last = "2023-11-01" if first < "2023-11" else None
        related = await ask(
            "POST", "/v1/relations",
            {"kind": "enterprise", "organisation_id": works["id"], "cluster_id": cluster["id"],
             "valid_from": first, "valid_to": last},
        )  # fmt: skip
        assert related.status_code == 201, related.text
    later = {**admin, "X-Simulated-Now": "2023-10-20T09:00:00Z"}

    # The college of the row is the one it had: nothing to refuse, and nothing to keep.
    row = _row(status="закрыт", college="kzn-1")
    await _enter(client, later, row)

    cluster = await _only(client, later)
    assert (cluster["status"], cluster["core_college_id"]) == ("closed", None)
    kinds = [one[0] for one in await _timeline(client, later, cluster)]
    assert sorted(kinds[kinds.index("closed") :]) == [
        "closed", "related", "relation_cancelled", "relation_ended", "relation_ended",
    ]  # fmt: skip
    left = (await client.get(f"/v1/relations?cluster={cluster['id']}", headers=later)).json()[
        "items"
    ]
    assert [one["valid_to"] for one in left] == ["2023-10-19", "2023-10-19"]
    assert (await told_of(session))[-1][0] == "directory.cluster.closed.v1"
    again = (await upload(client, later, csv_of([row]).encode())).json()
    assert (again["state"], again["rows"]["unchanged"]) == ("ready", 1)
    opened = (await upload(client, later, csv_of([_row(status="действует")]).encode())).json()
    assert [(one["code"], one["letter"], one["reason"]) for one in opened["problems"]] == [
        ("cluster_action_not_allowed", "F", "Нельзя открыть кластер, который закрыт.")
    ]


_LEFT = {
    ClusterStatus.PLANNED: (),
    ClusterStatus.ACTIVE: ("activate",),
    ClusterStatus.REORGANISED: ("activate", "reorganise"),
    ClusterStatus.CLOSED: ("close",),
}
_STEPS = {
    ("planned", "active"), ("planned", "closed"),
    ("active", "reorganised"), ("active", "closed"),
    ("reorganised", "active"), ("reorganised", "closed"),
}  # fmt: skip


async def test_a_list_moves_clusters_only_the_ways_they_go(
    client: httpx.AsyncClient, admin: Headers, ask: Ask, create: Create
) -> None:
    pairs = list(product(ClusterStatus, ClusterStatus))
    rows = []
    for number, (status, wanted) in enumerate(pairs):
        made = await create("clusters", code=f"c{number}", name=f"№ {number}", status="planned")
        for step in _LEFT[status]:
            answer = await ask("POST", f"/v1/clusters/{made['id']}/{step}", {"reason": "Приказ"})
            assert answer.status_code == 200, answer.text
        rows.append(_row(f"№ {number}", code=f"c{number}", status=STATUS_NAMES[wanted]))

    checked = (await upload(client, admin, csv_of(rows).encode())).json()

    refused = {one["row"] - 2 for one in checked["problems"]}
    assert {one["code"] for one in checked["problems"]} == {"cluster_action_not_allowed"}
    allowed = {pair for number, pair in enumerate(pairs) if number not in refused}
    assert allowed == {*_STEPS, *((status, status) for status in ClusterStatus)}


async def test_a_college_that_cannot_stay_is_refused_in_the_preview(
    client: httpx.AsyncClient, admin: Headers, ask: Ask, create: Create
) -> None:
    going = await create("organisations", code="going", name="Уходящий", valid_to="2024-06-30")
    await create("organisations")
    cluster = await create("clusters", code=CODE, name="Станки")
    due = await ask(
        "POST", "/v1/relations",
        {"kind": "core_college", "organisation_id": going["id"], "cluster_id": cluster["id"],
         "valid_from": "2024-01-01", "valid_to": "2024-06-30"},
    )  # fmt: skip
    assert due.status_code == 201, due.text

    rows = [_row(college="kzn-1"), _row("Ткани", code="", college="going")]
    checked = (await upload(client, admin, csv_of(rows).encode())).json()

    assert [(one["row"], one["code"], one["letter"]) for one in checked["problems"]] == [
        (2, "relation_overlaps", "G"),
        (3, "organisation_not_there", "G"),
    ]
    assert checked["problems"][0]["reason"] == "Другой базовый колледж уже назначен с 01.01.2024."


async def test_a_long_list_takes_few_statements_to_enter_and_to_change(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, create: Create
) -> None:
    await create("organisations")
    sessions = sessions_of(session)
    said: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    connection = (await session.connection()).sync_connection
    for status in ("", "закрыт"):
        rows = [
            _row(f"№ {number}", code=f"l{number}", college="kzn-1", status=status)
            for number in range(1200)
        ]
        made = (await upload(client, admin, csv_of(rows).encode())).json()
        await service.carry_on(sessions, made["id"], now=NOW)
        session.expunge_all()
        assert (await commit(client, admin, made)).json()["state"] == "applying"
        said.clear()
        event.listen(connection, "before_cursor_execute", count)
        await service.carry_on(sessions, made["id"], now=NOW)
        event.remove(connection, "before_cursor_execute", count)
        session.expunge_all()
        done = (await client.get(f"/v1/imports/{made['id']}", headers=admin)).json()
        assert (done["state"], done["rows"]["applied"]) == ("applied", 1200)
        # Three strokes, and what is said once.
        assert len(said) < 100
    assert len(await told_of(session)) == 2400


def test_a_list_says_everything_a_cluster_has() -> None:
    assert len(HEADINGS) == len(KnownCluster.__slots__) - 2  # all but the id and what is to come
