"""Which roles may call what of associations."""

from uuid import UUID

import httpx
import pytest

from shared.auth import Role
from tests.conftest import Tokens

ROW = UUID(int=1)
HERE = "/v1/associations/metallurgy"
STEWARDS = {Role.CUR_ADMIN, Role.ASSOCIATION}
PARTICIPANTS = {*STEWARDS, Role.CLUSTER}
WRITES = {
    f"{HERE}/constitute": {Role.CUR_ADMIN},
    f"{HERE}/memberships": STEWARDS,
    f"{HERE}/memberships/{ROW}/end": STEWARDS,
    "/v1/expansions/preview": STEWARDS,
    "/v1/expansions": STEWARDS,
    f"{HERE}/mandates": STEWARDS,
    f"{HERE}/mandates/{ROW}/end": STEWARDS,
    f"{HERE}/directions": STEWARDS,
    f"{HERE}/directions/{ROW}/end": STEWARDS,
    f"{HERE}/deliverables/{ROW}/document": STEWARDS,
    f"{HERE}/groups": STEWARDS,
    f"{HERE}/groups/{ROW}/reports": STEWARDS,
    f"{HERE}/activities": STEWARDS,
    f"{HERE}/practices": PARTICIPANTS,
    f"{HERE}/practices/{ROW}/reviews": {*PARTICIPANTS, Role.COORDINATOR, Role.DEPUTY},
    f"{HERE}/practices/{ROW}/select": STEWARDS,
    f"{HERE}/practices/{ROW}/decline": STEWARDS,
    f"{HERE}/practices/{ROW}/replications": PARTICIPANTS,
    f"{HERE}/mentorships": PARTICIPANTS,
    f"{HERE}/mentorships/{ROW}/complete": PARTICIPANTS,
    f"{HERE}/mentorships/{ROW}/confirm": {Role.CLUSTER},
    f"{HERE}/reports/2023/assemble": STEWARDS,
    f"{HERE}/reports/2023/approve": {Role.CUR_ADMIN},
    f"{HERE}/reports/2023/publish": {Role.CUR_ADMIN},
    f"{HERE}/reports/2023/roadmap": STEWARDS,
    f"/v1/leaders/{ROW}/confirm": STEWARDS,
    f"/v1/leaders/{ROW}/decline": STEWARDS,
}


@pytest.mark.parametrize("role", Role)
async def test_what_is_not_for_everyone_is_refused_to_the_others(
    client: httpx.AsyncClient, token: Tokens, role: Role
) -> None:
    headers = token(role)
    allowed = {
        path
        for path in WRITES
        if (await client.post(path, headers=headers, json={})).status_code != 403
    }
    assert allowed == {path for path, roles in WRITES.items() if role in roles}
