"""Files as clients see them."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.assignments.domain.executions import Party


class FileRead(BaseModel):
    """A file of an execution; its content is at `/v1/files/{id}/content`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    execution_id: UUID
    name: str = Field(max_length=300, examples=["Акт ввода.pdf"])
    media_type: str = Field(max_length=200, examples=["application/pdf"])
    size: int
    sha256: str = Field(max_length=64)
    party: Party
    uploaded_at: AwareDatetime
    used: bool = Field(description="Приложен к отчёту: удалить нельзя")


class FileList(BaseModel):
    """The files of an execution, in the order they came."""

    items: list[FileRead] = Field(max_length=10_000)
