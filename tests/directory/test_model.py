"""The scheme is the source's, word for word; both of its axes lead to the same clusters."""

from typing import Any

import pytest

from tests.directory.conftest import Ask, Create

# Written by hand from the source's page «Модель управления ФП „Профессионалитет“».
SCHEME: dict[str, dict[str | None, dict[str, list[str]]]] = {
    "Стратегическое управление": {
        None: {
            "Минпросвещения России": ["Минпросвещения России"],
            "Федеральные операторы": [
                "АНО «РСВ»",
                "ВДЦ «Смена»",
                "ГУП",
                "ФИЦТО",
                "ИРПО",
                "ЦУР ФП",
            ],
        },
    },
    "Тактическое и оперативное управление": {
        "Управление реализацией федпроекта в регионе": {
            "Региональный наблюдательный совет": [],
            "Региональный орган исполнительной власти": [],
        },
        "Оперативное управление кластером": {"Управляющие компании": []},
        "Отраслевое сопровождение кластеров": {"Отраслевые ассоциации кластеров": []},
    },
}


async def test_the_model_is_the_scheme_of_the_source(ask: Ask, loaded: dict[str, Any]) -> None:
    model = (await ask("GET", "/v1/model?at=2023-09-01")).json()

    federal = {"ministry", "operator"}
    found = {
        level["name"]: {
            function["name"]: {
                role["name"]: [one["name"] for one in role["holders"]]
                if role["code"] in federal
                else []
                for role in function["roles"]
            }
            for function in level["functions"]
        }
        for level in model["levels"]
    }
    assert found == SCHEME
    assert [list(level) for level in found.values()] == [list(one) for one in SCHEME.values()]
    assert model["principle"] == (
        "Модель сочетает региональное управление федеральным проектом и отраслевое сопровождение"
        " кластеров"
    )
    assert [axis["name"] for axis in model["axes"]] == [
        "Региональное управление федеральным проектом",
        "Отраслевое сопровождение кластеров",
    ]
    assert (model["ground"]["name"], model["ground"]["filled"]) == ("Кластеры", 0)


async def test_who_fills_a_role_depends_on_the_day(
    ask: Ask, create: Create, loaded: dict[str, Any]
) -> None:
    company = await create("organisations", code="uk", name="УК", kind="managing_company")
    for code in ("16-2022-01", "16-2022-02"):
        cluster = await create("clusters", code=code, since="2023-09-01")
        moved = {"managing_company_id": company["id"], "on": "2023-09-10"}
        await ask("POST", f"/v1/clusters/{cluster['id']}/move", moved)

    async def filled(at: str) -> dict[str, int]:
        model = (await ask("GET", f"/v1/model?at={at}")).json()
        roles = [
            role
            for level in model["levels"]
            for function in level["functions"]
            for role in function["roles"]
        ]
        for role in (*roles, model["ground"]):
            assert (await ask("GET", role["read_at"])).status_code == 200
        return {role["code"]: role["filled"] for role in (*roles, model["ground"])}

    before, after = await filled("2023-08-31"), await filled("2023-09-10")
    assert before == {
        "ministry": 1,
        "operator": 6,
        "supervisory_board": 0,
        "authority": 89,
        "managing_company": 0,
        "association": before["association"],
        "cluster": 0,
    }
    assert (after["managing_company"], after["cluster"]) == (1, 2)


async def test_a_cluster_is_in_both_trees_with_whom_it_has(ask: Ask, create: Create) -> None:
    company = await create("organisations", code="uk", name="УК", kind="managing_company")
    board = await create(
        "organisations", code="ns-16", name="Совет", kind="supervisory_board", level="tactical"
    )
    college = await create("organisations")
    person = await create("people", full_name="Анна Иванова")
    cluster = await create("clusters", since="2023-09-01", core_college_id=college["id"])
    await create("clusters", code="77-2022-01", region="77", since="2023-09-01")
    await create("clusters", code="16-2022-09", industry="metallurgy", since="2023-09-01")
    moved = {"managing_company_id": company["id"], "on": "2023-09-10"}
    await ask("POST", f"/v1/clusters/{cluster['id']}/move", moved)
    seat = {"kind": "supervisory_board", "organisation_id": board["id"], "region": "16"}
    await ask("POST", "/v1/relations", {**seat, "valid_from": "2023-09-10"})
    offices = {"region": "16", "person_id": person["id"], "valid_from": "2023-09-10"}
    for office in ("coordinator", "authority_head"):
        await ask("POST", "/v1/appointments", {**offices, "office": office})
    charged = {"person_id": person["id"], "valid_from": "2023-09-10"}
    code = "mechanical-engineering"
    curator = {**charged, "kind": "curator", "cluster_id": cluster["id"]}
    await ask("POST", f"/v1/associations/{code}/constitute", {"constituted_on": "2023-09-01"})
    made = await ask("POST", f"/v1/associations/{code}/mandates", curator)
    assert made.status_code == 201, made.text

    region = (await ask("GET", "/v1/model/regions/16?at=2023-09-10")).json()
    industry = (await ask("GET", f"/v1/model/industries/{code}?at=2023-09-10")).json()
    before = (await ask("GET", "/v1/model/regions/16?at=2023-09-09")).json()

    assert [one["code"] for one in region["clusters"]] == ["16-2022-01", "16-2022-09"]
    assert [one["code"] for one in industry["clusters"]] == ["16-2022-01", "77-2022-01"]
    assert region["clusters"][0] == industry["clusters"][0]
    assert region["clusters"][0]["managing_company"] == {"id": company["id"], "name": "УК"}
    assert region["clusters"][0]["core_college"]["id"] == college["id"]
    assert region["clusters"][0]["curator_id"] == person["id"]
    assert region["managing_companies"] == [
        {"id": company["id"], "name": "УК", "clusters": [cluster["id"]]}
    ]
    assert region["supervisory_board"]["name"] == "Совет"
    assert region["authority"]["name"].startswith("Орган исполнительной власти")
    assert region["authority_head"]["full_name"] == "Анна Иванова"
    assert (region["coordinator"]["valid_from"], region["deputy"]) == ("2023-09-10", None)
    assert (before["supervisory_board"], before["coordinator"]) == (None, None)
    assert before["managing_companies"] == []
    assert industry["association"]["status"] == "constituted"
    assert [one["cluster_id"] for one in industry["curators"]] == [cluster["id"]]
    gaps = (await ask("GET", "/v1/regions/coverage?at=2023-09-10")).json()["gaps"]
    assert [gap["missing"] for gap in gaps if gap["kind"] == "curator"] == [2]
    listed = (await ask("GET", "/v1/clusters?without=curator&at=2023-09-10")).json()["items"]
    assert len(listed) == 2


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("regions/00", 404, "region_not_found"),
        ("industries/alchemy", 404, "industry_not_found"),
        ("regions/16?at=1900-01-01", 422, "invalid_request"),
    ],
)
async def test_a_tree_of_nothing_is_refused(
    ask: Ask, loaded: dict[str, Any], path: str, status: int, code: str
) -> None:
    answer = await ask("GET", f"/v1/model/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
