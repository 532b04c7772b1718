"""The centre's calendar: which day it is, and that days come in order."""

from datetime import date, datetime

from services.directory.domain.appointments import DatesReversed
from shared.clock import MOSCOW


def today(now: datetime) -> date:
    """The day in Moscow, where the centre keeps the directory."""
    return now.astimezone(MOSCOW).date()


def check_order(valid_from: date, valid_to: date | None) -> None:
    """Raises `DatesReversed`."""
    if valid_to is not None and valid_to < valid_from:
        raise DatesReversed(
            f"Последний день раньше первого ({valid_from:%d.%m.%Y}).", field="body.valid_to"
        )


def said(valid_from: date, valid_to: date | None) -> str:
    """`с 15.09.2023 по 15.10.2023` or `с 15.09.2023 бессрочно`."""
    until = f"по {valid_to:%d.%m.%Y}" if valid_to else "бессрочно"
    return f"с {valid_from:%d.%m.%Y} {until}"
