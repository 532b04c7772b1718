"""Who may do what in the directory."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Actor, Role, demand

Reader = Annotated[Actor, Depends(demand(*Role))]
Admin = Annotated[Actor, Depends(demand(Role.CUR_ADMIN))]
Appointer = Annotated[Actor, Depends(demand(Role.CUR_ADMIN, Role.AUTHORITY_HEAD))]
KnowsPeople = Annotated[Actor, Depends(demand(Role.CUR_ADMIN, Role.AUDITOR))]
Addresser = Annotated[
    Actor,
    Depends(demand(Role.SERVICE, Role.SECRETARY, Role.CUR_ADMIN, Role.CUR_CONTROLLER)),
]
Poster = Annotated[
    Actor,
    Depends(demand(Role.CUR_ADMIN, Role.CUR_CONTROLLER, Role.SECRETARY, Role.ASSOCIATION)),
]
PostWatcher = Annotated[
    Actor, Depends(demand(Role.CUR_ADMIN, Role.CUR_CONTROLLER, Role.SECRETARY, Role.AUDITOR))
]
PostReader = Annotated[
    Actor,
    Depends(
        demand(
            Role.CUR_ADMIN,
            Role.CUR_CONTROLLER,
            Role.SECRETARY,
            Role.AUDITOR,
            Role.COORDINATOR,
            Role.DEPUTY,
            Role.ASSOCIATION,
        )
    ),
]
ChannelMember = Annotated[Actor, Depends(demand(Role.COORDINATOR, Role.DEPUTY))]
