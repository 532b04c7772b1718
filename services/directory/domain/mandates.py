"""What a person may be charged with in an association."""

from enum import StrEnum
from typing import Final


class MandateKind(StrEnum):
    """One chair of an association and one curator of a cluster at a time; of others, many."""

    CHAIR = "chair"
    RESPONSIBLE = "responsible"
    CURATOR = "curator"
    EXPERT = "expert"


MANDATE_NAMES: Final = {
    MandateKind.CHAIR: "председатель ассоциации",
    MandateKind.RESPONSIBLE: "ответственный за сопровождение кластеров",
    MandateKind.CURATOR: "куратор кластера",
    MandateKind.EXPERT: "эксперт",
}
