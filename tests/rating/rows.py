"""Two regions with everything the rating keeps, one whose rows are the asker's own."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.appeals import AppealStatus, Contested
from services.rating.domain.letters import LetterState
from services.rating.domain.methodologies import NUMBERS, RERU_1, Stage
from services.rating.domain.reconciliations import Outcome, Trigger
from services.rating.domain.webhooks import DeliveryKind, DeliveryState, EventType
from services.rating.models import (
    Appeal,
    Cluster,
    Delivery,
    LetterFile,
    MethodologyDocument,
    Reconciliation,
    SliceLetter,
    Subscription,
)
from shared.auth import Role
from tests.permissions.matrix import Ask, Whose, World
from tests.rating.facts import make_facts, number
from tests.rating.pushes import subscribe
from tests.rating.slices import LATER, add, freeze
from tests.rating.test_domain import FOUR
from tests.rating.world import HEARD_AT, hear

RECEIVER: Final = "monitoring.example.ru"
_URL: Final = f"https://{RECEIVER}/hooks"
_REGIONS: Final = {Whose.OWN: "16", Whose.FOREIGN: "41"}
_CLUSTERS: Final = {Whose.OWN: UUID(int=200), Whose.FOREIGN: UUID(int=300)}
_APPEALED: Final = {Whose.OWN: FOUR[0].execution_id, Whose.FOREIGN: number(21)}
_CONTESTED: Final = {Whose.OWN: FOUR[3].execution_id, Whose.FOREIGN: number(22)}
_FOREIGN_FACTS: Final = [
    make_facts(
        execution_id=number(key),
        region=_REGIONS[Whose.FOREIGN],
        cluster_id=_CLUSTERS[Whose.FOREIGN],
        industry="food",
    )
    for key in (21, 22)
]
_NUMBERS: Final = {name: getattr(RERU_1, name) for name in NUMBERS}
_METHODOLOGY: Final[dict[str, Any]] = {
    "title": "Мягче к первому опозданию",
    "effective_from": "2024-01-01",
    "numbers": _NUMBERS,
}
# One account in every capacity: an appeal is withdrawn by who filed it.
_FILED_BY: Final = {Whose.OWN: "region-16", Whose.FOREIGN: "region-41"}
_LOCAL: Final = {"regions": [_REGIONS[Whose.OWN]], "sub": _FILED_BY[Whose.OWN]}
CLAIMS: Final[Mapping[Role, Mapping[str, Any]]] = {
    Role.COORDINATOR: _LOCAL,
    Role.DEPUTY: _LOCAL,
    Role.AUTHORITY_HEAD: _LOCAL,
    Role.CLUSTER: {"clusters": [str(_CLUSTERS[Whose.OWN])]},
    Role.ASSOCIATION: {"industries": [FOUR[0].industry]},
}


async def build(session: AsyncSession) -> World:
    """October frozen, its letters prepared, an appeal and a subscription of either side."""
    await hear(session, [*FOUR, *_FOREIGN_FACTS])
    session.add(
        Cluster(
            cluster_id=_CLUSTERS[Whose.FOREIGN],
            code="41-2022-01",
            name="Кластер «Рыба» № 1",
            region=_REGIONS[Whose.FOREIGN],
            industry="food",
            cohort=2022,
            status="active",
            version=1,
        )
    )
    october = await freeze(session)
    # What a revision of October can see put right.
    corrected = replace(FOUR[3], version=9, status="withdrawn")
    await add(session, corrected, LATER)
    draft, shadow = (_methodology(2, Stage.DRAFT), _methodology(3, Stage.SHADOW))
    checked = Reconciliation(
        trigger=Trigger.REQUEST,
        requested_by="cur_admin",
        outcome=Outcome.SAME,
        created_at=LATER,
        finished_at=LATER,
    )
    appeals = {whose: _appeal(whose) for whose in Whose}
    letters = {whose: _letter(whose, october.id) for whose in Whose}
    owners = {Whose.OWN: "platform", Whose.FOREIGN: "another-platform"}
    subscriptions = {
        whose: await subscribe(session, f"{_URL}/{whose}", owner=owners[whose]) for whose in Whose
    }
    deliveries = {whose: _delivery(one) for whose, one in subscriptions.items()}
    session.add_all([draft, shadow, checked, *appeals.values(), *letters.values()])
    session.add_all(deliveries.values())
    await session.flush()
    session.add_all(
        LetterFile(letter_id=one.id, pdf=b"%PDF-", xlsx=b"PK") for one in letters.values()
    )
    await session.flush()

    def names(whose: Whose) -> dict[str, str]:
        return {
            "code": _REGIONS[whose],
            "cluster_id": str(_CLUSTERS[whose]),
            "appeal_id": str(appeals[whose].id),
            "subscription_id": str(subscriptions[whose].id),
            "delivery_id": str(deliveries[whose].id),
            "slice_id": str(october.id),
            "methodology_id": str(draft.id),
            "reconciliation_id": str(checked.id),
            "by": "districts",
            "ending": "csv",
        }

    return World(
        claims=CLAIMS,
        own=names(Whose.OWN),
        foreign=names(Whose.FOREIGN),
        asks={
            "file_appeal": {whose: _contest(_CONTESTED[whose]) for whose in Whose},
            "uphold_appeal": _either(Ask(body={"note": "Согласны", "as_note": True})),
            "revise_slice": _either(
                Ask(
                    body={
                        "reason": "Снято с контроля",
                        "corrections": [
                            {"execution_id": str(corrected.execution_id), "version": 9}
                        ],
                    }
                )
            ),
            "record_letter_delivery": _either(
                Ask(
                    body={
                        "outcome": "delivered",
                        "at": LATER.isoformat(),
                        "note": "Вх. № 01-15/1203",
                    }
                )
            ),
            "change_methodology": _either(Ask(body=_METHODOLOGY)),
            "activate_methodology": _either(Ask(path={"methodology_id": str(shadow.id)})),
            "create_subscription": _either(
                Ask(body={"url": _URL, "event_types": [EventType.SLICE_FROZEN]})
            ),
            "change_subscription": _either(Ask(body={"description": "Платформа"})),
            "replay_subscription": _either(Ask(body={"since": LATER.isoformat()})),
        },
        lists={
            "list_appeals": _marks(appeals),
            "list_slice_letters": _marks(letters),
            "list_subscriptions": _marks(subscriptions),
        },
        makes=frozenset({"create_subscription"}),
    )


def _either(ask: Ask) -> dict[Whose, Ask]:
    return dict.fromkeys(Whose, ask)


def _marks(rows: dict[Whose, Any]) -> dict[Whose, str]:
    return {whose: str(one.id) for whose, one in rows.items()}


def _contest(execution_id: UUID) -> Ask:
    return Ask(
        body={
            "execution_id": str(execution_id),
            "contested": "addressee",
            "text": "Кластер реорганизован до выдачи поручения.",
        }
    )


def _appeal(whose: Whose) -> Appeal:
    return Appeal(
        region=_REGIONS[whose],
        execution_id=_APPEALED[whose],
        period="2023-10",
        contested=Contested.ADDRESSEE,
        facts_version=5,
        text="Кластер реорганизован.",
        status=AppealStatus.OPEN,
        filed_by=_FILED_BY[whose],
        filed_at=HEARD_AT,
    )


def _letter(whose: Whose, slice_id: UUID) -> SliceLetter:
    return SliceLetter(
        slice_id=slice_id,
        region=_REGIONS[whose],
        person_id=number(50),
        addressee="Иванова Мария Сергеевна",
        state=LetterState.PREPARED,
        token=whose.ljust(43, "x"),
        prepared_at=LATER,
    )


def _methodology(version: int, stage: Stage) -> MethodologyDocument:
    return MethodologyDocument(
        code=RERU_1.code,
        number=version,
        stage=stage,
        title=_METHODOLOGY["title"],
        effective_from=date.fromisoformat(_METHODOLOGY["effective_from"]),
        numbers=_NUMBERS,
        created_by="cur_admin",
        created_at=HEARD_AT,
    )


def _delivery(one: Subscription) -> Delivery:
    return Delivery(
        subscription_id=one.id,
        kind=DeliveryKind.SLICE,
        type=EventType.SLICE_FROZEN,
        message_id=number(60),
        position=1,
        state=DeliveryState.FAILED,
        due_at=LATER,
        created_at=LATER,
        decided_at=LATER,
    )
