"""The control policy: the numbers behind deadlines, inboxes and reminders, as versioned data.

SPEC §5 and §6 give the first version; a later one takes effect on a date and changes nothing
that was issued under an earlier one.
"""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.text import unfit
from shared.wall_time import WallTime

Days = Annotated[int, Field(strict=True, ge=0, le=365)]


class NonWorking(StrEnum):
    """Where a deadline on a non-working day goes."""

    PRECEDING = "preceding"
    FOLLOWING = "following"
    STAY = "stay"


class Recipient(StrEnum):
    """Whom a reminder is for."""

    COORDINATOR = "coordinator"
    ADDRESSEE = "addressee"
    AUTHORITY_HEAD = "authority_head"


class Moment(StrEnum):
    """What a rung of the ladder counts from."""

    ISSUED = "issued"
    UNACKNOWLEDGED = "unacknowledged"
    HALF_TERM = "half_term"
    BEFORE_DUE = "before_due"
    AFTER_DUE = "after_due"


class Rung(BaseModel):
    """One step of the ladder: `working_days` after the moment (before it for `before_due`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    moment: Moment
    working_days: Days = 0
    to: tuple[Recipient, ...] = Field(min_length=1, max_length=3)


class Policy(BaseModel):
    """One version of the control policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urgent_days: Days = Field(3, description="«Срочно»: календарных дней с подписания")
    prompt_days: Days = Field(10, description="«Оперативно»: календарных дней с подписания")
    default_months: int = Field(
        1, strict=True, ge=1, le=12, description="Без срока: месяцев с подписания"
    )
    non_working: NonWorking = Field(
        NonWorking.PRECEDING, description="Куда переходит срок с нерабочего дня"
    )
    acknowledge_working_days: Days = Field(1, description="Принять к сведению: рабочих дней")
    rework_working_days: Days = Field(3, description="Доработать после возврата: рабочих дней")
    review_working_days: Days = Field(3, description="Рассмотреть отчёт: рабочих дней")
    co_executor_percent: int = Field(
        50,
        strict=True,
        ge=1,
        le=100,
        description="Внутренний срок соисполнителя, доля общего срока",
    )
    due_soon_days: Days = Field(3, description="«Скоро срок»: рабочих дней до него")
    send_at: WallTime = Field(time(9), description="Когда слать напоминания, по времени региона")
    digest_weekday: int = Field(
        2, strict=True, ge=1, le=7, description="День сводки: 1 — понедельник"
    )
    reminders: tuple[Rung, ...] = Field(max_length=30)
    kind: Literal["control"] = "control"

    @model_validator(mode="after")
    def _codes_differ(self) -> Self:
        codes = [rung.code for rung in self.reminders]
        if len(set(codes)) != len(codes):
            raise unfit("У двух ступеней один код")
        return self


_C, _A, _H = Recipient.COORDINATOR, Recipient.ADDRESSEE, Recipient.AUTHORITY_HEAD

FIRST: Final = Policy(
    reminders=(
        Rung(code="issued", moment=Moment.ISSUED, to=(_C, _A)),
        Rung(code="unacknowledged", moment=Moment.UNACKNOWLEDGED, working_days=1, to=(_C,)),
        Rung(code="half_term", moment=Moment.HALF_TERM, to=(_C, _A)),
        Rung(code="three_days", moment=Moment.BEFORE_DUE, working_days=3, to=(_C, _A)),
        Rung(code="due_day", moment=Moment.BEFORE_DUE, working_days=0, to=(_C, _A)),
        Rung(code="overdue", moment=Moment.AFTER_DUE, working_days=1, to=(_C,)),
        Rung(code="escalation", moment=Moment.AFTER_DUE, working_days=3, to=(_H,)),
    )
)
FIRST_FROM: Final = date(2022, 1, 1)
