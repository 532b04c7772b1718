"""Which days a coordinator may be announced to be away on."""

from datetime import date, timedelta
from typing import Final

from shared.errors import Conflict, Invalid

# Who is away for longer is replaced by another coordinator.
LONGEST_DAYS: Final = 366
AHEAD_DAYS: Final = 366


class AbsenceOver(Conflict):
    """The absence has been ended already."""

    code = "absence_over"
    title = "Отсутствие уже прекращено"


class AbsenceOverlaps(Conflict):
    """On some of these days the region's coordinator has been announced to be away."""

    code = "absence_overlaps"
    title = "На эти дни отсутствие уже объявлено"


class DaysReversed(Invalid):
    """The last day lies before the first."""

    code = "days_reversed"
    title = "Последний день раньше первого"


class AbsencePast(Invalid):
    """All of the days are over."""

    code = "absence_past"
    title = "Эти дни уже прошли"


class AbsenceTooLong(Invalid):
    """The days are more than an absence has."""

    code = "absence_too_long"
    title = "Слишком долгое отсутствие"


class AbsenceTooFar(Invalid):
    """The first of the days is too far ahead."""

    code = "absence_too_far"
    title = "Отсутствие начинается слишком нескоро"


def check_days(away_from: date, away_to: date, *, today: date) -> None:
    """Whether these days (inclusive) may be announced on this day of the region.

    Raises `DaysReversed`, `AbsencePast`, `AbsenceTooLong`, `AbsenceTooFar`.
    """
    if away_to < away_from:
        raise DaysReversed("Последний день отсутствия раньше первого.", field="body.away_to")
    if away_to < today:
        raise AbsencePast(
            f"Последний день отсутствия уже прошёл: сегодня {today:%d.%m.%Y}.", field="body.away_to"
        )
    if (away_to - away_from).days >= LONGEST_DAYS:
        raise AbsenceTooLong(
            f"Отсутствие длится не больше {LONGEST_DAYS} дней.", field="body.away_to"
        )
    if away_from > today + timedelta(days=AHEAD_DAYS):
        raise AbsenceTooFar(
            f"Об отсутствии сообщают не больше чем за {AHEAD_DAYS} дней.", field="body.away_from"
        )
