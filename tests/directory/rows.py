"""Own and foreign rows of everything the directory keeps, for the test of permissions.

Own are region 16, a cluster of its metallurgy, and that industry; foreign are 77 and chemistry.
"""

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.channels import ChannelKind
from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.imports import ImportKind, ImportState
from services.directory.domain.leaders import LeaderKind, LeaderSource, LeaderStatus
from services.directory.domain.mandates import MandateKind
from services.directory.domain.organisations import Level, OrganisationKind
from services.directory.domain.practices import PracticeStatus
from services.directory.domain.relations import RelationKind
from services.directory.domain.roadmaps import ActivityKind, Rule
from services.directory.models import (
    Activity,
    Appointment,
    AppointmentRequest,
    Channel,
    ChannelPost,
    ChannelTarget,
    Cluster,
    ClusterTenure,
    Deliverable,
    Direction,
    Erasure,
    GroupReport,
    Import,
    Leader,
    Mandate,
    Membership,
    Mentorship,
    Milestone,
    Organisation,
    Person,
    PostSeat,
    Practice,
    Relation,
    WorkingGroup,
)
from services.directory.service import annual_reports
from services.directory.service.reference import load_reference_data
from shared.auth import Actor, Role, Rows
from shared.ids import new_id
from tests.conftest import NOW
from tests.permissions.matrix import Ask, Whose, World

Values = dict[str, Any]
OWN, FOREIGN = Whose.OWN, Whose.FOREIGN
SINCE: Final = date(2023, 9, 1)
UNTIL: Final = date(2024, 6, 30)
_CENTRE: Final = Actor("cur_admin", frozenset({Role.CUR_ADMIN}), rows=frozenset({Rows.ALL}))
_POINTS: Final = {"result": 5, "replicability": 4, "employers": 5, "novelty": 3}
_LIST: Final = (
    "Код;Наименование кластера;Субъект РФ;Отрасль;Когорта\r\n"
    "16-2022-01;Кластер «Станки»;Татарстан;Машиностроение;2022\r\n"
)


