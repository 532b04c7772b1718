"""What a client is told while the directory, which names addressees, does not answer."""

import httpx

from tests.assignments.directory import Clusters
from tests.conftest import Tokens

ASSIGNMENT = {
    "text": "Прислать контакты ответственных за набор.",
    "priority": "planned",
    "due_on": "2023-10-20",
    "addressees": {"kind": "cluster", "regions": ["16"]},
}


async def test_an_absent_directory_is_not_called_a_database(
    api: httpx.AsyncClient, clusters: Clusters, token: Tokens
) -> None:
    clusters.away = True

    answer = await api.post("/v1/assignments", json=ASSIGNMENT, headers=token("cur_admin"))

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("callee_unavailable", "1")
    listed = await api.get("/v1/assignments", headers=token("auditor"))
    assert listed.json()["items"] == []
