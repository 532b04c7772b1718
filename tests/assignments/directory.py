"""The directory at the end of the wire, for tests of the assignments service."""

from collections.abc import Sequence

import httpx

from shared.clients.directory import Addressee


class Clusters:
    """Knows whom the test puts into it."""

    def __init__(self) -> None:
        self.addressees: Sequence[Addressee] = ()
        self.away = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        if self.away:
            raise httpx.ConnectError("nobody listens", request=request)
        wanted = httpx.Response(200, content=request.content).json()
        items = [
            one.model_dump(mode="json")
            for one in self.addressees
            if (one.cluster_id is None) == (wanted["kind"] == "authority")
            and (not wanted["clusters"] or str(one.cluster_id) in wanted["clusters"])
        ]
        if len(items) < len(wanted["clusters"]):
            return httpx.Response(422, json={"code": "unknown_cluster"})
        return httpx.Response(200, json={"at": wanted["at"], "items": items})
