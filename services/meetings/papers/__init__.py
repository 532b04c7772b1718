"""A protocol, an addendum or an extract as a document: PDF and DOCX of the same content.

The PDF is set by typst from plain data, with the fonts it carries itself and no date of its own;
the DOCX is packed anew with one fixed date: the same content has the same bytes on any machine.
"""

from services.meetings.papers.content import Decision, Paper, Question, Signature
from services.meetings.papers.office import as_docx
from services.meetings.papers.print import as_pdf

__all__ = ["Decision", "Paper", "Question", "Signature", "as_docx", "as_pdf"]
