"""Who may do what in the directory, and the headers of versions."""

from typing import Annotated

from fastapi import Depends, Header

from shared.auth import Actor, Role, demand

Reader = Annotated[Actor, Depends(demand(*Role))]
Admin = Annotated[Actor, Depends(demand(Role.CUR_ADMIN))]
Appointer = Annotated[Actor, Depends(demand(Role.CUR_ADMIN, Role.AUTHORITY_HEAD))]
KnowsPeople = Annotated[Actor, Depends(demand(Role.CUR_ADMIN, Role.AUDITOR))]
Addresser = Annotated[
    Actor,
    Depends(demand(Role.SERVICE, Role.SECRETARY, Role.CUR_ADMIN, Role.CUR_CONTROLLER)),
]


async def _expected_version(
    if_match: Annotated[
        str | None,
        Header(
            pattern=r'^"v\d{1,9}"$',
            description='Версия, к которой относится запрос, например "v3"',
        ),
    ] = None,
) -> int | None:
    return int(if_match[2:-1]) if if_match else None


ExpectedVersion = Annotated[int | None, Depends(_expected_version)]
