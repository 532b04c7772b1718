"""Everything a document of a protocol says, in words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """An item: «1.2», what is to be done, by whom, by when, and what else is asked for."""

    label: str
    text: str
    responsible: str
    due: str
    points: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the agenda and what was decided about it."""

    number: int
    text: str | None
    presenter: str | None
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who agreed, and when."""

    who: str
    on: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A protocol, an addendum to one or an extract from one."""

    # «ПРОТОКОЛ», «ДОПОЛНЕНИЕ К ПРОТОКОЛУ», «ВЫПИСКА ИЗ ПРОТОКОЛА».
    title: str
    # A draft has no number.
    number: str | None
    dated: str
    meeting: str
    held: str
    place: str | None
    chair: str | None
    secretary: str | None
    present: tuple[str, ...]
    agenda: tuple[Question, ...]
    decided: tuple[Question, ...]
    agreed: tuple[Signature, ...]
    # Whom an extract is for; what an addendum corrects.
    addressee: str | None
    corrects: str | None
    content_hash: str | None