class Side:
    """The rows of one region and one industry, own or foreign."""

    def __init__(self, number: int, region: str, industry: str) -> None:
        self._last = number << 32
        self.region, self.industry = region, industry
        (
            self.cluster, self.neighbour, self.newcomer, self.person, self.appointment,
            self.request, self.channel, self.post, self.membership, self.mandate, self.direction,
            self.group, self.activity, self.practice, self.reviewed, self.selected,
            self.mentorship, self.completed, self.proposal, self.leader,
        ) = (self._id() for _ in range(20))  # fmt: skip
        self.milestone = self.deliverable = UUID(int=0)

    def _id(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)

    async def enter(self, session: AsyncSession) -> None:
        """Enter them all; the reference data is there."""
        await _add(session, Person(id=self.person, full_name=f"Анна из {self.region}"))
        await self._enter_clusters(session)
        await self._enter_offices(session)
        await self._enter_association(session)
        await self._enter_exchange(session)
        await self._enter_channel(session)

    async def _enter_clusters(self, session: AsyncSession) -> None:
        """Two of different regions, one of them a member, and one that might join."""
        elsewhere = "74"
        for one, region in (
            (self.cluster, self.region),
            (self.neighbour, elsewhere),
            (self.newcomer, elsewhere),
        ):
            name = f"{self.industry}-{one.int & 0xFF}"
            cluster = Cluster(
                id=one, code=name, name=name, region=region, industry=self.industry, cohort=2022,
                status=ClusterStatus.ACTIVE, registered_at=NOW,
            )  # fmt: skip
            await _add(session, cluster)
            tenure: Values = {
                "cluster_id": one,
                "status": ClusterStatus.ACTIVE,
                "valid_from": SINCE,
            }
            await _add(session, ClusterTenure(id=self._id(), **tenure))
        member: Values = {
            "association": self.industry,
            "cluster_id": self.cluster,
            "valid_from": SINCE,
        }
        await _add(session, Membership(id=self.membership, **member))

    async def _enter_offices(self, session: AsyncSession) -> None:
        """A coordinator, who curates the cluster too, and a deputy who is asked for."""
        await _add(
            session,
            Appointment(
                id=self.appointment, region=self.region, office=Office.COORDINATOR,
                person_id=self.person, valid_from=SINCE, made_at=NOW,
            ),
            AppointmentRequest(
                id=self.request, region=self.region, office=Office.DEPUTY, due_on=UNTIL,
                requested_at=NOW, requested_by="cur_admin",
            ),
            Mandate(
                id=self.mandate, association=self.industry, kind=MandateKind.CURATOR,
                person_id=self.person, cluster_id=self.cluster, valid_from=SINCE,
            ),
        )  # fmt: skip

    async def _enter_association(self, session: AsyncSession) -> None:
        its: Values = {"association": self.industry}
        await _add(session, Direction(id=self.direction, name="Обмен", valid_from=SINCE, **its))
        group = WorkingGroup(
            id=self.group, direction_id=self.direction, name="Группа", lead_id=self.person,
            members=[self.person], valid_from=SINCE, valid_to=UNTIL, **its,
        )  # fmt: skip
        activity = Activity(
            id=self.activity, kind=ActivityKind.EVENT, title="Неделя", starts_on=SINCE,
            ends_on=SINCE, participants=1, audience=1, **its,
        )  # fmt: skip
        await _add(session, group, activity)
        self.deliverable, self.milestone = (
            await session.exec(
                select(Deliverable.id, Milestone.id)
                .join(Milestone, col(Milestone.id) == col(Deliverable.milestone_id))
                .where(Milestone.association == self.industry, Deliverable.rule == Rule.DOCUMENT)
            )
        ).first() or (UUID(int=0), UUID(int=0))
        other = (
            await session.exec(
                select(Milestone.id).where(
                    Milestone.association == self.industry, Milestone.id != self.milestone
                )
            )
        ).first()
        report: Values = {
            "group_id": self.group,
            "milestone_id": other,
            "summary": f"О {self.industry}",
        }
        await _add(session, GroupReport(id=self._id(), reported_on=SINCE, **report, **its))

    async def _enter_exchange(self, session: AsyncSession) -> None:
        """Practices of the neighbour, which anyone else may judge and take over; mentorships."""
        its: Values = {"association": self.industry}
        for one, status in (
            (self.practice, PracticeStatus.NOMINATED),
            (self.reviewed, PracticeStatus.REVIEWED),
            (self.selected, PracticeStatus.SELECTED),
        ):
            practice = Practice(
                id=one, cluster_id=self.neighbour, title="Комплекс", description="На заводе.",
                organisations=[], status=status, nominated_on=SINCE, **its,
            )  # fmt: skip
            await _add(session, practice)
        pairs = ((self.cluster, self.neighbour), (self.neighbour, self.cluster))
        for one, (helper, helped), day in (
            (self.mentorship, pairs[0], None),
            (self.completed, pairs[1], SINCE),
        ):
            mentorship = Mentorship(
                id=one, from_cluster_id=helper, to_cluster_id=helped, topic="Комплекс",
                started_on=SINCE, completed_on=day, outcome="Открыт" if day else None, **its,
            )  # fmt: skip
            await _add(session, mentorship)
        for one, leading in (
            (self.proposal, LeaderStatus.PROPOSED),
            (self.leader, LeaderStatus.CONFIRMED),
        ):
            leader = Leader(
                id=one, kind=LeaderKind.COLLEGE, subject=str(one), source=LeaderSource.PRACTICE,
                source_ref=str(self.selected), basis="Практика", status=leading,
                proposed_on=SINCE, **its,
            )  # fmt: skip
            await _add(session, leader)

    async def _enter_channel(self, session: AsyncSession) -> None:
        channel = Channel(
            id=self.channel, kind=ChannelKind.INDUSTRY, scope=self.industry, name=self.industry,
            industry=self.industry, valid_from=SINCE, created_by="cur_admin", created_at=NOW,
        )  # fmt: skip
        post = ChannelPost(
            id=self.post, channel_id=self.channel, title="Совещание", text="В среду.",
            posted_by="secretary", posted_at=NOW,
        )  # fmt: skip
        await _add(session, channel)
        await _add(session, post)
        for office in (Office.COORDINATOR, Office.DEPUTY):
            seat = PostSeat(
                post_id=self.post, seat=f"{office}:{self.region}", office=office,
                region=self.region, person_id=self.person,
            )  # fmt: skip
            await _add(session, seat)

    def names(self) -> dict[str, str]:
        """Parameters of paths."""
        found = {
            "code": self.industry,
            "year": "2023",
            "cluster_id": self.cluster,
            "person_id": self.person,
            "appointment_id": self.appointment,
            "request_id": self.request,
            "channel_id": self.channel,
            "post_id": self.post,
            "membership_id": self.membership,
            "mandate_id": self.mandate,
            "direction_id": self.direction,
            "group_id": self.group,
            "activity_id": self.activity,
            "deliverable_id": self.deliverable,
            "practice_id": self.practice,
            "mentorship_id": self.mentorship,
            "leader_id": self.proposal,
        }
        return {name: str(value) for name, value in found.items()}

    def asks(self) -> dict[str, Ask]:
        """What the operations need that reach these rows only for whom they belong to."""
        expansion = {"cohort": 2022, "valid_from": "2023-11-20", "associations": [self.industry]}
        person, cluster = str(self.person), str(self.cluster)
        pair = {"from_cluster_id": cluster, "to_cluster_id": str(self.neighbour)}
        group = {"direction_id": str(self.direction), "lead_id": person, "members": [person]}
        practice = {"cluster_id": cluster, "title": "Комплекс", "description": "На заводе."}
        expert = {"kind": "expert", "person_id": person, "topic": "Сварка"}
        return {
            "create_appointment": Ask(
                body={"region": self.region, "office": "deputy", "person_id": person}
                | {"valid_from": "2023-10-02"}
            ),
            "create_membership": Ask(
                body={"cluster_id": str(self.newcomer), "valid_from": "2023-10-02"}
            ),
            "preview_expansion": Ask(body=expansion),
            "expand_associations": Ask(body=expansion),
            "create_mandate": Ask(body=expert | {"valid_from": "2023-10-02"}),
            "create_group": Ask(
                body=group
                | {"name": "Ещё группа", "valid_from": "2023-10-02", "valid_to": "2024-06-30"}
            ),
            "change_group": Ask(body={"lead_id": person}),
            "create_group_report": Ask(
                body={"milestone_id": str(self.milestone), "summary": "Готово."}
            ),
            "nominate_practice": Ask(body=practice),
            "review_practice": Ask(body={"points": _POINTS}),
            "select_practice": Ask(path={"practice_id": str(self.reviewed)}),
            "decline_practice": Ask(path={"practice_id": str(self.reviewed)}),
            "replicate_practice": Ask(
                path={"practice_id": str(self.selected)}, body={"cluster_id": cluster}
            ),
            "create_mentorship": Ask(body=pair | {"topic": "Сварка", "started_on": "2023-10-02"}),
            "confirm_mentorship": Ask(path={"mentorship_id": str(self.completed)}),
        }


