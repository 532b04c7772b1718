"""A protocol in words: what its document says, whole or an addressee's part of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.reviews import ApproverRole, ReviewDecision
from services.meetings.domain.wording import addressees_in_words, due_in_words
from services.meetings.models import AgendaItem, Meeting, Protocol, ProtocolItem
from services.meetings.papers import Decision, Paper, Question, Signature
from services.meetings.repository import agendas, directory, meetings, reviews
from services.meetings.repository import items as item_repository
from services.meetings.repository import protocols as repository
from services.meetings.service.extracts import Concerned, Extract
from shared.clock import MOSCOW
from shared.events.meetings import AddresseeKind, Addressees, Control
from shared.pictures import in_words

_ROLES: Final[Mapping[ApproverRole, str]] = {
    ApproverRole.CUR_ADMIN: "Администратор ЦУР",
    ApproverRole.CUR_CONTROLLER: "Контролёр ЦУР",
    ApproverRole.SECRETARY: "Секретарь совещаний",
    ApproverRole.OPERATOR: "Федеральный оператор",
}
_EVIDENCE: Final = {"file": "файл", "link": "ссылка"}


async def paper_of(session: AsyncSession, protocol_id: UUID) -> Paper:
    """The whole protocol. Raises `ProtocolNotFound`."""
    protocol = await repository.get_protocol(session, protocol_id)
    items = await item_repository.list_items(session, protocol_id)
    title = "ПРОТОКОЛ" if protocol.corrects is None else "ДОПОЛНЕНИЕ"
    return await _paper(session, protocol, [Concerned(one, ()) for one in items], title=title)


async def paper_of_extract(session: AsyncSession, found: Extract) -> Paper:
    """The addressee's part, with the labels its items have in the whole."""
    title = "ВЫПИСКА ИЗ ПРОТОКОЛА" if found.protocol.corrects is None else "ВЫПИСКА ИЗ ДОПОЛНЕНИЯ"
    return await _paper(session, found.protocol, found.items, title=title, extract=found)


async def _paper(
    session: AsyncSession,
    protocol: Protocol,
    concerned: Sequence[Concerned],
    *,
    title: str,
    extract: Extract | None = None,
) -> Paper:
    meeting = await meetings.get_meeting(session, protocol.meeting_id)
    agenda = await agendas.list_agenda(session, protocol.meeting_id)
    labels = _labels(agenda, await item_repository.list_items(session, protocol.id))
    words = await _Words.of(session, [one.item for one in concerned], at=protocol.approved_at)
    questions = [
        Question(
            number=number,
            text=question.text if question else None,
            presenter=question.presenter if question else None,
            decisions=tuple(
                words.decision(one, labels[one.item.id][1], extract)
                for one in concerned
                if labels[one.item.id][0] == number
            ),
        )
        for number, question in enumerate([*agenda, None], 1)
    ]
    corrected = (
        await repository.get_protocol(session, protocol.corrects) if protocol.corrects else None
    )
    dated = protocol.signed_on or meeting.starts_at.astimezone(MOSCOW).date()
    header = protocol.header
    return Paper(
        title=title,
        number=protocol.full_number,
        dated=in_words(dated) + " г.",
        meeting=meeting.title,
        held=_held(meeting),
        place=meeting.place,
        chair=header.get("chair"),
        secretary=header.get("secretary"),
        present=tuple(header.get("present", ())),
        agenda=tuple(one for one in questions if one.text is not None) if extract is None else (),
        decided=tuple(one for one in questions if one.decisions),
        agreed=await _agreed(session, protocol),
        addressee=extract.name if extract else None,
        corrects=corrected.full_number if corrected else None,
        content_hash=protocol.content_hash,
    )


def _labels(
    agenda: Sequence[AgendaItem], items: Sequence[ProtocolItem]
) -> dict[UUID, tuple[int, str]]:
    """Item → the number of its question, and its label: «2.1», the second question's first item.

    What answers no question comes after all of them.
    """
    numbers = {one.id: number for number, one in enumerate(agenda, 1)}
    counted: dict[int, int] = {}
    found = {}
    for item in items:
        last = len(agenda) + 1
        number = numbers.get(item.agenda_item_id, last) if item.agenda_item_id else last
        counted[number] = counted.get(number, 0) + 1
        found[item.id] = (number, f"{number}.{counted[number]}")
    return found


def _held(meeting: Meeting) -> str:
    local = meeting.starts_at.astimezone(MOSCOW)
    return f"{in_words(local)} г., {local:%H:%M} МСК"


async def _agreed(session: AsyncSession, protocol: Protocol) -> tuple[Signature, ...]:
    """Who approved in the round that led to the seal, in order."""
    roles = {
        one.position: _ROLES[one.role] if one.role else None
        for one in await reviews.list_approvers(session, protocol.id)
    }
    return tuple(
        Signature(who=roles.get(one.position or 0) or one.by, on=_moment(one.at))
        for one in await reviews.list_decisions(session, protocol.id)
        if one.decision is ReviewDecision.APPROVED and one.round == protocol.review_round
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(MOSCOW):%d.%m.%Y %H:%M} МСК"


class _Words:
    """Items in words, with the names they need."""

    def __init__(
        self,
        regions: Mapping[str, str],
        clusters: Mapping[UUID, str],
        superseded: Mapping[UUID, str],
    ) -> None:
        self._regions = regions
        self._clusters = clusters
        self._superseded = superseded

    @classmethod
    async def of(
        cls, session: AsyncSession, items: Sequence[ProtocolItem], *, at: datetime | None
    ) -> "_Words":
        """What these items mention: by the names clusters had at the instant, or have now."""
        named = {
            cluster
            for item in items
            for cluster in (
                *Addressees.model_validate(item.addressees).clusters,
                *Control.model_validate(item.control).co_executors,
            )
        }
        superseded = [item.supersedes for item in items if item.supersedes]
        return cls(
            await directory.region_names(session),
            await directory.cluster_names(session, sorted(named), at=at),
            await item_repository.numbers_of(session, superseded),
        )

    def decision(self, one: Concerned, label: str, extract: Extract | None) -> Decision:
        item = one.item
        addressees = Addressees.model_validate(item.addressees)
        control = Control.model_validate(item.control)
        responsible = addressees_in_words(addressees, self._regions, self._clusters)
        if extract is not None:
            responsible = "; ".join(
                cluster.name or str(cluster.cluster_id) for cluster in one.clusters
            )
            if addressees.kind is AddresseeKind.AUTHORITY:
                responsible = f"орган исполнительной власти: {extract.name}"
        notes = []
        if control.co_executors:
            names = (self._clusters.get(one) or f"кластер {one}" for one in control.co_executors)
            notes.append(f"Соисполнители: {', '.join(names)}.")
        if control.evidence in _EVIDENCE:
            notes.append(f"К отчёту нужно подтверждение: {_EVIDENCE[control.evidence]}.")
        if control.form:
            notes.append(f"В отчёте указать: {'; '.join(field.title for field in control.form)}.")
        if item.closes_on is not None:
            notes.append("Снимается с контроля при назначении регионального координатора.")
        if item.supersedes is not None:
            notes.append(f"Взамен пункта {self._superseded[item.supersedes]}.")
        return Decision(
            label=label,
            text=item.text,
            responsible=responsible,
            due=due_in_words(item.due_on, control),
            points=control.points,
            notes=tuple(notes),
        )
