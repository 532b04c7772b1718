"""The annual report as files for people: a PDF set by typst, and a DOCX to work on."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import typst
from docx import Document
from docx.document import Document as Docx

TEMPLATES: Final = Path(__file__).parent / "templates"
# What XML 1.0 cannot hold; a tab and a line feed it can.
_NOT_XML: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ACTIVITIES: Final = {
    "session": "заседание",
    "in_person_session": "очное заседание",
    "strategic_session": "стратегическая сессия",
    "event": "мероприятие",
    "project": "проект",
}
_PRACTICES: Final = {
    "nominated": "номинирована",
    "reviewed": "рассмотрена",
    "selected": "отобрана",
    "replicated": "тиражируется",
    "declined": "отклонена",
}
_MENTORSHIPS: Final = {
    "agreed": "идёт",
    "completed": "итог назван",
    "confirmed": "итог подтверждён",
}
_STATES: Final = {
    "upcoming": "предстоит",
    "open": "в работе",
    "at_risk": "под угрозой",
    "late": "просрочена",
    "done": "выполнена",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: a heading, sentences, and a table where there is something to list."""

    heading: str
    lines: Sequence[str]
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """The report in words; a draft says so, an approved one carries its hash."""

    title: str
    subtitle: str
    sections: Sequence[Section]
    content_hash: str | None


def _day(text: str | None) -> str:
    return f"{date.fromisoformat(text):%d.%m.%Y}" if text else "—"


def _points(hundredths: int | None) -> str:
    if hundredths is None:
        return "—"
    return f"{hundredths // 100},{hundredths % 100:02}"


def text_of(content: Mapping[str, Any], content_hash: str | None) -> Text:
    """The content in words."""
    membership, reach, curators = content["membership"], content["reach"], content["curators"]
    return Text(
        title=f"Отчёт о результатах деятельности за {content['year']} год",
        subtitle=content["name"],
        content_hash=content_hash,
        sections=[
            Section(
                "Дорожная карта",
                [],
                ("Веха", "Срок", "Состояние", "Выполнена"),
                [
                    (one["title"], _day(one["due_on"]), _STATES[one["state"]], _day(one["done_on"]))
                    for one in content["milestones"]
                ],
            ),
            Section(
                "Состав",
                [
                    f"На начало года кластеров: {membership['at_start']}; "
                    f"на {_day(content['as_of'])}: {membership['at_end']}. "
                    f"Вступило: {len(membership['joined'])}, вышло: {len(membership['left'])}.",
                    f"Кураторы есть у {curators['with_curator']} из {curators['clusters']} "
                    "действующих кластеров отрасли.",
                ],
                ("Вступивший кластер", "Регион", "Год отбора", "С какого дня"),
                [
                    (f"{one['cluster']} {one['name']}", one["region"], str(one["cohort"]),
                     _day(one["on"]))
                    for one in membership["joined"]
                ],
            ),
            Section("Направления работы", content["directions"]),
            Section(
                "Рабочие группы",
                [
                    f"{group['name']}, к вехе «{one['milestone']}»: {one['summary']}"
                    for group in content["groups"]
                    for one in group["reports"]
                ],
                ("Группа", "Направление", "Участников", "Срок"),
                [
                    (one["name"], one["direction"] or "—", str(one["members"]),
                     f"{_day(one['valid_from'])} – {_day(one['valid_to'])}")
                    for one in content["groups"]
                ],
            ),
            Section(
                "Мероприятия и проекты",
                [f"Участников: {reach['participants']}, охват: {reach['audience']}."],
                ("Что", "Название", "Когда", "Участников", "Охват"),
                [
                    (_ACTIVITIES[one["kind"]], one["title"],
                     f"{_day(one['starts_on'])} – {_day(one['ends_on'])}",
                     str(one["participants"]), str(one["audience"]))
                    for one in content["activities"]
                ],
            ),
            Section(
                "Практики",
                [],
                ("Практика", "Кластер", "Состояние", "Оценка", "Переняли"),
                [
                    (one["title"], one["cluster"], _PRACTICES[one["status"]],
                     _points(one["mean_hundredths"]), str(one["replications"]))
                    for one in content["practices"]
                ],
            ),
            Section(
                "Наставничество",
                [],
                ("Кто", "Кому", "Тема", "Состояние", "Итог"),
                [
                    (one["from"], one["to"], one["topic"], _MENTORSHIPS[one["status"]],
                     one["outcome"] or "—")
                    for one in content["mentorships"]
                ],
            ),
            Section("Лидеры", [one["basis"] for one in content["leaders"]]),
        ],
    )  # fmt: skip


def pdf(text: Text) -> bytes:
    """Set with typst's own fonts and no date of its own: the same text has the same bytes."""
    sections = [
        {
            "heading": one.heading,
            "lines": list(one.lines),
            "columns": list(one.columns) if one.rows else [],
            "cells": [cell for row in one.rows for cell in row],
        }
        for one in text.sections
    ]
    plain = {
        "title": text.title,
        "subtitle": text.subtitle,
        "hash": text.content_hash,
        "sections": sections,
    }
    found = typst.compile(
        str(TEMPLATES / "annual_report.typ"),
        root=str(TEMPLATES),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"report": json.dumps(plain, ensure_ascii=False)},
    )
    assert isinstance(found, bytes), "one document is asked for"
    return found


def docx(text: Text) -> bytes:
    """The same text for a word processor."""
    document = Document()
    document.core_properties.title = text.title
    document.core_properties.author = text.subtitle
    document.add_heading(text.title, level=0)
    document.add_paragraph(text.subtitle)
    if text.content_hash is None:
        document.add_paragraph("Проект, не утверждён")
    for section in text.sections:
        _add(document, section)
    if text.content_hash is not None:
        document.add_paragraph(f"Утверждён. SHA-256 содержания: {text.content_hash}")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _add(document: Docx, section: Section) -> None:
    document.add_heading(section.heading, level=1)
    for line in section.lines:
        document.add_paragraph(_xml(line))
    if not section.lines and not section.rows:
        document.add_paragraph("Нет.")
    if section.rows:
        table = document.add_table(rows=1, cols=len(section.columns))
        table.style = "Light Grid Accent 1"
        for cell, heading in zip(table.rows[0].cells, section.columns, strict=True):
            cell.text = heading
        for row in section.rows:
            for cell, value in zip(table.add_row().cells, row, strict=True):
                cell.text = _xml(value)
