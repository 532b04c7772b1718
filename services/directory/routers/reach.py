"""What one operation shows of another's rows: as much as the other would."""

from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request

from shared.auth import Actor, PermissionDenied, Rows
from shared.permissions import Acting, Permission


def _as_in(operation: str) -> Any:
    """The dependency that gives the actor with the rows that operation reaches for it, if any."""

    async def actor(request: Request, found: Acting) -> Actor:
        permission: Permission = request.app.state.permissions[operation]
        rows = frozenset[Rows]()
        with suppress(PermissionDenied):
            rows = permission.rows_for(found)
        return replace(found, rows=rows)

    return Depends(actor)


# As the table lets it read a person's name, and find people at all.
Acquaintance = Annotated[Actor, _as_in("read_person")]
PeopleLister = Annotated[Actor, _as_in("list_people")]
