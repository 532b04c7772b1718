"""A cyclogram as a table."""

from collections.abc import Mapping
from typing import Final

from services.meetings.domain.agendas import AgendaKind
from services.meetings.domain.cyclograms import CheckpointKind
from shared.spreadsheets import Column, Shape, Sheet

KINDS: Final[Mapping[CheckpointKind, str]] = {
    CheckpointKind.MILESTONE: "веха",
    CheckpointKind.REPORT: "отчёт",
    CheckpointKind.EVENT: "событие",
    CheckpointKind.TRAINING: "обучение",
}
_SECTIONS: Final[Mapping[AgendaKind, str]] = {
    AgendaKind.OPERATIONAL: "оперативные задачи",
    AgendaKind.CROSS_CUTTING: "сквозные процессы",
}
CYCLOGRAM: Final = Sheet(
    "Циклограмма",
    (
        Column("Дата", Shape.DATE, 12, lambda one: one.on),
        Column("Контрольная точка", Shape.TEXT, 52, lambda one: one.checkpoint.title),
        Column("Вид", Shape.TEXT, 10, lambda one: KINDS[one.checkpoint.kind]),
        Column("Владелец", Shape.TEXT, 28, lambda one: one.checkpoint.owner),
        Column(
            "Раздел повестки",
            Shape.TEXT,
            20,
            lambda one: _SECTIONS.get(one.checkpoint.section, one.checkpoint.section.value),
        ),
        Column("По счёту", Shape.DATE, 12, lambda one: one.nominal),
        Column("Назначена вручную", Shape.TEXT, 18, lambda one: "да" if one.by_hand else "нет"),
        Column(
            "Проект поручения",
            Shape.TEXT,
            60,
            lambda one: one.checkpoint.draft.text if one.checkpoint.draft else None,
        ),
        Column("Код", Shape.TEXT, 22, lambda one: one.checkpoint.code),
    ),
)
