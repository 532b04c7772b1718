"""Who may do what in the directory."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Actor, Role, Scope, demand

Reader = Annotated[Actor, Depends(demand(*Role))]
Admin = Annotated[Actor, Depends(demand(Role.CUR_ADMIN))]
Appointer = Annotated[Actor, Depends(demand(Role.CUR_ADMIN, Role.AUTHORITY_HEAD))]
KnowsPeople = Annotated[Actor, Depends(demand(Role.CUR_ADMIN, Role.AUDITOR))]
Addresser = Annotated[
    Actor,
    Depends(
        demand(
            Role.SERVICE,
            Role.SECRETARY,
            Role.CUR_ADMIN,
            Role.CUR_CONTROLLER,
            scope=Scope.ADDRESSEES,
        )
    ),
]
SeesRequests = Annotated[
    Actor,
    Depends(
        demand(
            Role.CUR_ADMIN,
            Role.CUR_CONTROLLER,
            Role.SECRETARY,
            Role.OPERATOR,
            Role.AUDITOR,
            Role.SERVICE,
            Role.AUTHORITY_HEAD,
        )
    ),
]
# Whoever runs an association: the association itself for its own industry, ЦУР for any.
Steward = Annotated[Actor, Depends(demand(Role.CUR_ADMIN, Role.ASSOCIATION))]
# A cluster acts for itself beside those who run its association.
Participant = Annotated[Actor, Depends(demand(Role.CUR_ADMIN, Role.ASSOCIATION, Role.CLUSTER))]
Judge = Annotated[
    Actor,
    Depends(demand(Role.CUR_ADMIN, Role.ASSOCIATION, Role.CLUSTER, Role.COORDINATOR, Role.DEPUTY)),
]
ClusterItself = Annotated[Actor, Depends(demand(Role.CLUSTER))]
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
