"""A metallurgy association at work: what its tests make and ask for."""

from typing import Any

import httpx

from tests.conftest import Headers

CODE = "metallurgy"
HERE = f"/v1/associations/{CODE}"
NOBODY = "0190c5a0-0000-7000-8000-000000000012"


class World:
    """The API as ЦУР's administrator, the association and others meet it."""

    def __init__(self, client: httpx.AsyncClient, admin: Headers) -> None:
        self._client = client
        self.admin = admin
        self._clusters = 0

    async def post(
        self, path: str, body: Any, *, by: Headers | None = None, ok: int | None = 201
    ) -> Any:
        """The answer's JSON; `ok=None` takes any status and answers it as (status, code)."""
        response = await self._client.post(path, headers=by or self.admin, json=body)
        if ok is None:
            return response.status_code, response.json().get("code")
        assert response.status_code == ok, response.text
        return response.json()

    async def get(self, path: str, *, by: Headers | None = None, ok: int = 200) -> Any:
        response = await self._client.get(path, headers=by or self.admin)
        assert response.status_code == ok, response.text
        return response.json()

    async def cluster(self, **given: Any) -> str:
        """A new cluster of metallurgy; its id."""
        self._clusters += 1
        body = {
            "code": f"c-{self._clusters}",
            "name": f"Кластер № {self._clusters}",
            "region": "16",
            "industry": CODE,
            "cohort": 2022,
            **given,
        }
        return str((await self.post("/v1/clusters", body))["id"])

    async def person(self, name: str = "Анна Иванова") -> str:
        return str((await self.post("/v1/people", {"full_name": name}))["id"])
