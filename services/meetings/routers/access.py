"""Who may do what with meetings, and which rows are an actor's own."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Actor, Role, demand

Reader = Annotated[Actor, Depends(demand(*Role))]
Organiser = Annotated[Actor, Depends(demand(Role.SECRETARY, Role.CUR_ADMIN))]
Invited = Annotated[
    Actor,
    Depends(demand(Role.COORDINATOR, Role.DEPUTY, Role.CLUSTER, Role.SECRETARY, Role.CUR_ADMIN)),
]
