"""Pages of lists that are kept in the order of making."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response

from shared import pages


class Identified(Protocol):
    """A row with an id."""

    id: UUID


R = TypeVar("R", bound=Identified)


@dataclass(frozen=True, slots=True)
class Paging:
    """Where the page begins, and how much to fetch: one row more than it shows."""

    request: Request
    response: Response
    after: UUID | None
    fetch: int

    def page(self, rows: Sequence[R]) -> tuple[list[R], str | None]:
        """The page's rows, and the cursor of the next one; sets `Link`."""
        return pages.paginate(
            rows,
            self.fetch - 1,
            lambda row: row.id,
            request=self.request,
            response=self.response,
        )


async def _by_id(
    request: Request, response: Response, cursor: pages.Cursor = None, limit: pages.Limit = 50
) -> Paging:
    after = pages.decode(cursor, UUID) if cursor else None
    return Paging(request, response, after, limit + 1)


ById = Annotated[Paging, Depends(_by_id)]
