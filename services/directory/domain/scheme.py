"""The scheme of management as its source draws it: levels, functions, roles, two axes. Verbatim."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Axis(StrEnum):
    """The two ways down to a cluster."""

    REGIONAL_MANAGEMENT = "regional_management"
    SECTORAL_SUPPORT = "sectoral_support"


class RoleCode(StrEnum):
    """A place in the scheme."""

    MINISTRY = "ministry"
    OPERATOR = "operator"
    SUPERVISORY_BOARD = "supervisory_board"
    AUTHORITY = "authority"
    MANAGING_COMPANY = "managing_company"
    ASSOCIATION = "association"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Place:
    """A role, in the source's words."""

    code: RoleCode
    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """What some roles do together; the strategic level has one without a name."""

    code: str
    name: str | None
    axis: Axis | None
    roles: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class SchemeLevel:
    """A level of management with its functions."""

    code: str
    name: str
    functions: tuple[Function, ...]


PRINCIPLE: Final = (
    "Модель сочетает региональное управление федеральным проектом и отраслевое сопровождение"
    " кластеров"
)
AXES: Final[dict[Axis, str]] = {
    Axis.REGIONAL_MANAGEMENT: "Региональное управление федеральным проектом",
    Axis.SECTORAL_SUPPORT: "Отраслевое сопровождение кластеров",
}
LEVELS: Final = (
    SchemeLevel(
        "strategic",
        "Стратегическое управление",
        (
            Function(
                "strategic_management",
                None,
                None,
                (
                    Place(RoleCode.MINISTRY, "Минпросвещения России"),
                    Place(RoleCode.OPERATOR, "Федеральные операторы"),
                ),
            ),
        ),
    ),
    SchemeLevel(
        "tactical_operational",
        "Тактическое и оперативное управление",
        (
            Function(
                "regional_management",
                "Управление реализацией федпроекта в регионе",
                Axis.REGIONAL_MANAGEMENT,
                (
                    Place(RoleCode.SUPERVISORY_BOARD, "Региональный наблюдательный совет"),
                    Place(RoleCode.AUTHORITY, "Региональный орган исполнительной власти"),
                ),
            ),
            Function(
                "cluster_management",
                "Оперативное управление кластером",
                Axis.REGIONAL_MANAGEMENT,
                (Place(RoleCode.MANAGING_COMPANY, "Управляющие компании"),),
            ),
            Function(
                "sectoral_support",
                "Отраслевое сопровождение кластеров",
                Axis.SECTORAL_SUPPORT,
                (Place(RoleCode.ASSOCIATION, "Отраслевые ассоциации кластеров"),),
            ),
        ),
    ),
)
# Both axes end at them.
GROUND: Final = Place(RoleCode.CLUSTER, "Кластеры")
