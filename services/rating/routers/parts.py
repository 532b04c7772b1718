"""An execution's part in a score as clients see it, with what it is called and where it is."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request

from services.rating.domain.explanations import Part
from services.rating.schemas.regions import PartRead
from services.rating.service.names import Names

_EXECUTION: Final = "/v1/executions/{}"


@dataclass(frozen=True, slots=True)
class ExecutionLinks:
    """Where executions are read; `base` is empty where nobody said it."""

    base: str

    def execution(self, execution_id: UUID) -> str:
        return self.base + _EXECUTION.format(execution_id)

    def timeline(self, execution_id: UUID) -> str:
        return self.execution(execution_id) + "/timeline"


async def execution_links(request: Request) -> ExecutionLinks:
    base = request.state.settings.public_assignments_url
    return ExecutionLinks(str(base).rstrip("/") if base else "")


Links = Annotated[ExecutionLinks, Depends(execution_links)]


def part_read(part: Part, names: Names, links: ExecutionLinks) -> PartRead:
    """An execution's part as clients see it."""
    facts, credit = part.facts, part.credit
    assignment, cluster = names.assignment(facts), names.cluster(facts)
    return PartRead(
        execution_id=facts.execution_id,
        execution_url=links.execution(facts.execution_id),
        timeline_url=links.timeline(facts.execution_id),
        assignment_id=facts.assignment_id,
        assignment_number=assignment.number if assignment else None,
        assignment_text=assignment.text if assignment else None,
        cluster_id=facts.cluster_id,
        cluster_name=cluster.name if cluster else None,
        weight=facts.weight,
        due=facts.due,
        due_star=credit.due_star if credit else None,
        done=facts.done,
        late=credit.late if credit else None,
        returns=facts.returns,
        extensions=facts.extensions,
        timeliness_bp=credit.timeliness if credit else None,
        quality_bp=credit.quality if credit else None,
        discipline_bp=credit.discipline if credit else None,
        credit_bp=credit.value if credit else None,
        contribution=part.contribution,
        counts=credit is not None,
        left_out=part.left,
        provisional=credit.provisional if credit else False,
        reason=part.reason,
    )
