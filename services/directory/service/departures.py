"""Clusters leave their association without a word of their own: closed, merged, corrected."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.models import Cluster, Mandate, Membership
from services.directory.repository import associations as repository
from services.directory.repository import rows
from services.directory.service.relations import DAY
from services.directory.service.rows import facts_of
from shared import outbox
from shared.events.directory import MembershipEnded, MembershipEvent


def membership_facts(membership: Membership, cluster: Cluster) -> dict[str, object]:
    """What every event of a membership tells."""
    own = facts_of(membership, MembershipEvent)
    return {**own, "membership_id": membership.id, "region": cluster.region}


@dataclass(slots=True)
class Departure:
    """What is to be written, deleted and told."""

    ended: list[Membership | Mandate] = field(default_factory=list)
    cancelled: list[Membership | Mandate] = field(default_factory=list)
    told: list[MembershipEnded] = field(default_factory=list)


def depart(
    cluster: Cluster, held: Iterable[Membership | Mandate], *, on: date, now: datetime
) -> Departure:
    """From the day on none of these holds; one that would have begun then never was.

    Of a membership that never was, the last day told is the one before its first.
    """
    left = Departure()
    for one in held:
        begun, version = one.valid_from < on, one.version + 1
        last = (on if begun else one.valid_from) - DAY
        if isinstance(one, Membership):
            facts = membership_facts(one, cluster) | {"valid_to": last, "version": version}
            left.told.append(MembershipEnded.model_validate(facts | {"occurred_at": now}))
        if begun:
            one.valid_to, one.version = last, version
            left.ended.append(one)
        else:
            left.cancelled.append(one)
    return left


async def leave_all(session: AsyncSession, cluster: Cluster, *, on: date, now: datetime) -> None:
    """Closed from the day on, the cluster is no member and has no curator; this is told."""
    left = depart(cluster, await repository.standing(session, cluster.id, since=on), on=on, now=now)
    await rows.save(session, *left.ended)
    for one in left.cancelled:
        await session.delete(one)
    await session.flush()
    await outbox.add(session, left.told)
