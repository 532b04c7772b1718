"""The document as a DOCX, for those who go on working with its text."""

import io
import zipfile
from datetime import datetime
from typing import Any, Final

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from services.meetings.papers.content import Decision, Paper, Question
from shared.spreadsheets import clean

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_FONT: Final = "Times New Roman"
_SOFT: Final = RGBColor(0x55, 0x60, 0x6B)
# What ZIP and the properties say instead of the moment of making.
_ALWAYS: Final = (1980, 1, 1, 0, 0, 0)


def as_docx(paper: Paper) -> bytes:
    """The document as a DOCX; the same paper gives the same bytes."""
    document = Document()
    _dress(document, paper)
    _head(document, paper)
    if paper.agenda:
        _line(document, "ПОВЕСТКА ДНЯ", bold=True, center=True, before=10)
        for one in paper.agenda:
            _line(document, f"{one.number}. {one.text}")
            if one.presenter:
                _line(document, f"Докладчик: {one.presenter}", soft=True, left=9)
    for one in paper.decided:
        _question(document, one)
    _tail(document, paper)
    made = io.BytesIO()
    document.save(made)
    return _packed_anew(made.getvalue())


def _dress(document: Any, paper: Paper) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.top_margin = section.bottom_margin = Mm(20)
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(12)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    style.paragraph_format.space_after = Pt(4)
    foot = section.footer.paragraphs[0]
    words = "Проект: не утверждён, номера и хеша нет"
    if paper.number is not None:
        words = f"№ {paper.number} · SHA-256 содержания: {paper.content_hash}"
    run = foot.add_run(words)
    run.font.size, run.font.color.rgb = Pt(7.5), _SOFT
    properties = document.core_properties
    properties.title = f"{paper.title} {paper.number or ''}".strip()
    properties.author = "ЦУР ФП «Профессионалитет»"
    properties.comments = ""
    moment = datetime(*_ALWAYS)  # noqa: DTZ001 - python-docx takes no other
    properties.created = properties.modified = moment


def _head(document: Any, paper: Paper) -> None:
    _line(document, "ЦЕНТР УПРАВЛЕНИЯ И РАЗВИТИЯ", bold=True, center=True, after=0)
    _line(document, "федерального проекта «Профессионалитет»", center=True)
    _line(document, paper.title, bold=True, center=True, size=15, before=10, after=0)
    if paper.corrects:
        _line(document, f"к протоколу № {paper.corrects}", center=True)
    _line(document, paper.meeting, center=True)
    number = f"№ {paper.number}" if paper.number else "№ ______ (проект)"
    table = document.add_table(rows=1, cols=3)
    for cell, words, place in zip(
        table.rows[0].cells,
        (paper.dated, "Москва", number),
        (WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT),
        strict=True,
    ):
        cell.paragraphs[0].text = words
        cell.paragraphs[0].alignment = place
    held = f"Совещание: {paper.held}" + (f", {paper.place}" if paper.place else "")
    _line(document, held, soft=True, before=4)
    if paper.addressee:
        _labelled(document, "Выписка для", paper.addressee)
    if paper.chair:
        _labelled(document, "Председательствовал", paper.chair)
    if paper.secretary:
        _labelled(document, "Секретарь", paper.secretary)
    present = "; ".join(paper.present)
    if not present:
        present = "представители регионов и кластеров, по списку участников совещания"
    _labelled(document, "Присутствовали", present)


def _question(document: Any, one: Question) -> None:
    if one.text is not None:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_before = Pt(8)
        paragraph.paragraph_format.keep_with_next = True
        paragraph.add_run(f"{one.number}. СЛУШАЛИ: ").bold = True
        heard = f"{one.presenter} — {one.text}" if one.presenter else one.text
        paragraph.add_run(clean(heard))
    decided = "РЕШИЛИ:" if one.text is not None else f"{one.number}. РЕШИЛИ:"
    _line(document, decided, bold=True).paragraph_format.keep_with_next = True
    for item in one.decisions:
        _decision(document, item)


def _decision(document: Any, item: Decision) -> None:
    _line(document, f"{item.label}. {item.text}", justify=True)
    if item.points:
        points = "; ".join(f"{number}) {text}" for number, text in enumerate(item.points, 1))
        _line(document, f"Представить: {points}.", left=9)
    _labelled(document, "Ответственный", f"{item.responsible}.", left=9)
    _labelled(document, "Срок", f"{item.due}.", left=9)
    for note in item.notes:
        _line(document, note, soft=True, left=9)


def _tail(document: Any, paper: Paper) -> None:
    for who, name in (("Председательствующий", paper.chair), ("Секретарь", paper.secretary)):
        _line(document, f"{who} ____________________ {name or ''}".rstrip(), before=14)
    if paper.agreed:
        _line(document, "Согласовано в системе:", bold=True, before=10)
        for one in paper.agreed:
            _line(document, f"{one.who} — {one.on}")


def _labelled(document: Any, label: str, words: str, *, left: float = 0) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.left_indent = Mm(left)
    paragraph.add_run(f"{label}: ").bold = True
    paragraph.add_run(clean(words))


def _line(
    document: Any,
    words: str,
    *,
    bold: bool = False,
    center: bool = False,
    justify: bool = False,
    soft: bool = False,
    size: float | None = None,
    before: float = 0,
    after: float | None = None,
    left: float = 0,
) -> Any:
    paragraph = document.add_paragraph()
    run = paragraph.add_run(clean(words))
    run.bold = bold
    if size is not None:
        run.font.size = Pt(size)
    if soft:
        run.font.color.rgb, run.font.size = _SOFT, Pt(10.5)
    if center:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if justify:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    shape = paragraph.paragraph_format
    shape.space_before, shape.left_indent = Pt(before), Mm(left)
    if after is not None:
        shape.space_after = Pt(after)
    return paragraph


def _packed_anew(made: bytes) -> bytes:
    """The same parts in the same order, without the moment at which they were packed."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(made)) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=_ALWAYS)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return packed.getvalue()
