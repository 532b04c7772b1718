"""The readable history of an execution as clients see it."""

from pydantic import AwareDatetime, BaseModel, Field

from services.assignments.domain.executions import Party


class TimelineParty(BaseModel):
    """Who did it. A person's `subject` is shown to ЦУР and the auditor only."""

    party: Party
    name: str = Field(max_length=100, examples=["Координатор региона"])
    deputy: bool = Field(description="Действовал заместитель координатора")
    subject: str | None = Field(max_length=300)


class TimelineEntry(BaseModel):
    """One thing that happened."""

    at: AwareDatetime
    kind: str = Field(max_length=64, examples=["redate"])
    title: str = Field(
        max_length=500, examples=["Контролёр ЦУР перенёс срок с 20.10.2023 на 03.11.2023."]
    )
    text: str | None = Field(
        max_length=10_000, examples=["Перенос по решению проектного комитета."]
    )
    evidence: list[str] = Field(max_length=20, description="Названия подтверждений")
    notes: list[str] = Field(max_length=50, description="Поля отчёта")
    by: TimelineParty


class Timeline(BaseModel):
    """All that happened to an execution, oldest first."""

    items: list[TimelineEntry] = Field(max_length=20_000)
