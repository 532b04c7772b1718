"""The numbers of the score's methodology; a version of them is a document, adopted by an act."""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Final

from shared.errors import Conflict

WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Methodology:
    """The numbers of a methodology; basis points unless a name says days or a count."""

    code: str = "РЭРУ-1"
    version: int = 1
    effective_from: date = date(2023, 10, 1)
    grace_days: int = 3
    late_first: int = 6000
    late_step: int = 400
    late_floor: int = 1000
    return_step: int = 1000
    return_floor: int = 7000
    free_extensions: int = 1
    extension_step: int = 500
    extension_floor: int = 8500
    kappa: int = 3
    initial_mu: int = 8000
    green_from: int = 9000
    yellow_from: int = 7500
    least_for_place: int = 3


RERU_1: Final = Methodology()
# What names a methodology; every other field is one of its numbers.
NAMES: Final = frozenset({"code", "version", "effective_from"})
NUMBERS: Final = tuple(one.name for one in fields(Methodology) if one.name not in NAMES)


class Stage(StrEnum):
    """How far a methodology's document has come."""

    DRAFT = "draft"
    SHADOW = "shadow"
    ACTIVE = "active"
    RETIRED = "retired"
    DISCARDED = "discarded"


class Act(StrEnum):
    """What is done to a methodology's document; each is recorded with who and when."""

    CREATE = "create"
    CHANGE = "change"
    SHADOW = "shadow"
    ACTIVATE = "activate"
    RETIRE = "retire"
    DISCARD = "discard"


STAGES: Final = {
    (Stage.DRAFT, Act.CHANGE): Stage.DRAFT,
    (Stage.DRAFT, Act.SHADOW): Stage.SHADOW,
    (Stage.DRAFT, Act.DISCARD): Stage.DISCARDED,
    (Stage.SHADOW, Act.ACTIVATE): Stage.ACTIVE,
    (Stage.SHADOW, Act.DISCARD): Stage.DISCARDED,
    (Stage.ACTIVE, Act.RETIRE): Stage.RETIRED,
}
_WORDS: Final = {
    Stage.DRAFT: "черновик",
    Stage.SHADOW: "в теневом расчёте",
    Stage.ACTIVE: "действует",
    Stage.RETIRED: "выведена из действия",
    Stage.DISCARDED: "отклонена",
}


class ActNotAllowed(Conflict):
    """The methodology's stage does not permit the act."""

    code = "methodology_stage"
    title = "Состояние методики этого не допускает"


def next_stage(stage: Stage, act: Act) -> Stage:
    """Where the act leads. Raises `ActNotAllowed`."""
    found = STAGES.get((stage, act))
    if found is None:
        allowed = sorted(one.value for at, one in STAGES if at is stage and one is not Act.RETIRE)
        rest = f"можно: {', '.join(allowed)}" if allowed else "больше её не меняют"
        raise ActNotAllowed(f"Методика {_WORDS[stage]}: {act} невозможно, {rest}.")
    return found