async def _add(session: AsyncSession, *rows: SQLModel) -> None:
    session.add_all(rows)
    await session.flush()


async def build(session: AsyncSession) -> tuple[World, Side, Side]:
    """The world of the directory, and its two sides."""
    await load_reference_data(session, now=NOW)
    own, foreign = Side(1, "16", "metallurgy"), Side(2, "77", "chemistry")
    for side in (own, foreign):
        await side.enter(session)
        await annual_reports.assemble(session, side.industry, 2023, _CENTRE, now=NOW)
    told: Values = {"now": NOW, "expected_version": None}
    await annual_reports.approve(session, own.industry, 2023, _CENTRE, **told)
    await annual_reports.publish(session, own.industry, 2023, **told)
    for_all = await _enter_what_is_nobodys(session, own)
    gone = await _enter_an_erased_person(session)
    await session.flush()
    session.expunge_all()
    apart = {name: {OWN: ask} for name, ask in own.asks().items()}
    for name, ask in foreign.asks().items():
        apart[name][FOREIGN] = ask
    regional = {"regions": [own.region]}
    industries = [own.industry, "construction"]
    world = World(
        claims={
            Role.COORDINATOR: regional,
            Role.DEPUTY: regional,
            Role.AUTHORITY_HEAD: regional,
            Role.CLUSTER: {"clusters": [str(own.cluster)]},
            Role.ASSOCIATION: {"industries": industries},
        },
        own=own.names() | for_all,
        foreign=foreign.names() | for_all,
        asks=apart
        | {name: {OWN: ask} for name, ask in _of_the_centre(own, for_all).items()}
        | {"read_erasure": {OWN: Ask(path={"person_id": str(gone)})}}
        # Asked for both, because one channel's posts are in no answer with another's.
        | {"list_channel_posts": {FOREIGN: Ask()}},
        lists={
            "list_appointment_requests": {OWN: str(own.request), FOREIGN: str(foreign.request)},
            "list_associations": {OWN: '"metallurgy"', FOREIGN: '"chemistry"'},
            "read_roadmap_summary": {OWN: '"metallurgy"', FOREIGN: '"chemistry"'},
            "list_leaders": {OWN: str(own.leader), FOREIGN: str(foreign.proposal)},
            "list_channel_posts": {OWN: str(own.post), FOREIGN: str(foreign.post)},
        },
        # A region or a cluster that the body names, and that is not one's own.
        refused=dict.fromkeys(
            (
                "create_appointment",
                "nominate_practice",
                "replicate_practice",
                "create_mentorship",
            ),
            frozenset({422}),
        ),
    )
    return world, own, foreign


