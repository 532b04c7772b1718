"""How an instruction asks to be controlled: what meetings and assignments take from people alike.

The same as `shared.events.meetings.Control`, with the limits of what a person may write.
"""

from datetime import date
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from shared.recurrence import MAX_RULE, RuleInvalid, next_date
from shared.text import Code, Line, Text, clean_line, unfit

_SOME_DAY: Final = date(2023, 1, 1)
Subject = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@:-]{1,128}$", examples=["ivanova"])]


class FormField(BaseModel):
    """A field the report answers."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    code: Code = Field(examples=["workshops"])
    title: Line = Field(examples=["Введено мастерских"])
    kind: Literal["text", "integer", "number", "boolean", "date"] = Field(examples=["integer"])
    required: bool = Field(default=True, strict=True)


class ControlWrite(BaseModel):
    """How the execution is controlled; the defaults are the usual way."""

    model_config = ConfigDict(extra="forbid")

    term: Literal["urgent", "prompt", "monthly"] | None = Field(
        default=None, description="Вместо даты: срочно, оперативно, ежемесячно до N числа"
    )
    monthly_day: int | None = Field(default=None, strict=True, ge=1, le=31)
    rule: (
        Annotated[str, StringConstraints(max_length=MAX_RULE), AfterValidator(clean_line)] | None
    ) = Field(default=None, examples=["FREQ=MONTHLY;BYMONTHDAY=5"])
    points: list[Text] = Field(default_factory=list, max_length=100)
    form: list[FormField] = Field(default_factory=list, max_length=50)
    evidence: Literal["any", "file", "link"] = Field(
        default="any", description="Какое подтверждение нужно к отчёту"
    )
    controller: Subject | None = Field(default=None, description="Кто контролирует (sub токена)")
    controller_deputy: Subject | None = None
    co_executors: list[UUID] = Field(default_factory=list, max_length=100)

    @field_validator("rule")
    @classmethod
    def _repeating(cls, rule: str | None) -> str | None:
        if rule is not None:
            try:
                found = next_date(rule, starts_on=_SOME_DAY, after=_SOME_DAY)
            except RuleInvalid as error:
                raise unfit(str(error)) from error
            if found is None:
                raise unfit("По этому правилу нет ни одной даты")
        return rule

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.term == "monthly") != (self.monthly_day is not None):
            raise unfit("Число месяца указывают вместе с term=monthly")
        if self.term is not None and self.rule is not None:
            raise unfit("Либо term, либо rule")
        if len({field.code for field in self.form}) != len(self.form):
            raise unfit("У двух полей один код")
        return self