async def _enter_what_is_nobodys(session: AsyncSession, own: Side) -> dict[str, str]:
    """Rows that every role reaches, or only those that reach all; parameters of paths."""
    ids = {
        name: UUID(int=(3 << 32) + number)
        for number, name in enumerate(
            ("organisation_id", "company_id", "relation_id", "import_id", "target_id")
        )
    }
    for name, kind in (
        ("organisation_id", OrganisationKind.COLLEGE),
        ("company_id", OrganisationKind.MANAGING_COMPANY),
    ):
        await _add(
            session,
            Organisation(
                id=ids[name], code=name, name=name, kind=kind, level=Level.OPERATIONAL, region="16"
            ),
        )
    place: Values = {"organisation_id": ids["organisation_id"], "cluster_id": own.cluster}
    await _add(
        session,
        Relation(
            id=ids["relation_id"], kind=RelationKind.COLLEGE, valid_from=SINCE, **place
        ),
        Import(
            id=ids["import_id"], kind=ImportKind.CLUSTERS, state=ImportState.READY,
            filename="список.csv", sha256="0" * 64, columns={}, ignored=[], rows_read=0,
            created_by="cur_admin", created_at=NOW,
        ),
        ChannelTarget(
            id=ids["target_id"], channel_id=own.channel, label="Чат", service="Telegram",
            url="tgram://1/2", created_by="cur_admin", created_at=NOW,
        ),
    )  # fmt: skip
    return {name: str(value) for name, value in ids.items()}


async def _enter_an_erased_person(session: AsyncSession) -> UUID:
    person = Person(id=new_id(), full_name="Обезличено", erased_at=NOW)
    await _add(session, person)
    erasure = Erasure(
        person_id=person.id, reason="Заявление", erased_by="cur_admin", erased_at=NOW,
        rewritten={}, mentioned={},
    )  # fmt: skip
    await _add(session, erasure)
    return person.id


def _of_the_centre(own: Side, ids: dict[str, str]) -> dict[str, Ask]:
    """What operations need that reach all rows for whoever may call them."""
    region = Ask(path={"code": own.region})
    # The examples of these name a day to come.
    reason: Values = {"on": "2023-10-01", "reason": "Общий колледж"}
    college = {"kind": "enterprise", "organisation_id": ids["company_id"]}
    return {
        "read_region": region,
        "read_region_model": region,
        "create_import": Ask(
            files={"kind": (None, "clusters"), "file": ("список.csv", _LIST.encode())}
        ),
        "reorganise_cluster": Ask(body=reason),
        "close_cluster": Ask(body=reason),
        "merge_cluster": Ask(
            path={"cluster_id": str(own.neighbour)}, body=reason | {"into": str(own.newcomer)}
        ),
        "move_cluster": Ask(body={"managing_company_id": ids["company_id"], "on": "2023-11-01"}),
        "create_relation": Ask(
            body={
                **college,
                "kind": "managing_company",
                "cluster_id": str(own.cluster),
                "valid_from": "2023-10-01",
            }
        ),
        "request_appointments": Ask(body={"due_on": "2023-10-20"}),
        "constitute_association": Ask(path={"code": "nuclear"}),
        "assemble_report": Ask(path={"code": "construction"}),
        "approve_report": Ask(path={"code": "chemistry"}),
        "search_directory": Ask(query={"q": "Татарстан"}),
    }
